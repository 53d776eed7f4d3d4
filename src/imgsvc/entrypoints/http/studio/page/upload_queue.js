// Files on their way to the server, a few at a time, whichever page is shown; they end with the session, and with the tab.

import { upload } from "./api.js";
import { fill, h } from "./dom.js";
import { tell } from "./notices.js";
import * as session from "./session.js";
import { plural } from "./words.js";

const AT_ONCE = 3;

const tray = h("ul", { class: "uploads", "aria-label": "Uploads" });
document.body.append(tray);

const arrivals = new Set();
const line = [];
let busy = 0;
let come = 0;
let whileSignedIn = new AbortController();

/** Hear that files have come, until the signal. */
export function onArrival(listener, signal) {
  arrivals.add(listener);
  signal.addEventListener("abort", () => arrivals.delete(listener));
}

/** Upload these files after those that wait. */
export function take(files) {
  line.push(...[...files].map((file) => [file, row(file.name || "pasted picture")]));
  next();
}

function row(name) {
  const bar = h("progress", { max: "1", value: 0, "aria-label": name });
  const state = h("span", {}, "waits");
  const element = h("li", {}, h("strong", {}, name), bar, state);
  tray.append(element);
  return { element, bar, state };
}

function next() {
  while (busy < AT_ONCE && line.length) {
    busy += 1;
    one(...line.shift()).finally(() => {
      busy -= 1;
      next();
      if (!busy) finished();
    });
  }
}

async function one(file, { element, bar, state }) {
  state.textContent = "";
  try {
    const image = await upload(file, { signal: whileSignedIn.signal, progressed: (part) => (bar.value = part) });
    come += 1;
    element.remove();
    if (image.duplicate_of) tell(`${file.name} has the same bytes as an image that you had already.`);
  } catch (problem) {
    if (problem.name === "AbortError") return;
    bar.remove();
    element.classList.add("trouble");
    fill(state, problem.message);
    element.append(h("button", { type: "button", class: "plain", "aria-label": "Dismiss", onclick: () => element.remove() }, "✕"));
  }
}

function finished() {
  if (!come) return;
  tell(`${plural(come, "image")} uploaded.`);
  come = 0;
  for (const listener of arrivals) listener();
}

session.onChange(() => {
  if (session.isSignedIn()) return;
  line.length = 0;
  whileSignedIn.abort();
  whileSignedIn = new AbortController();
  fill(tray);
});

window.addEventListener("beforeunload", (event) => busy && event.preventDefault());
