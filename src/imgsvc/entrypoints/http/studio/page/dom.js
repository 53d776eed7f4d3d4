// Elements of the page, made of names, properties and children. Nothing here, or anywhere else, makes elements of text:
// the page's policy (Trusted Types) forbids it, so what a picture is named can never become a script.

/**
 * An element. A property that begins with "on" listens, one that is not text is set as it is ("disabled", "value"), and
 * all others are attributes; what is null, undefined or false is left out, as a property and as a child.
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || (typeof value !== "string" && key in element)) element[key] = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...shown(children));
  return element;
}

/** Put these in place of all that the element had. */
export function fill(element, ...children) {
  element.replaceChildren(...shown(children));
  return element;
}

/** The same, but only where they differ; what had focus hands it to what stands in its place. */
export function refill(element, ...children) {
  const after = fill(element.cloneNode(), children);
  if (after.isEqualNode(element)) return;
  const controls = () => [...element.querySelectorAll("a, button")];
  const focused = controls().indexOf(document.activeElement);
  element.replaceChildren(...after.childNodes);
  if (focused < 0) return;
  (controls()[focused] ?? controls().at(-1) ?? element.closest("[tabindex]"))?.focus();
}

const shown = (children) => children.flat(Infinity).filter((child) => child || child === 0);

let labels = 0;

/** A control with its name before it, and what it means, or what is wrong with it, after it. */
export function field(name, control, meaning = null) {
  control.id ||= `control-${++labels}`;
  const told = meaning && h("p", { class: "meaning", id: `${control.id}-meaning` }, meaning);
  if (told) control.setAttribute("aria-describedby", told.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, name), control, told);
}

/** Text that can be copied by a press of its button. */
export function copyable(name, text) {
  const button = h("button", { type: "button", class: "small", "aria-label": `Copy ${name}` }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copied(text)) ? "Copied" : "Select and copy it by hand";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return h("div", { class: "copyable" }, h("code", { tabindex: "0", "aria-label": name }, text), button);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text); // which a page that came by plain HTTP from another host has not
    return true;
  } catch {
    return false;
  }
}

/** A form whose fields are told to ``done``; its button rests meanwhile, and what went wrong is told above it. */
export function form(fields, action, done, { className = "" } = {}) {
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const button = h("button", { class: "primary" }, action);
  const element = h("form", { class: className }, fields, trouble, h("div", { class: "actions" }, button));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    trouble.hidden = true;
    try {
      await done(new FormData(element));
    } catch (problem) {
      fill(trouble, problem.message);
      trouble.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
  return element;
}

/** Ask in a dialog of the page, which goes when it is closed, by any way; ``content`` is given what closes it. */
export function dialog(title, content) {
  const box = h("dialog", { "aria-label": title });
  const close = () => box.close();
  fill(
    box,
    h("header", {}, h("h2", {}, title), h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: close }, "✕")),
    content(close),
  );
  box.addEventListener("close", () => box.remove());
  let isBeside = false; // where the press began: who marks text may end it there
  box.addEventListener("pointerdown", (event) => (isBeside = beside(box, event)));
  box.addEventListener("click", (event) => isBeside && beside(box, event) && close());
  document.body.append(box);
  box.showModal();
  return box;
}

function beside(box, { target, clientX: x, clientY: y }) {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return target === box && (x < left || x > right || y < top || y > bottom);
}

/** Ask before what cannot be undone. */
export function confirmed(title, text, action, done) {
  dialog(title, (close) => [
    h("p", {}, text),
    form([], action, async () => {
      await done();
      close();
    }, { className: "dangerous" }),
  ]);
}
