// Which page is shown, as the address says behind its "#": /images/ID?t=... A page is a function of the parts of its
// path, its query and a signal, which tells when it is left; it returns elements, or a promise of them.

import { fill, h } from "./dom.js";

let whileThere = new AbortController();
let hasShown = false; // any page: the first one leaves the focus where the document begins

export function current() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  return { path: path || "/images", query: new URLSearchParams(query) };
}

export const go = (path) => (location.hash = path);

/** Change the address of the page that is shown, without going anywhere. */
export function rename(path) {
  history.replaceState(null, "", `#${path}`);
}

/** Tell the page that is shown that it is left. */
export const leave = () => whileThere.abort();

/** Show in ``place`` the page of the address; ``pages`` are pairs of a pattern and a page. */
export async function show(place, pages) {
  leave();
  const left = (whileThere = new AbortController());
  const { path, query } = current();
  fill(place, h("p", { class: "loading" }, "Loading …"));
  try {
    const elements = await pageOf(pages, path)(query, left.signal);
    if (left.signal.aborted) return;
    fill(place, elements);
    const heading = place.querySelector("h1");
    if (hasShown && document.activeElement === document.body) place.focus({ preventScroll: true }); // what had it is gone
    hasShown = true;
    document.title = heading ? `${heading.textContent} · imgsvc` : "imgsvc studio";
  } catch (problem) {
    if (left.signal.aborted) return;
    if (problem.status === undefined) console.error(problem);
    fill(place, h("section", { class: "empty" }, h("h1", {}, "That did not work"), h("p", { role: "alert" }, problem.message)));
  }
}

function pageOf(pages, path) {
  for (const [pattern, page] of pages) {
    const found = pattern.exec(path);
    if (found) return (query, signal) => page(...found.slice(1), query, signal);
  }
  return () => h("section", { class: "empty" }, h("h1", {}, "No such page"), h("a", { href: "#/images" }, "To your images"));
}
