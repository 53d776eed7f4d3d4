// A crop, drawn on the picture as it is before that step.

import { send } from "../api.js";
import { dialog, h } from "../dom.js";
import { complain } from "../notices.js";
import { contentPath, fetched } from "../pictures.js";
import { size } from "../words.js";

const SEEN_AT = { op: "resize", width: 1200, height: 800, fit: "inside" };

/** Ask for a box by a dialog; ``drawn`` is given its x, y, width and height, in pixels of that picture. */
export async function drawCrop(imageId, steps, drawn) {
  const left = new AbortController();
  try {
    const spec = { steps: [...steps, SEEN_AT], output: { format: "webp" } };
    const [full, seen] = await Promise.all([steps, spec.steps].map((these) => send("POST", `v1/images/${imageId}/plan`, { steps: these, output: spec.output })));
    const picture = await fetched(contentPath(imageId, seen.compact), { signal: left.signal });
    const box = dialog("Draw the crop", (close) => surface(picture, full.sizes.at(-1), (found) => (drawn(found), close())));
    box.classList.add("wide");
    box.addEventListener("close", () => (left.abort(), picture.revoke()));
  } catch (problem) {
    complain(problem);
  }
}

function surface(picture, whole, done) {
  const shown = h("img", { src: picture.address, alt: "The picture before this step", draggable: "false" });
  const frame = h("div", { class: "frame", hidden: true });
  const told = h("p", { class: "told", role: "status" }, "Drag over what shall stay.");
  const use = h("button", { type: "button", class: "primary", disabled: true, onclick: () => done(found) }, "Use it");
  const pane = h("div", { class: "pane" }, shown, frame);
  let from = null;
  let found = null;

  const at = (event) => {
    const around = shown.getBoundingClientRect();
    const share = (value, begin, length) => Math.min(1, Math.max(0, (value - begin) / length));
    return { x: share(event.clientX, around.left, around.width), y: share(event.clientY, around.top, around.height) };
  };

  pane.addEventListener("pointerdown", (event) => {
    pane.setPointerCapture(event.pointerId);
    from = at(event);
  });
  pane.addEventListener("pointerup", () => (from = null));
  pane.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = at(event);
    const [left, right] = [from.x, to.x].sort((a, b) => a - b);
    const [top, bottom] = [from.y, to.y].sort((a, b) => a - b);
    const x = Math.round(left * whole.width);
    const y = Math.round(top * whole.height);
    found = { x, y, width: Math.max(1, Math.round(right * whole.width) - x), height: Math.max(1, Math.round(bottom * whole.height) - y) };
    Object.assign(frame.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` });
    frame.hidden = false;
    use.disabled = false;
    told.textContent = `${size(found.width, found.height)} from ${found.x}, ${found.y}, of ${size(whole.width, whole.height)}`;
  });
  return [pane, told, h("div", { class: "actions" }, use)];
}
