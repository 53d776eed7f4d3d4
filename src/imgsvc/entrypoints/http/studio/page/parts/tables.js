// Tables whose rows stay the elements that they were while what they tell changes, so that nothing flickers, and focus
// stays where it was.

import { h, refill } from "../dom.js";
import { complain } from "../notices.js";

/**
 * A table of ``columns``: each has a name, ``of``, which makes its cell's content of an item, and ``stays`` where that is
 * made once. ``show`` is told the items as they are now; what makes a row the same is ``key``. ``empty`` is told instead.
 */
export function table(name, columns, { key = (item) => item.id, empty }) {
  const body = h("tbody", { role: "rowgroup" });
  const head = h("tr", { role: "row" }, columns.map((one) => h("th", { scope: "col", role: "columnheader" }, one.isUnseen ? h("span", { class: "unseen" }, one.name) : one.name)));
  // Narrow windows show rows as cards, which are a table to screen readers by these roles alone.
  const grid = h("table", { role: "table", "aria-label": name }, h("thead", { role: "rowgroup" }, head), body);
  const nothing = h("p", { class: "empty", hidden: true }, empty);
  const element = h("div", { class: "table", role: "region", "aria-label": name, tabindex: "-1" }, grid, nothing);
  let rows = new Map();

  function show(items) {
    const before = rows;
    const hadFocus = body.contains(document.activeElement);
    rows = new Map(items.map((item) => [key(item), before.get(key(item)) ?? row(columns)]));
    for (const [id, one] of before) if (!rows.has(id)) one.element.remove();
    items.forEach((item, index) => {
      const one = rows.get(key(item));
      one.show(item);
      if (body.children[index] !== one.element) body.insertBefore(one.element, body.children[index] ?? null);
    });
    grid.hidden = !items.length;
    nothing.hidden = items.length > 0;
    if (hadFocus && !body.contains(document.activeElement)) element.focus(); // its row is gone
  }

  return { element, show };
}

function row(columns) {
  const cells = columns.map((one) => h("td", { role: "cell", class: one.className, "data-name": one.isUnseen ? null : one.name }));
  const element = h("tr", { role: "row" }, cells);
  const item = {}; // the same for as long as the row is there: what listens to its buttons knows how it is now
  let told = null;

  function show(now) {
    if (told === JSON.stringify(now)) return;
    const isNew = told === null;
    told = JSON.stringify(now);
    Object.assign(item, now);
    columns.forEach((column, index) => (isNew || !column.stays) && refill(cells[index], column.of(item)));
  }

  return { element, show };
}

/** A button that does something with the server, once at a time; what went wrong is told. ``of`` says with which thing. */
export function button(name, act, { of = null, ...properties } = {}) {
  let isBusy = false;
  const onclick = async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      await act();
    } catch (problem) {
      complain(problem);
    } finally {
      isBusy = false;
    }
  };
  return h("button", { type: "button", "aria-label": of === null ? null : `${name}: ${of}`, ...properties, onclick }, name);
}
