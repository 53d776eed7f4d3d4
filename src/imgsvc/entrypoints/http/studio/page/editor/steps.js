// The steps of a spec, in their order, and its output: a card each, that can be moved, left out and taken away.

import { fill, h } from "../dom.js";
import { size } from "../words.js";
import { control } from "./controls.js";

// What cannot stand beside another value, which goes when it comes.
const INSTEAD = {
  watermark: { text: ["image"], image: ["text"] },
  crop: { x: ["gravity"], y: ["gravity"], gravity: ["x", "y"] },
};

/**
 * The list. ``changed`` hears of every change, ``draw`` is asked to have a crop drawn on the picture.
 *
 * ``load`` shows another spec, ``spec`` tells the one that is shown, ``annotate`` shows what a plan tells of it, and
 * ``blame`` what is wrong with one of its values.
 */
export function stepList(grammar, { changed, draw }) {
  const cards = h("ol", { class: "steps", "aria-label": "Steps" });
  const output = h("details", { class: "step output" });
  let steps = []; // {step, isOff, element}
  let wanted = {};

  const adder = h("select", { "aria-label": "Add a step", title: "Letters and arrows choose, Enter adds" }, h("option", { value: "" }, "Add a step …"), [...grammar.operations.values()].map((one) => h("option", { value: one.name, title: one.meaning }, one.title)));
  let isPassing = false; // by keys in the closed list, where each one passed on the way is a change
  adder.addEventListener("pointerdown", () => (isPassing = false));
  adder.addEventListener("blur", () => ((isPassing = false), (adder.value = "")));
  adder.addEventListener("keydown", (event) => {
    if (/^(\S|Arrow\w+|Page\w+|Home|End)$/.test(event.key) && !event.altKey) isPassing = true;
    if (event.key !== "Enter" || !adder.value) return;
    event.preventDefault();
    isPassing = false;
    adder.dispatchEvent(new Event("change"));
  });
  adder.addEventListener("change", () => {
    if (!adder.value || isPassing) return;
    steps.push({ step: structuredClone(grammar.operations.get(adder.value).start), isOff: false });
    adder.value = "";
    redraw(steps.at(-1), "input, select");
    changed();
  });

  /** Draw all cards anew; the focus goes to the first control of ``focused`` that one of the selectors finds. */
  function redraw(focused, ...selectors) {
    fill(cards, steps.map((one, index) => card(one, index)));
    selectors.map((each) => focused.element.querySelector(each)).find(Boolean)?.focus();
  }

  function card(one, index) {
    const operation = grammar.operations.get(one.step.op);
    const set = (name, value) => {
      if (value === undefined) delete one.step[name];
      else one.step[name] = value;
      const others = value === undefined ? [] : (INSTEAD[one.step.op]?.[name] ?? []).filter((other) => other in one.step);
      for (const other of others) delete one.step[other];
      if (others.length) redraw(one, `[data-name="${name}"] :is(input, select)`);
      changed();
    };
    one.element = h(
      "li",
      { class: `step${one.isOff ? " off" : ""}`, "aria-label": operation.title },
      h(
        "header",
        {},
        h("h3", { title: operation.meaning }, operation.title),
        h("span", { class: "becomes" }),
        one.step.op === "crop" && button("✎", "Draw it on the picture", () => draw(before(index), (box) => (Object.assign(clearedCrop(one.step), box), redraw(), changed()))),
        button("↑", "Move up", () => move(index, -1), index === 0),
        button("↓", "Move down", () => move(index, 1), index === steps.length - 1),
        button(one.isOff ? "○" : "●", one.isOff ? "Do it" : "Leave it out", () => ((one.isOff = !one.isOff), redraw(one, "[aria-pressed]"), changed()), false, !one.isOff),
        button("✕", "Take it away", () => (steps.splice(index, 1), redraw(), changed())),
      ),
      operation.fields.length > 0 && h("div", { class: "fields" }, operation.fields.map((each) => control(each, one.step[each.name], (value) => set(each.name, value)))),
    );
    return one.element;
  }

  const before = (index) => active().filter((one) => steps.indexOf(one) < index).map((one) => one.step);
  const active = () => steps.filter((one) => !one.isOff);

  function move(index, by) {
    const [moved] = steps.splice(index, 1);
    steps.splice(index + by, 0, moved);
    redraw(moved, `[aria-label="Move ${by < 0 ? "up" : "down"}"]:enabled`, "header button:enabled");
    changed();
  }

  function drawOutput() {
    const set = (name, value) => {
      if (value === undefined) delete wanted[name];
      else wanted[name] = value;
      changed();
    };
    const wasOpen = output.open;
    fill(output, h("summary", {}, "Output"), h("div", { class: "fields" }, grammar.output.map((one) => control(one, wanted[one.name], (value) => set(one.name, value)))));
    output.open = wasOpen;
  }

  function load(spec) {
    steps = (spec.steps ?? []).map((step) => ({ step: structuredClone(step), isOff: false }));
    wanted = structuredClone(spec.output ?? {});
    redraw();
    drawOutput();
  }

  const spec = () => ({ steps: active().map((one) => one.step), ...(Object.keys(wanted).length ? { output: wanted } : {}) });

  function annotate(plan) {
    forgive();
    const sizes = plan.sizes.slice(1); // the first is of the picture as it comes
    const isEach = sizes.length === active().length; // steps that would change nothing are none of the plan's
    active().forEach((one, index) => fill(one.element.querySelector(".becomes"), isEach && told(sizes[index])));
  }

  function forgive() {
    for (const part of [cards, output]) {
      for (const told of part.querySelectorAll(".trouble")) told.remove();
      for (const bad of part.querySelectorAll(".wrong")) bad.classList.remove("wrong");
    }
  }

  /** Show what is wrong beside the value that a pointer names; false where it names none that is shown. */
  function blame(problem) {
    forgive();
    const [, part, index, name] = (problem.pointer ?? "").split("/");
    const element = part === "output" ? output : part === "steps" ? active()[Number(index)]?.element : null;
    if (!element) return false;
    const wrong = element.querySelector(`[data-name="${CSS.escape((part === "output" ? index : name) ?? "")}"]`);
    wrong?.classList.add("wrong");
    (wrong ?? element).append(h("p", { class: "trouble", role: "alert" }, problem.message));
    if (part === "output") output.open = true;
    return true;
  }

  load({});
  return { element: h("div", { class: "spec" }, cards, adder, output), load, spec, annotate, blame };
}

const told = (one) => `${one.exact ? "" : "about "}${size(one.width, one.height)}`;

function clearedCrop(step) {
  for (const name of Object.keys(step)) if (name !== "op") delete step[name];
  return step;
}

const button = (sign, name, onclick, disabled = false, pressed = undefined) =>
  h("button", { type: "button", class: "plain", "aria-label": name, title: name, onclick, disabled, "aria-pressed": pressed === undefined ? null : String(pressed) }, sign);
