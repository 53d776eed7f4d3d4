// Controls for the values of a step or of the output. Each is given a field of the grammar, the value that it has, and
// whom to tell of another one; undefined stands for what is left to the server.

import { address, get } from "../api.js";
import { dialog, field, fill, h } from "../dom.js";
import { complain } from "../notices.js";
import { thumbnail } from "../pictures.js";

const SLIDABLE = 1000; // a wider range is too coarse for a slider

/** The control with its name and meaning. */
export function control(one, value, changed) {
  const [input, ...beside] = [KINDS[one.control](one, value, changed)].flat();
  const element = field(one.title, input, one.meaning);
  if (beside.length) input.after(...beside);
  element.dataset.name = one.name;
  element.classList.add(one.control);
  return element;
}

const KINDS = { switch: toggle, color, image, gravity, number, measure, choice, text };

function toggle(one, value, changed) {
  const input = h("input", { type: "checkbox", checked: value ?? one.default ?? false });
  input.addEventListener("change", () => changed(input.checked === (one.default ?? false) && !one.required ? undefined : input.checked));
  return input;
}

function text(one, value, changed) {
  const input = h("input", { type: "text", value: value ?? "", placeholder: one.default ?? "", required: one.required });
  input.addEventListener("input", () => changed(input.value || undefined));
  return input;
}

function choice(one, value, changed) {
  const input = h("select", {}, options(one, value));
  input.addEventListener("change", () => changed(input.value || undefined));
  return input;
}

function options(one, value) {
  const unset = one.default === undefined ? [h("option", { value: "" }, "default")] : [];
  return [...unset, ...one.words.map((word) => h("option", { value: word, selected: word === (value ?? one.default) }, word))];
}

function number(one, value, changed) {
  const bounds = { min: one.min, max: one.max, step: one.isWhole ? 1 : "any" };
  const input = h("input", { type: "number", value: value ?? "", placeholder: one.default ?? "", ...bounds });
  const tell = (text) => changed(text === "" ? undefined : Number(text));
  input.addEventListener("input", () => tell(input.value));
  if (one.max - one.min > SLIDABLE || one.max === undefined) return input;
  const step = one.isWhole ? 1 : (one.max - one.min) / 200;
  const slider = h("input", { type: "range", min: one.min, max: one.max, step, "aria-label": one.title });
  slider.value = value ?? one.default ?? one.min;
  input.addEventListener("input", () => (slider.value = input.value === "" ? (one.default ?? one.min) : input.value));
  slider.addEventListener("input", () => {
    input.value = Number(Number(slider.value).toFixed(3));
    tell(input.value);
  });
  return [input, slider];
}

/** Pixels, or a share like 50%, or one of a few words. */
function measure(one, value, changed) {
  const input = h("input", { type: "text", inputmode: "decimal", value: value ?? "", placeholder: one.default ?? (one.words.length ? one.words.join(", ") : "px or %") });
  input.addEventListener("input", () => {
    const given = input.value.trim();
    changed(given === "" ? undefined : Number.isFinite(Number(given)) ? Number(given) : given);
  });
  return input;
}

function color(one, value, changed) {
  const input = h("input", { type: "text", value: value ?? "", placeholder: one.default ?? (one.required ? "ff8800, or a name" : "none"), spellcheck: "false" });
  const well = h("input", { type: "color", "aria-label": `${one.title}, chosen by eye` });
  well.value = hex(value ?? one.default);
  input.addEventListener("input", () => ((well.value = hex(input.value || one.default)), changed(input.value.trim() || undefined)));
  well.addEventListener("input", () => ((input.value = well.value.slice(1)), changed(input.value)));
  return [input, well];
}

/** As the browser's own control wants it, black for what it cannot show. */
function hex(text = "") {
  const digits = text.replace(/^#/, "");
  if (/^[0-9a-f]{3,4}$/i.test(digits)) return `#${[...digits.slice(0, 3)].map((one) => one + one).join("")}`;
  return /^[0-9a-f]{6}([0-9a-f]{2})?$/i.test(digits) ? `#${digits.slice(0, 6)}` : "#000000";
}

/** A side or corner, what draws the eye, or a point, whose place is told in shares of the picture. */
function gravity(one, value, changed) {
  const isPoint = value?.startsWith("fp:") ?? false;
  const input = h("select", {}, options(one, isPoint ? undefined : value), h("option", { value: "point", selected: isPoint }, "a point"));
  const point = h("div", { class: "point", hidden: !isPoint });
  const [x, y] = isPoint ? value.split(":").slice(1) : [0.5, 0.5];
  const place = { x, y };
  const told = () => `fp:${place.x}:${place.y}`;
  for (const axis of ["x", "y"]) {
    const share = h("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `${axis} of the point` });
    share.value = place[axis];
    share.addEventListener("input", () => ((place[axis] = share.value), changed(told())));
    point.append(h("span", {}, axis), share);
  }
  input.addEventListener("change", () => {
    point.hidden = input.value !== "point";
    changed(input.value === "point" ? told() : input.value || undefined);
  });
  return [input, point];
}

/** One of the own images. */
function image(one, value, changed) {
  const input = h("input", { type: "text", value: value ?? "", placeholder: "an image's id", spellcheck: "false" });
  input.addEventListener("input", () => changed(input.value.trim() || undefined));
  const choose = h("button", { type: "button", class: "small" }, "Choose");
  choose.addEventListener("click", () => chooseImage((id) => ((input.value = id), changed(id))));
  return [input, choose];
}

function chooseImage(chosen) {
  const left = new AbortController();
  const box = dialog("Choose an image", (close) => {
    const grid = h("ul", { class: "grid small" });
    const search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search", autofocus: true });
    const pick = (id) => (chosen(id), close());
    const show = async () => {
      try {
        const page = await get(address("v1/images", { q: search.value, limit: 24 }), { signal: left.signal });
        fill(grid, page.items.map((one) => h("li", {}, h("button", { type: "button", onclick: () => pick(one.id) }, thumbnail(one, { side: 120, signal: left.signal }), h("small", {}, one.name)))));
      } catch (problem) {
        complain(problem);
      }
    };
    search.addEventListener("input", show);
    show();
    return [search, grid];
  });
  box.addEventListener("close", () => left.abort());
}
