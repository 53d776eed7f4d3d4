// One webhook: how it is, what it was told, and what came of that.

import { address, get, onceOnly, send } from "../api.js";
import { h, refill } from "../dom.js";
import { tell } from "../notices.js";
import { go, rename } from "../router.js";
import { when } from "../words.js";
import { following, statusFilter } from "../parts/following.js";
import { button, table } from "../parts/tables.js";
import { actionsOf, stateOf } from "../parts/webhook_actions.js";

const STATUSES = ["pending", "succeeded", "failed"];
const OFTEN = 2; // seconds, while a message is on its way
const SELDOM = 20; // seconds, while one waits for its next attempt

export async function webhookPage(id, query, signal) {
  const path = `v1/webhooks/${id}`;
  const status = query.get("status") ?? "";
  const webhook = await get(path, { signal });
  const state = h("div", { class: "state" });
  const buttons = h("span", { class: "buttons" });
  const heading = h("h1", {}, webhook.url);
  const shown = table("Deliveries", columns(path, () => list.again()), { empty: "Nothing was told yet." });
  const list = following(shown, { path: `${path}/deliveries`, signal, pause, renewed: () => renew() });

  async function renew() {
    Object.assign(webhook, await get(path, { signal }));
    showHead();
  }

  function showHead() {
    heading.textContent = webhook.url;
    refill(state, stateOf(webhook), h("p", { class: "meaning" }, `Is told of ${webhook.events.join(", ")} · since ${when(webhook.created_at)}`));
    refill(buttons, actionsOf(webhook, { changed: renew, gone: () => go("/webhooks"), testSent: list.again }));
  }

  await list.begin({ status });
  showHead();
  const filter = statusFilter(STATUSES, status, (chosen) => {
    rename(address(`/webhooks/${id}`, { status: chosen }));
    list.filter({ status: chosen });
  });
  const back = h("a", { class: "back", href: "#/webhooks", "aria-label": "Back to the webhooks" }, "‹");
  return [h("header", { class: "head image" }, back, h("div", {}, heading, state), buttons), h("h2", {}, "Deliveries"), filter, shown.element, list.more];
}

function pause(deliveries) {
  const next = deliveries.filter((one) => one.status === "pending").map((one) => Date.parse(one.next_attempt_at ?? 0));
  if (!next.length) return null;
  return Math.min(...next) < Date.now() + OFTEN * 1000 ? OFTEN : SELDOM;
}

const columns = (path, changed) => [
  { name: "Event", of: (delivery) => delivery.event },
  { name: "Status", of: (delivery) => h("span", { class: `status ${delivery.status}` }, delivery.status) },
  { name: "Attempts", of: (delivery) => String(delivery.attempts) },
  { name: "Asked for", of: (delivery) => when(delivery.created_at) },
  { name: "Last answer", of: answer },
  { name: "Next attempt", of: (delivery) => (delivery.next_attempt_at ? when(delivery.next_attempt_at) : "none") },
  { name: "Actions", isUnseen: true, className: "does", of: (delivery) => delivery.status !== "pending" && button("Replay", () => replay(path, delivery, changed)) },
];

function answer({ last_status: status, last_trouble: trouble, last_attempt_at: at }) {
  if (!at) return "none yet";
  const time = h("small", {}, when(at));
  return trouble ? [h("span", { class: "trouble" }, trouble), " ", time] : [String(status), " ", time];
}

async function replay(path, delivery, changed) {
  await send("POST", `${path}/deliveries/${delivery.id}/replay`, undefined, { again: onceOnly() });
  tell("The same message is on its way once more.");
  await changed();
}
