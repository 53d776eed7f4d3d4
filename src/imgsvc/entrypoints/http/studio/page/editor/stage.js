// Where the picture is seen: what becomes of it, as it was, or both beside each other.

import { fill, h } from "../dom.js";
import { contentPath, fetched } from "../pictures.js";
import { bytes, kind, size, took } from "../words.js";

const SEEN_AT = "rs:inside:1600:1600,f:webp,q:85"; // the original, as large as a screen needs

export function stage(image, signal) {
  const result = h("img", { class: "result", alt: "The result" });
  const original = h("img", { class: "original", alt: "The original" });
  const divider = h("input", { class: "divider", type: "range", min: 0, max: 100, "aria-label": "How much of the original is shown" });
  const view = h("div", { class: "view", "data-shows": "result" }, original, result, divider);
  const told = h("p", { class: "told", role: "status" });
  const tabs = ["result", "original", "compare"].map((name) => h("button", { type: "button", "aria-pressed": String(name === "result"), onclick: () => shows(name) }, `${name[0].toUpperCase()}${name.slice(1)}`));
  let made = null; // the picture that is shown
  let asked = new AbortController();

  divider.addEventListener("input", split);
  signal.addEventListener("abort", () => (asked.abort(), made?.revoke()));
  result.addEventListener("error", () => fill(told, `${facts()} This browser cannot show it; it can be downloaded.`));
  result.addEventListener("load", () => fill(told, facts()));

  function shows(name) {
    view.dataset.shows = name;
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.textContent.toLowerCase() === name)));
    if (name !== "result") showOriginal();
    split();
  }

  function split() {
    const isSplit = view.dataset.shows === "compare";
    result.style.clipPath = isSplit ? `inset(0 0 0 ${divider.value}%)` : "";
    original.style.clipPath = isSplit ? `inset(0 ${100 - divider.value}% 0 0)` : ""; // it may be the wider one
    view.style.setProperty("--split", `${divider.value}%`);
  }

  let hasOriginal = false;

  async function showOriginal() {
    if (hasOriginal) return;
    hasOriginal = true;
    try {
      const picture = await fetched(contentPath(image.id, SEEN_AT), { signal });
      original.addEventListener("load", picture.revoke, { once: true });
      original.src = picture.address;
    } catch (problem) {
      hasOriginal = false;
      if (problem.name !== "AbortError") fill(told, problem.message);
    }
  }

  /** Show a rendering; the one before stays until it has come. Raises what ``fetched`` does. */
  async function show(compact) {
    asked.abort();
    const mine = (asked = new AbortController());
    view.classList.add("waiting");
    try {
      const picture = await fetched(contentPath(image.id, compact), {
        signal: mine.signal,
        waiting: () => fill(told, "This takes a while, so it is made in the background. It will be shown here."),
      });
      made?.revoke();
      made = picture;
      result.src = picture.address;
    } finally {
      if (mine === asked) view.classList.remove("waiting");
    }
  }

  function facts() {
    const saved = Math.round(100 - (100 * made.bytes) / image.bytes);
    const share = saved === 0 ? "" : saved > 0 ? ` (${saved} % less)` : ` (${-saved} % more)`;
    const sides = result.naturalWidth ? `${size(result.naturalWidth, result.naturalHeight)} · ` : "";
    return `${sides}${kind(made.mediaType)} · ${bytes(made.bytes)}${share} · ${made.cache}, ${took(made.duration)}`;
  }

  return {
    element: h("figure", { class: "stage" }, h("div", { class: "tabs", role: "group", "aria-label": "Shown" }, tabs), view, h("figcaption", {}, told)),
    show,
    picture: () => made,
    stale: (is) => view.classList.toggle("stale", is),
  };
}
