// The ways in which files come to a page: chosen, dropped anywhere, pasted, or by their address.

import { onceOnly, send } from "../api.js";
import { dialog, field, form, h } from "../dom.js";
import { tell } from "../notices.js";
import { onArrival, take } from "../upload_queue.js";

/** The buttons that ask for files; ``done`` is told when some have come, as long as the page is there. */
export function uploads({ signal, done }) {
  const chosen = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true });
  chosen.addEventListener("change", () => (take(chosen.files), (chosen.value = "")));
  dropped(signal);
  document.addEventListener("paste", (event) => event.clipboardData.files.length && take(event.clipboardData.files), { signal });
  onArrival(done, signal);
  return h(
    "span",
    { class: "buttons" },
    chosen,
    h("button", { type: "button", onclick: () => byAddress(done) }, "From a URL"),
    h("button", { type: "button", class: "primary", onclick: () => chosen.click() }, "Upload"),
  );
}

function dropped(signal) {
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
