// One image: its facts, its editor, and what was made of it.

import { get, remove, send } from "../api.js";
import { confirmed, dialog, field, fill, form, h } from "../dom.js";
import { editor } from "../editor/editor.js";
import { grammar } from "../editor/grammar.js";
import { complain, tell } from "../notices.js";
import { contentPath, download, fetched } from "../pictures.js";
import { go } from "../router.js";
import { bytes, kind, plural, size, when } from "../words.js";
import { button, table } from "../parts/tables.js";

export async function imagePage(id, query, signal) {
  const [image, language] = await Promise.all([get(`v1/images/${id}`, { signal }), grammar()]);
  const head = h("header", { class: "head image" });
  showHead(head, image);
  const edited = editor(image, language, { signal, made: () => variants.renew() });
  const variants = variantsSection(image, edited, signal);
  edited.load(query.get("t") ?? "");
  return [head, edited.element, variants.element];
}

function showHead(head, image) {
  const facts = [
    size(image.width, image.height),
    kind(image.media_type),
    bytes(image.bytes),
    image.frames > 1 && plural(image.frames, "frame"),
    image.has_alpha && "with transparency",
    `since ${when(image.created_at)}`,
  ];
  fill(
    head,
    h("a", { class: "back", href: "#/images", "aria-label": "Back to the images" }, "‹"),
    h("div", {}, h("h1", {}, image.name || "without a name"), h("p", {}, facts.filter(Boolean).join(" · ")), image.description && h("p", {}, image.description), h("p", { class: "tags" }, image.tags.map((tag) => h("a", { class: "tag", href: `#/images?tag=${encodeURIComponent(tag)}` }, tag)))),
    h(
      "span",
      { class: "buttons" },
      h("button", { type: "button", onclick: () => describe(head, image) }, "Describe"),
      h("button", { type: "button", onclick: () => downloadOriginal(image) }, "Original"),
      h("button", { type: "button", class: "dangerous", onclick: () => erase(image) }, "Delete"),
    ),
  );
}

function describe(head, image) {
  dialog("Describe", (close) =>
    form(
      [
        field("Name", h("input", { name: "name", value: image.name, maxlength: "255" })),
        field("Description", h("textarea", { name: "description", value: image.description ?? "", maxlength: "2000", rows: "4" })),
        field("Tags", h("input", { name: "tags", value: image.tags.join(", ") }), "Separated by commas."),
      ],
      "Save",
      async (data) => {
        const tags = [...new Set(data.get("tags").split(",").map((tag) => tag.trim()).filter(Boolean))];
        Object.assign(image, await send("PATCH", `v1/images/${image.id}`, { name: data.get("name"), description: data.get("description") || null, tags }));
        showHead(head, image);
        close();
      },
    ),
  );
}

async function downloadOriginal(image) {
  try {
    const picture = await fetched(contentPath(image.id));
    download(picture, image.name || image.id);
    setTimeout(picture.revoke, 60_000); // the browser takes it when it asked where to
  } catch (problem) {
    complain(problem);
  }
}

function erase(image) {
  confirmed("Delete this image?", "The original and everything that was made of it are erased, and links to it end. This cannot be undone.", "Delete", async () => {
    const receipt = await (await remove(`v1/images/${image.id}`)).json();
    tell(`Deleted, with ${plural(receipt.variants, "rendering")}.`);
    go("/images");
  });
}

/** What was made of the image; ``renew`` asks for it again. */
function variantsSection(image, edited, signal) {
  const shown = table("Made of it", columns(edited, () => renew()), { empty: "" });
  const element = h("section", { class: "variants", hidden: true }, h("h2", {}, "Made of it"), shown.element);

  async function renew() {
    try {
      const { items } = await get(`v1/images/${image.id}/variants?limit=20`, { signal });
      shown.show(items);
      element.hidden = !items.length;
    } catch (problem) {
      complain(problem);
    }
  }

  return { element, renew };
}

const columns = (edited, changed) => [
  { name: "Spec", className: "spec-cell", of: (one) => h("button", { type: "button", class: "link", title: "Show it in the editor", onclick: () => edited.load(one.compact) }, one.compact || "as it is") },
  { name: "Status", of: (one) => h("span", { class: `status ${one.status}` }, one.status) },
  { name: "Result", of: (one) => (one.rendition ? [size(one.rendition.width, one.rendition.height), kind(one.rendition.media_type), bytes(one.rendition.bytes)].join(" · ") : (one.failure?.detail ?? "")) },
  { name: "Made", of: (one) => when(one.created_at) },
  { name: "Actions", isUnseen: true, className: "does", of: (one) => button("Delete", () => remove(`v1/variants/${one.id}`).then(changed), { of: one.compact || "as it is" }) },
];
