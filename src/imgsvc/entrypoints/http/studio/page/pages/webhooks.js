// Webhooks: addresses that are told how jobs end.

import { get } from "../api.js";
import { h } from "../dom.js";
import { go } from "../router.js";
import { plural } from "../words.js";
import { button, table } from "../parts/tables.js";
import { actionsOf, make, stateOf } from "../parts/webhook_actions.js";

export async function webhooksPage(query, signal) {
  const count = h("span", { class: "count", role: "status" });
  const shown = table("Webhooks", columns(() => renew()), { empty: "No webhooks. Instead of asking how your jobs go, have an address of yours told." });

  async function renew() {
    const { items } = await get("v1/webhooks", { signal });
    shown.show(items);
    count.textContent = plural(items.length, "webhook");
  }

  await renew();
  const add = h("span", { class: "buttons" }, button("New webhook", () => make(renew), { class: "primary" }));
  return [h("header", { class: "head" }, h("h1", {}, "Webhooks"), count, add), shown.element];
}

const columns = (changed) => [
  { name: "Address", of: (webhook) => h("a", { href: `#/webhooks/${webhook.id}` }, webhook.url) },
  { name: "Is told of", of: (webhook) => webhook.events.join(", ") },
  { name: "State", of: stateOf },
  { name: "Actions", isUnseen: true, className: "does", of: (webhook) => actionsOf(webhook, { changed, gone: changed, testSent: () => go(`/webhooks/${webhook.id}`) }) },
];
