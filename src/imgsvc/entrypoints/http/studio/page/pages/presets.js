// Specs under names.

import { get, remove, send } from "../api.js";
import { confirmed, dialog, field, form, h } from "../dom.js";
import { tell } from "../notices.js";
import { plural, when } from "../words.js";
import { button, table } from "../parts/tables.js";

export async function presetsPage(query, signal) {
  const count = h("span", { class: "count", role: "status" });
  const shown = table("Presets", columns(() => renew()), { key: (preset) => preset.name, empty: "No presets. A preset is a spec under a name: written p:name wherever a spec is, and changed for all of them at once." });

  async function renew() {
    const { items } = await get("v1/presets", { signal });
    shown.show(items);
    count.textContent = plural(items.length, "preset");
  }

  await renew();
  const add = h("span", { class: "buttons" }, button("New preset", () => write(null, renew), { class: "primary" }));
  return [h("header", { class: "head" }, h("h1", {}, "Presets"), count, add), shown.element];
}

const columns = (changed) => [
  { name: "Name", of: (preset) => h("strong", {}, preset.name) },
  { name: "Spec", className: "spec-cell", of: (preset) => preset.compact || h("span", { class: "meaning" }, "the picture as it is") },
  { name: "Changed", of: (preset) => when(preset.changed_at) },
  {
    name: "Actions",
    isUnseen: true,
    className: "does",
    of: (preset) => [
      button("Edit", () => write(preset, changed), { of: preset.name }),
      button("Delete", () => forget(preset, changed), { of: preset.name, class: "dangerous" }),
    ],
  },
];

/** Ask for a preset, or for another spec of one that is there. */
function write(preset, changed) {
  const name = h("input", { name: "name", required: true, pattern: "[a-z0-9][a-z0-9_\\-]{0,63}", autocapitalize: "none", spellcheck: "false", value: preset?.name ?? "", readonly: Boolean(preset), autofocus: !preset });
  const compact = h("textarea", { name: "compact", rows: "4", class: "compact", autocapitalize: "none", spellcheck: "false", placeholder: "for example rs:cover:400:300,gray,f:webp", value: preset?.compact ?? "", autofocus: Boolean(preset) });
  const meaning = preset ? "It stays; whatever names it shows the new spec." : "Small letters, digits, - and _. One of the same name is replaced.";
  dialog(preset ? "Edit the preset" : "New preset", (close) =>
    form([field("Name", name, meaning), field("Spec, in compact form", compact, "As the editor of an image tells it. None: the picture as it is.")], "Save", async () => {
      await saved(name.value, compact);
      close();
      tell(`Saved: p:${name.value}`);
      await changed();
    }),
  );
}

async function saved(name, compact) {
  try {
    await send("PUT", `v1/presets/${encodeURIComponent(name)}`, { t: compact.value.trim() });
  } catch (problem) {
    if (problem.position === null || problem.position === undefined) throw problem;
    const begin = compact.value.length - compact.value.trimStart().length + problem.position;
    compact.focus();
    compact.setSelectionRange(begin, begin + wordAt(compact.value, begin));
    throw problem;
  }
}

/** How long the step is that begins there. */
const wordAt = (text, begin) => text.slice(begin).search(/,|$/);

function forget(preset, changed) {
  confirmed(`Delete ${preset.name}?`, "What was made by it stays; addresses that name it lead nowhere from then on.", "Delete", async () => {
    await remove(`v1/presets/${encodeURIComponent(preset.name)}`);
    tell(`Deleted: p:${preset.name}`);
    await changed();
  });
}
