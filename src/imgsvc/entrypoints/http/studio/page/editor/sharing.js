// What is done with a spec besides looking: links for web pages, jobs, presets, and its address for other programs.

import { onceOnly, send } from "../api.js";
import { copyable, dialog, field, fill, form, h } from "../dom.js";
import { tell } from "../notices.js";

const LIFETIMES = [
  ["", "For ever"],
  ["3600", "An hour"],
  ["86400", "A day"],
  ["604800", "A week"],
  ["2592000", "30 days"],
  ["31536000", "A year"],
];

/** Public addresses of a rendering, signed; ``plan`` is the spec's. */
export function share(image, plan) {
  const result = h("div", { class: "shared" });
  const asked = [
    field("Good for", h("select", { name: "expires_in" }, LIFETIMES.map(([value, text]) => h("option", { value }, text)))),
    field("Widths for screens of other sizes", h("input", { name: "widths", placeholder: "400, 800, 1200", pattern: "[0-9]+( *, *[0-9]+)*" }), "In pixels; the browser takes the one that it needs. None: the picture as it is."),
    h("fieldset", {}, h("legend", {}, "Other formats, where the browser can"), ["webp", "avif"].map((name) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "formats", value: name, checked: name === "webp" }), name.toUpperCase()))),
    field("Text for those who cannot see it", h("input", { name: "alt", value: image.description ?? "", maxlength: "1000" })),
  ];
  dialog("Link to this picture", () => [
    form(asked, "Make the link", async (data) => {
      const link = await send("POST", `v1/images/${image.id}/links`, wanted(data, plan.compact), { again: onceOnly() });
      fill(result, h("h3", {}, "Address"), copyable("the address", whole(link.url)), h("h3", {}, "For a web page"), copyable("the HTML", withWholeAddresses(link.html)));
    }),
    result,
  ]);
}

/** An address that holds for pages elsewhere, where the server told only its path. */
const whole = (url) => new URL(url.replace(/^\//, ""), document.baseURI).href;

const withWholeAddresses = (html) =>
  html.replace(/ (src|srcset)="([^"]*)"/g, (_, name, value) => ` ${name}="${value.replace(/(?<=^|, )\/i\/[^ ]*/g, whole)}"`);

function wanted(data, compact) {
  const widths = data.get("widths").split(",").map(Number).filter(Boolean);
  const lifetime = data.get("expires_in");
  return {
    t: compact,
    formats: data.getAll("formats"),
    ...(widths.length ? { widths } : {}),
    ...(lifetime ? { expires_in: Number(lifetime) } : {}),
    ...(data.get("alt") ? { alt: data.get("alt") } : {}),
  };
}

export async function queue(image, plan) {
  const variant = await send("POST", `v1/images/${image.id}/transform?mode=async`, plan.spec, { again: onceOnly() });
  tell(variant.status === "ready" ? "It was made already; Jobs lists it." : "It is being made. Jobs shows how it goes.");
}

export function savePreset(plan) {
  dialog("Save as a preset", (close) =>
    form(
      [field("Name", h("input", { name: "name", required: true, pattern: "[a-z0-9][a-z0-9_\\-]{0,63}", autofocus: true, autocapitalize: "none" }), "Small letters, digits, - and _. It is written p:name wherever a spec is; one of the same name is replaced.")],
      "Save",
      async (data) => {
        await send("PUT", `v1/presets/${data.get("name")}`, plan.spec);
        close();
        tell(`Saved: p:${data.get("name")}`);
      },
    ),
  );
}

/** The spec as programs want it. */
export function elsewhere(image, plan) {
  const url = new URL(`v1/images/${image.id}/content?t=${encodeURIComponent(plan.compact)}`, document.baseURI).href;
  dialog("Use it elsewhere", () => [
    h("h3", {}, "With curl, and a token or an API key"),
    copyable("the command", `curl -H "Authorization: Bearer $TOKEN" '${url}' -o picture`),
    h("h3", {}, "On the command line"),
    copyable("the command", `imgsvc transform source.jpg result.${plan.format === "jpeg" ? "jpg" : plan.format} --spec '${plan.compact}'`),
    h("h3", {}, "As JSON"),
    copyable("the JSON", JSON.stringify(plan.spec, null, 2)),
    h("h3", {}, "Its id"),
    copyable("the id of the spec", plan.spec_id),
  ]);
}
