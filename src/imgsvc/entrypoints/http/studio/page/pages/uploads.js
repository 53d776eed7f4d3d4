// Files that come to a page: chosen, dropped anywhere, pasted, or by their address.

import { onceOnly, send, upload } from "../api.js";
import { dialog, field, fill, form, h } from "../dom.js";
import { tell } from "../notices.js";
import { plural } from "../words.js";

const AT_ONCE = 3;

/** The button that asks for files, and a list of those on their way; ``done`` is told when all have come. */
export function uploads({ signal, done }) {
  const progress = h("ul", { class: "uploads", "aria-label": "Uploads" });
  const chosen = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true });
  const line = [];
  let busy = 0;
  let come = 0;

  const take = (files) => {
    line.push(...[...files].map((file) => [file, row(file.name || "pasted picture")]));
    next();
  };

  function row(name) {
    const bar = h("progress", { max: "1", value: 0, "aria-label": name });
    const state = h("span", {}, "waits");
    const element = h("li", {}, h("strong", {}, name), bar, state);
    progress.append(element);
    return { element, bar, state };
  }

  function next() {
    while (busy < AT_ONCE && line.length) {
      busy += 1;
      const [file, shown] = line.shift();
      one(file, shown).finally(() => {
        busy -= 1;
        next();
        if (!busy && !line.length) finished();
      });
    }
  }

  async function one(file, { element, bar, state }) {
    state.textContent = "";
    try {
      const image = await upload(file, { signal, progressed: (part) => (bar.value = part) });
      come += 1;
      element.remove();
      if (image.duplicate_of) tell(`${file.name} has the same bytes as an image that you had already.`);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      bar.remove();
      element.classList.add("trouble");
      const close = h("button", { type: "button", class: "plain", "aria-label": "Dismiss", onclick: () => element.remove() }, "✕");
      fill(state, problem.message);
      element.append(close);
    }
  }

  function finished() {
    if (come) tell(`${plural(come, "image")} uploaded.`);
    if (come) done();
    come = 0;
  }

  chosen.addEventListener("change", () => (take(chosen.files), (chosen.value = "")));
  dropped(take, signal);
  document.addEventListener("paste", (event) => event.clipboardData.files.length && take(event.clipboardData.files), { signal });
  const button = h(
    "span",
    { class: "buttons" },
    chosen,
    h("button", { type: "button", onclick: () => byAddress(done) }, "From a URL"),
    h("button", { type: "button", class: "primary", onclick: () => chosen.click() }, "Upload"),
  );
  return { button, progress };
}

function dropped(take, signal) {
  const over = (is) => document.body.classList.toggle("dropping", is);
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => hasFiles(event) && (event.preventDefault(), over(true)), { signal });
  document.addEventListener("dragleave", (event) => event.relatedTarget || over(false), { signal });
  document.addEventListener("drop", (event) => {
    over(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  }, { signal });
  signal.addEventListener("abort", () => over(false));
}

function byAddress(done) {
  dialog("Upload from a URL", (close) =>
    form(
      [field("Address of the picture", h("input", { name: "url", type: "url", required: true, placeholder: "https://", autofocus: true }), "The server fetches it; it has to be on the public internet.")],
      "Fetch",
      async (data) => {
        await send("POST", "v1/images", { url: data.get("url") }, { again: onceOnly() });
        close();
        tell("1 image uploaded.");
        done();
      },
    ),
  );
}
