// What the server tells once, and never again.

import { copyable, fill, h } from "../dom.js";

/** Show it in place of what asked for it. ``secret`` is null where the server had told it before. */
export function shownOnce(place, { name, secret, meaning, close }) {
  const done = h("button", { type: "button", class: "primary", onclick: close }, "Done");
  const shown = secret === null ? h("p", { class: "trouble", role: "alert" }, "It was made, but shown before, and cannot be shown again.") : copyable(name, secret);
  fill(place, h("p", {}, meaning), shown, h("div", { class: "actions" }, done));
  (place.querySelector(".copyable button") ?? done).focus();
}
