// node ipx.mjs MODULES PICTURES: ipx over a folder of pictures; prints its address.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [modules, pictures] = process.argv.slice(2);
const entry = createRequire(`${modules}/`).resolve("ipx");
const { createIPX, createIPXNodeServer, ipxFSStorage } = await import(pathToFileURL(entry));
const ipx = createIPX({ storage: ipxFSStorage({ dir: pictures }) });
const server = createServer(createIPXNodeServer(ipx));
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
