// All images of whoever is signed in: found, sorted, and new ones taken in by any way that a file comes to a page.

import { address, get } from "../api.js";
import { field, fill, h } from "../dom.js";
import { grammar } from "../editor/grammar.js";
import { complain } from "../notices.js";
import { thumbnail } from "../pictures.js";
import { current, rename } from "../router.js";
import { bytes, kind, plural, size } from "../words.js";
import { uploads } from "../parts/uploads.js";

const PAGE = 60; // images
const SORTS = [
  ["newest", "Newest first"],
  ["oldest", "Oldest first"],
  ["name", "Name, A to Z"],
  ["name_desc", "Name, Z to A"],
  ["largest", "Largest files"],
  ["smallest", "Smallest files"],
];
const KEPT = ["q", "tag", "format", "sort"]; // what the address says of the list

export function imagesPage(query, signal) {
  const list = imageList(signal);
  const filters = filterBar(query, list.show);
  list.show(wanted(query));
  const ways = uploads({ signal, done: () => list.show(wanted(current().query)) });
  return [
    h("header", { class: "head" }, h("h1", {}, "Images"), list.count, ways),
    filters,
    list.grid,
    list.more,
  ];
}

const wanted = (query) => Object.fromEntries(KEPT.map((key) => [key, query.get(key) ?? ""]));

function filterBar(query, changed) {
  const given = wanted(query);
  const element = h(
    "form",
    { class: "filters", role: "search" },
    field("Search", h("input", { name: "q", type: "search", value: given.q, placeholder: "in names and descriptions", maxlength: "200" })),
    field("Tag", h("input", { name: "tag", type: "search", value: given.tag, maxlength: "64" })),
    field("Format", formatChoice(given.format)),
    field("Order", select("sort", SORTS, given.sort)),
  );
  let waiting;
  const apply = () => {
    const now = Object.fromEntries(new FormData(element));
    if (now.sort === SORTS[0][0]) now.sort = "";
    rename(address("/images", now));
    changed(now);
  };
  element.addEventListener("input", () => (clearTimeout(waiting), (waiting = setTimeout(apply, 300))));
  element.addEventListener("submit", (event) => (event.preventDefault(), clearTimeout(waiting), apply()));
  return element;
}

/** Only the given one, until the language has come. */
function formatChoice(given) {
  const options = (formats) => ["", ...formats].map((one) => h("option", { value: one, selected: one === given }, one.toUpperCase() || "Any"));
  const element = h("select", { name: "format" }, options(given ? [given] : []));
  grammar().then(({ formats }) => fill(element, options(formats)), complain);
  return element;
}

const select = (name, options, value) =>
  h("select", { name }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));

/** The grid, and what is around it; ``show`` begins it anew. */
function imageList(signal) {
  const grid = h("ul", { class: "grid", "aria-label": "Images" });
  const count = h("span", { class: "count" });
  const more = h("div", { class: "more" });
  let asked = 0;

  async function show(filters) {
    const mine = ++asked;
    try {
      const page = await get(address("v1/images", { ...filters, limit: PAGE }), { signal });
      if (mine !== asked) return; // another was wanted meanwhile
      const isFiltered = KEPT.some((key) => key !== "sort" && filters[key]);
      fill(count, `${page.total_is_exact ? "" : "over "}${plural(page.total, "image")}`);
      fill(grid, page.items.map((image) => card(image, signal)));
      if (!page.items.length) fill(grid, h("li", { class: "empty" }, isFiltered ? "Nothing is like that." : "Nothing here yet. Drop pictures anywhere on this page, paste one, or press Upload."));
      next(page, filters, mine);
    } catch (problem) {
      if (mine === asked) complain(problem);
    }
  }

  function next(page, filters, mine) {
    fill(more, page.next_cursor && h("button", { type: "button", onclick: () => add(page.next_cursor, filters, mine) }, "Show more"));
  }

  async function add(cursor, filters, mine) {
    fill(more, h("p", { class: "loading" }, "Loading …"));
    try {
      const page = await get(address("v1/images", { ...filters, limit: PAGE, cursor }), { signal });
      if (mine !== asked) return;
      grid.append(...page.items.map((image) => card(image, signal)));
      next(page, filters, mine);
    } catch (problem) {
      complain(problem);
      next({ next_cursor: cursor }, filters, mine);
    }
  }

  return { grid, count, more, show };
}

const card = (image, signal) =>
  h(
    "li",
    {},
    h(
      "a",
      { href: `#/images/${image.id}` },
      thumbnail(image, { signal }),
      h("strong", { title: image.name }, image.name || "without a name"),
      h("small", {}, `${size(image.width, image.height)} · ${kind(image.media_type)} · ${bytes(image.bytes)}`),
    ),
  );
