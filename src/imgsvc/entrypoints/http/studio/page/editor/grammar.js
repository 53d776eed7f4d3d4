// The transform language, as the server's API document tells it: an operation that is added there can be used here.

import { get } from "../api.js";

let known = null;

/** The operations by name, the options of the output, and the formats that an image may have; asked for once. */
export function grammar() {
  known ??= get("openapi.json").then(read, (problem) => {
    known = null;
    throw problem;
  });
  return known;
}

function read(document) {
  const schemas = document.components.schemas;
  const examples = document.paths["/v1/images/{image_id}/plan"].post.requestBody.content["application/json"].examples;
  const operations = new Map();
  for (const [name, reference] of Object.entries(schemas.TransformSpec.properties.steps.items.discriminator.mapping)) {
    const schema = schemas[reference.split("/").pop()];
    const example = examples[name]?.value.steps?.[0] ?? { op: name };
    operations.set(name, { name, title: title(name), meaning: meant(schema.description), fields: fieldsOf(schema), start: START[name] ?? example });
  }
  const { schema: format } = document.paths["/v1/images"].get.parameters.find((one) => one.name === "format");
  return { operations, output: fieldsOf(schemas.Output), formats: shape(format).words };
}

// What an operation begins with where the document's example suits pictures of one size only.
const START = {
  auto_orient: { op: "auto_orient", enabled: false },
  crop: { op: "crop", width: "80%", height: "80%", gravity: "center" },
  resize: { op: "resize", width: 800, fit: "inside" },
  watermark: { op: "watermark", text: "© " },
};

const SHORT = { dpr: "DPR", icc: "ICC", png_level: "PNG level" };

const title = (name) => SHORT[name] ?? `${name[0].toUpperCase()}${name.slice(1)}`.replaceAll("_", " ");

const meant = (text) => text?.replaceAll("`", "");

function fieldsOf(schema) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties)
    .filter(([name]) => name !== "op")
    .map(([name, one]) => ({ name, title: title(name), required: required.has(name), meaning: meant(one.description), default: one.default, ...shape(one) }));
}

/** What control a value needs, and its bounds. */
function shape(schema) {
  const options = (schema.anyOf ?? [schema]).filter((one) => one.type !== "null");
  const words = options.flatMap((one) => one.enum ?? []);
  const range = options.find((one) => one.type === "integer" || one.type === "number");
  const bounds = { min: range?.minimum, max: range?.maximum, isWhole: range?.type === "integer", words };
  if (options.some((one) => one.type === "boolean")) return { control: "switch" };
  if (options.some((one) => one.format === "color")) return { control: "color" };
  if (options.some((one) => one.format === "uuid")) return { control: "image" };
  if (options.some((one) => one.format === "focal-point")) return { control: "gravity", words };
  if (range && options.length === 1) return { control: "number", ...bounds };
  if (range) return { control: "measure", ...bounds }; // pixels, percent, or a word
  return words.length ? { control: "choice", words } : { control: "text" };
}
