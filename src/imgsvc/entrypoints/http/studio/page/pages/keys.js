// API keys: what programs are known by.

import { get, onceOnly, remove, send } from "../api.js";
import { confirmed, dialog, field, fill, form, h } from "../dom.js";
import { tell } from "../notices.js";
import { plural, when } from "../words.js";
import { shownOnce } from "../parts/secrets.js";
import { button, table } from "../parts/tables.js";

const SCOPES = [
  ["read", "Read: see and fetch everything that is yours"],
  ["write", "Write: upload, render, change and delete"],
];

export async function keysPage(query, signal) {
  const count = h("span", { class: "count", role: "status" });
  const shown = table("API keys", columns(() => renew()), { empty: "No keys. A program is known by a key, so that it needs no password." });

  async function renew() {
    const { items } = await get("v1/api-keys", { signal });
    shown.show(items);
    count.textContent = plural(items.length, "key");
  }

  await renew();
  const add = h("span", { class: "buttons" }, button("New key", () => make(renew), { class: "primary" }));
  return [h("header", { class: "head" }, h("h1", {}, "API keys"), count, add), shown.element];
}

const columns = (changed) => [
  { name: "Name", of: (key) => h("strong", {}, key.name) },
  { name: "May", of: (key) => h("span", { class: "tags" }, key.scopes.map((one) => h("span", { class: "tag" }, one))) },
  { name: "Begins with", of: (key) => h("code", {}, `${key.hint}…`) },
  { name: "Made", of: (key) => when(key.created_at) },
  { name: "Last used", of: (key) => (key.last_used_at ? when(key.last_used_at) : "never") },
  { name: "Actions", isUnseen: true, className: "does", of: (key) => button("Delete", () => end(key, changed), { of: key.name, class: "dangerous" }) },
];

function make(changed) {
  const place = h("div");
  const scopes = SCOPES.map(([value, text]) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "scopes", value, checked: true }), text));
  dialog("New API key", (close) =>
    fill(place, form(
      [
        field("Name", h("input", { name: "name", required: true, maxlength: "100", autofocus: true }), "What it is for, so that you know later which one to delete."),
        h("fieldset", { class: "column" }, h("legend", {}, "What it may do"), scopes),
      ],
      "Make the key",
      async (data) => {
        const { key } = await send("POST", "v1/api-keys", { name: data.get("name"), scopes: data.getAll("scopes") }, { again: onceOnly() });
        shownOnce(place, { name: "the key", secret: key, close, meaning: "This is the key. It is shown only now: keep it where your program finds it." });
        await changed();
      },
    )),
  );
}

function end(key, changed) {
  confirmed(`Delete ${key.name}?`, "Whatever uses this key is refused at once. This cannot be undone.", "Delete", async () => {
    await remove(`v1/api-keys/${key.id}`);
    tell(`Deleted: ${key.name}`);
    await changed();
  });
}
