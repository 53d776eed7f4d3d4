// What is done with a webhook, wherever it is shown.

import { onceOnly, remove, send } from "../api.js";
import { confirmed, dialog, field, fill, form, h } from "../dom.js";
import { tell } from "../notices.js";
import { when } from "../words.js";
import { shownOnce } from "./secrets.js";
import { button } from "./tables.js";

const EVENTS = [
  ["variant.ready", "A job is ready"],
  ["variant.failed", "A job failed"],
];
const SECRET = "This is the secret that its messages are signed with. It is shown only now: keep it where they are received.";

/** Whether it is enabled; why not, or since when it takes nothing. */
export const stateOf = (webhook) => {
  const { enabled, disabled, failing_since: failing } = webhook;
  const word = enabled ? "enabled" : "disabled";
  return [
    h("span", { class: `status ${word}` }, word),
    disabled && h("p", { class: "meaning" }, `${disabled.detail}${disabled.at ? `, ${when(disabled.at)}` : ""}`),
    failing && h("p", { class: "trouble" }, `Takes no message since ${when(failing)}.`),
  ];
};

/** The buttons; ``changed``, ``gone`` and ``testSent`` hear of what came of them. */
export const actionsOf = (webhook, { changed, gone, testSent }) => {
  const of = webhook.url;
  return [
    button("Edit", () => edit(webhook, changed), { of }),
    button(webhook.enabled ? "Disable" : "Enable", () => enable(webhook, !webhook.enabled, changed), { of }),
    webhook.enabled && button("Send a test", () => test(webhook, testSent), { of }),
    button("New secret", () => renewSecret(webhook), { of }),
    button("Delete", () => erase(webhook, gone), { of, class: "dangerous" }),
  ];
};

export function make(changed) {
  const place = h("div");
  dialog("New webhook", (close) =>
    fill(place, form(fields({ url: "", events: EVENTS.map(([name]) => name) }), "Make the webhook", async (data) => {
      const { secret } = await send("POST", "v1/webhooks", told(data), { again: onceOnly() });
      shownOnce(place, { name: "the secret", secret, close, meaning: SECRET });
      await changed();
    })),
  );
}

const fields = ({ url, events }) => [
  field("Address", h("input", { name: "url", type: "url", required: true, value: url, placeholder: "https://", autofocus: true }), "Each message is a POST to it."),
  h("fieldset", { class: "column" }, h("legend", {}, "It is told when"), EVENTS.map(([value, text]) => h("label", { class: "check" }, h("input", { type: "checkbox", name: "events", value, checked: events.includes(value) }), text))),
];

const told = (data) => ({ url: data.get("url"), events: data.getAll("events") });

function edit(webhook, changed) {
  dialog("Edit the webhook", (close) =>
    form(fields(webhook), "Save", async (data) => {
      await send("PATCH", `v1/webhooks/${webhook.id}`, told(data));
      close();
      await changed();
    }),
  );
}

async function enable(webhook, enabled, changed) {
  await send("PATCH", `v1/webhooks/${webhook.id}`, { enabled });
  await changed();
}

async function test(webhook, sent) {
  await send("POST", `v1/webhooks/${webhook.id}/test`, undefined, { again: onceOnly() });
  tell("A test is on its way.");
  await sent();
}

function renewSecret(webhook) {
  const place = h("div");
  dialog("New secret", (close) =>
    fill(place, form([h("p", {}, "For a day messages are signed with both, the old secret and the new one; from then on with the new one alone.")], "Make a new secret", async () => {
      const { secret } = await send("POST", `v1/webhooks/${webhook.id}/secret`, undefined, { again: onceOnly() });
      shownOnce(place, { name: "the secret", secret, close, meaning: SECRET });
    })),
  );
}

function erase(webhook, gone) {
  confirmed("Delete this webhook?", `${webhook.url} is told nothing any more, and what it was told is forgotten.`, "Delete", async () => {
    await remove(`v1/webhooks/${webhook.id}`);
    tell("Deleted.");
    await gone();
  });
}
