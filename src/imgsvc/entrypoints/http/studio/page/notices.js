// What happened, for a few seconds, in a corner; read out by screen readers.

import { h } from "./dom.js";

const SECONDS = 6;
const corner = h("div", { class: "notices", role: "status", "aria-live": "polite" });
document.body.append(corner);

function put(className, text) {
  const notice = h("p", { class: `notice ${className}` }, text);
  corner.append(notice);
  setTimeout(() => notice.remove(), SECONDS * 1000);
}

export const tell = (text) => put("", text);

/** Tell what went wrong, but for what somebody no longer wanted. */
export function complain(problem) {
  if (problem.name === "AbortError") return;
  if (!(problem instanceof Error) || problem.status === undefined) console.error(problem);
  put("trouble", problem.message);
}
