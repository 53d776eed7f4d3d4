// A long list of the server's, which is asked for again while something in it goes on.

import { address, get } from "../api.js";
import { field, h } from "../dom.js";
import { complain } from "../notices.js";

const PAGE = 20; // items that "Show more" adds
const MOST = 100; // of one answer
const AFTER_TROUBLE = 10; // seconds

/**
 * What fills ``table`` from ``path``. ``pause`` tells of the items after how many seconds they are to be asked for again,
 * or null; ``renewed`` hears whenever that was done. Nobody is asked while the tab is hidden, or when the page was left.
 */
export function following(table, { path, pause, signal, renewed = () => {} }) {
  const more = h("button", { type: "button", hidden: true, onclick: () => (count += PAGE, again()) }, "Show more");
  let filters = {};
  let count = PAGE;
  let asked = 0;
  let timer;
  let isDue = false;
  let isTroubled = false;

  async function ask() {
    clearTimeout(timer);
    isDue = false;
    const mine = ++asked;
    const { items, isWhole } = await first(count, (part) => get(address(path, { ...filters, ...part }), { signal }));
    if (mine !== asked) return; // another was wanted meanwhile
    isTroubled = false;
    table.show(items);
    more.hidden = isWhole;
    after(pause(items));
  }

  async function again() {
    try {
      await ask();
      await renewed();
    } catch (problem) {
      if (signal.aborted) return;
      if (!isTroubled) complain(problem); // once, until it is over
      isTroubled = true;
      after(AFTER_TROUBLE);
    }
  }

  function after(seconds) {
    clearTimeout(timer);
    if (seconds !== null) timer = setTimeout(() => (document.hidden ? (isDue = true) : again()), seconds * 1000);
  }

  document.addEventListener("visibilitychange", () => !document.hidden && isDue && again(), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));

  return {
    more: h("div", { class: "more" }, more),
    /** Begin. Raises what ``get`` does. */
    begin: (given) => ((filters = given), ask()),
    filter: (given) => ((filters = given), (count = PAGE), again()),
    again,
  };
}

/** The first ``count`` of what is told a page at a time, and whether these are all. */
async function first(count, ask) {
  const items = [];
  let cursor = null;
  do {
    const page = await ask({ limit: Math.min(MOST, count - items.length), cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < count);
  return { items, isWhole: !cursor };
}

/** The choice of a status; ``changed`` is told which, or "" for any. */
export function statusFilter(statuses, given, changed) {
  const chosen = h("select", { name: "status" }, ["", ...statuses].map((one) => h("option", { value: one, selected: one === given }, one || "any")));
  chosen.addEventListener("change", () => changed(chosen.value));
  return h("form", { class: "filters", onsubmit: (event) => event.preventDefault() }, field("Status", chosen));
}
