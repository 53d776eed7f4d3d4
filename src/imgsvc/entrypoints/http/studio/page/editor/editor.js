// One image's transform, in two forms that follow each other: its steps as cards, and the compact form as a line of text.

import { get, send } from "../api.js";
import { fill, h } from "../dom.js";
import { complain } from "../notices.js";
import { download } from "../pictures.js";
import { rename } from "../router.js";
import { bytes } from "../words.js";
import { drawCrop } from "./drawing.js";
import { elsewhere, queue, savePreset, share } from "./sharing.js";
import { stage } from "./stage.js";
import { stepList } from "./steps.js";

const CALM = 300; // milliseconds without a change, before the server is asked

/** The stage and the panel; ``made`` is told whenever a rendering was asked for. */
export function editor(image, grammar, { signal, made }) {
  const seen = stage(image, signal);
  const text = h("input", { class: "compact", "aria-label": "The spec in compact form", spellcheck: "false", autocapitalize: "none", placeholder: "for example rs:cover:400:300,gray,f:webp" });
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const planned = h("p", { class: "planned" });
  const list = stepList(grammar, { changed: () => later(fromSteps), draw: (before, drawn) => drawCrop(image.id, before, drawn) });
  const actions = buttons(image, { plan: () => plan, seen, made });
  let plan = null;
  let asked = new AbortController();
  let timer;

  signal.addEventListener("abort", () => (asked.abort(), clearTimeout(timer)));
  text.addEventListener("change", () => load(text.value));
  text.addEventListener("keydown", (event) => event.key === "Enter" && text.blur());

  function later(work) {
    clearTimeout(timer);
    seen.stale(true);
    actions.usable(false); // they would do with the spec before
    timer = setTimeout(work, CALM);
  }

  const fromSteps = () => settle(list.spec(), () => (text.value = plan.compact));

  /** Show the spec of a compact form. */
  const load = (compact) => settle({ t: compact }, () => (list.load(plan.spec), (text.value = plan.compact)));

  async function settle(spec, agreed) {
    asked.abort();
    const mine = (asked = new AbortController());
    seen.stale(true);
    actions.usable(false);
    try {
      plan = await send("POST", `v1/images/${image.id}/plan`, spec, { signal: mine.signal });
      agreed();
      trouble.hidden = true;
      list.annotate(plan);
      fill(planned, cost(plan));
      rename(`/images/${image.id}${plan.compact ? `?t=${encodeURIComponent(plan.compact)}` : ""}`);
      if (!plan.fits) return;
      await seen.show(plan.compact);
      if (mine !== asked) return;
      seen.stale(false);
      actions.usable(true);
      made();
    } catch (problem) {
      if (problem.name !== "AbortError" && mine === asked) blame(problem, spec, agreed);
    }
  }

  function blame(problem, spec, agreed) {
    if (problem.status === undefined) console.error(problem);
    if (!("t" in spec) && list.blame(problem)) return;
    const again = isPassing(problem) && h("button", { type: "button", class: "small", onclick: () => settle(spec, agreed) }, "Try again");
    fill(trouble, problem.message, " ", again);
    trouble.hidden = false;
    trouble.scrollIntoView({ block: "nearest" });
  }

  const panel = h("section", { class: "panel", "aria-label": "Transform" }, presets(load, signal), list.element, h("label", { class: "line" }, h("span", {}, "Compact"), text), trouble, planned);
  return { element: h("div", { class: "editor" }, h("div", { class: "seen" }, seen.element, actions.element), panel), load };
}

/** Whether the same may be done a little later. */
const isPassing = ({ status }) => status === 0 || status === 429 || status >= 500;

function cost(plan) {
  const over = plan.limits.filter((one) => !one.fits).map((one) => h("strong", { class: "trouble" }, `Too much for this server: ${one.limit.replaceAll("_", " ")} ${one.value} of ${one.allowed}. `));
  const slow = plan.fits && !plan.fits_sync && "It takes longer than somebody should wait for, so it is made in the background. ";
  return [over, slow, `Plan: ${plan.megapixels.toFixed(1)} megapixels of work, at most ${bytes(plan.memory_bytes)} of memory.`];
}

function presets(load, signal) {
  const chosen = h("select", { "aria-label": "Begin with a preset" }, h("option", { value: "" }, "Begin with a preset …"));
  chosen.addEventListener("change", () => (chosen.value && load(chosen.value), (chosen.value = "")));
  get("v1/presets", { signal }).then((page) => {
    chosen.append(...page.items.map((one) => h("option", { value: one.compact }, one.name)));
    chosen.hidden = !page.items.length;
  }, complain);
  chosen.hidden = true;
  return chosen;
}

/** What can be done with the picture that is shown. */
function buttons(image, { plan, seen, made }) {
  const button = (name, act, className = "") =>
    h("button", { type: "button", class: className, disabled: true, onclick: async () => {
      try {
        await act();
      } catch (problem) {
        complain(problem);
      }
    } }, name);
  const all = [
    button("Download", () => download(seen.picture(), fileName(image, seen.picture())), "primary"),
    button("Link …", () => share(image, plan())),
    button("Save as preset …", () => savePreset(plan())),
    button("Make as a job", () => queue(image, plan()).then(made)),
    button("Use elsewhere …", () => elsewhere(image, plan())),
  ];
  return { element: h("div", { class: "actions" }, all), usable: (is) => all.forEach((one) => (one.disabled = !is)) };
}

const ENDINGS = { "image/jpeg": "jpg", "image/tiff": "tif" };

function fileName(image, picture) {
  const ending = ENDINGS[picture.mediaType] ?? picture.mediaType.split("/").pop();
  return `${(image.name || "picture").replace(/\.[^.]*$/, "")}.${ending}`;
}
