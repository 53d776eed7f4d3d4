// One image: its facts, its editor, and what was made of it.

import { get, remove, send } from "../api.js";
import { confirmed, dialog, field, fill, form, h } from "../dom.js";
import { editor } from "../editor/editor.js";
import { grammar } from "../editor/grammar.js";
import { complain, tell } from "../notices.js";
import { contentPath, download, fetched } from "../pictures.js";
import { go } from "../router.js";
import { bytes, kind, plural, size, when } from "../words.js";

export async function imagePage(id, query, signal) {
  const [image, language] = await Promise.all([get(`v1/images/${id}`, { signal }), grammar()]);
  const head = h("header", { class: "head image" });
  const variants = h("section", { class: "variants" });
  showHead(head, image);
  const edited = editor(image, language, { signal, made: () => showVariants(variants, image, edited, signal) });
  edited.load(query.get("t") ?? "");
  return [head, edited.element, variants];
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

async function showVariants(section, image, edited, signal) {
  try {
    const page = await get(`v1/images/${image.id}/variants?limit=20`, { signal });
    fill(section, page.items.length > 0 && [h("h2", {}, "Made of it"), table(page.items, edited, () => showVariants(section, image, edited, signal))]);
  } catch (problem) {
    complain(problem);
  }
}

function table(variants, edited, changed) {
  const take = async (variant) => {
    try {
      await remove(`v1/variants/${variant.id}`);
    } catch (problem) {
      complain(problem);
    }
    changed();
  };
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ["Spec", "Is", "Size", "Made", ""].map((name) => h("th", { scope: "col" }, name)))),
    h(
      "tbody",
      {},
      variants.map((one) =>
        h(
          "tr",
          {},
          h("td", { class: "spec-cell" }, h("button", { type: "button", class: "link", title: "Show it in the editor", onclick: () => edited.load(one.compact) }, one.compact || "as it is")),
          h("td", {}, h("span", { class: `status ${one.status}`, title: one.failure?.detail ?? "" }, one.status)),
          h("td", {}, one.rendition ? `${size(one.rendition.width, one.rendition.height)} · ${kind(one.rendition.media_type)} · ${bytes(one.rendition.bytes)}` : (one.failure?.detail ?? "")),
          h("td", {}, when(one.created_at)),
          h("td", {}, h("button", { type: "button", class: "plain", "aria-label": "Delete this rendering", title: "Delete this rendering", onclick: () => take(one) }, "✕")),
        ),
      ),
    ),
  );
}
