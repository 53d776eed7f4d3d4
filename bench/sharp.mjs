// node sharp.mjs FOLDER PICTURE WIDTH HEIGHT FIT FORMAT OPTIONS SECONDS
// Renders with the sharp of FOLDER/node_modules, one at a time on one thread, nothing cached; prints JSON.
// OPTIONS are those of the format, as JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [folder, picture, width, height, fit, format, options, seconds] = process.argv.slice(2);
const sharp = createRequire(join(resolve(folder), 'from-here.cjs'))('sharp');
sharp.cache(false);
sharp.concurrency(1);

const source = readFileSync(picture);
const render = () => sharp(source).resize(+width, +height, { fit }).toFormat(format, JSON.parse(options)).toBuffer();

await render();
await render();
const began = performance.now();
const cpuBefore = process.cpuUsage();
let count = 0;
let bytes = 0;
while (performance.now() - began < seconds * 1000) {
  bytes = (await render()).length;
  count += 1;
}
const elapsed = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
const { sharp: version, vips } = sharp.versions;
console.log(JSON.stringify({ count, bytes, elapsed, cpu: (user + system) / 1e6, version, vips }));
