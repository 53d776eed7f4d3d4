// The account of whoever is signed in: what it keeps, its password, and its end.

import { get, remove, send } from "../api.js";
import { dialog, field, form, h } from "../dom.js";
import { tell } from "../notices.js";
import * as session from "../session.js";
import { bytes, number, when } from "../words.js";

const FULL = 0.9; // from which part of a quota on it is told as nearly used up

export async function accountPage(query, signal) {
  const account = await get("v1/me", { signal });
  return [
    h("header", { class: "head" }, h("h1", {}, "Account")),
    h("div", { class: "panes" }, person(account), usage(account), password(account), ending(account)),
  ];
}

const pane = (title, ...content) => h("section", { class: "paper", "aria-label": title }, h("h2", {}, title), content);

const person = ({ username, email, created_at: since }) =>
  pane("You", h("dl", {}, [["User name", username], ["E-mail", email ?? "none"], ["Since", when(since)]].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));

const usage = ({ usage: used, quota }) =>
  pane("What you keep", share("Images", used.images, quota.images, number), share("Bytes of originals", used.bytes, quota.bytes, bytes), h("p", { class: "meaning" }, "Equal originals count once, and what is made of them not at all."));

function share(name, used, bound, words) {
  const told = bound === null ? `${words(used)}; there is no bound` : `${words(used)} of ${words(bound)}`;
  const meter = bound !== null && h("meter", { min: "0", max: String(bound), low: String(bound * FULL), high: String(bound * FULL), optimum: "0", value: used, "aria-label": `${name}: ${told}` });
  return h("div", { class: "share" }, h("strong", {}, name), h("span", {}, told), meter);
}

function password({ username }) {
  const element = form(
    [
      h("input", { name: "username", autocomplete: "username", value: username, readonly: true, hidden: true }), // for who keeps passwords
      field("Password now", secret("current_password", "current-password")),
      field("New password", secret("new_password", "new-password"), "A passphrase of a few words is best; every character of it counts."),
    ],
    "Change the password",
    async (data) => {
      session.signIn(await send("POST", "v1/auth/password", { current_password: data.get("current_password"), new_password: data.get("new_password") }));
      element.reset();
      tell("The password was changed, and every other session has ended.");
    },
  );
  return pane("Password", h("p", {}, "Every other session ends with the old password. This browser stays signed in, and API keys stay good."), element);
}

const secret = (name, autocomplete) => h("input", { name, type: "password", autocomplete, required: true });

const ending = (account) =>
  pane(
    "The end",
    h("p", {}, "The account goes with all its images, renderings, jobs, presets, keys and webhooks. Nobody can have it back."),
    h("div", { class: "actions" }, h("button", { type: "button", class: "dangerous", onclick: () => erase(account) }, "Delete the account")),
  );

function erase({ username }) {
  dialog(`Delete the account ${username}?`, (close) => [
    h("p", {}, "Everything in it is erased, and links to it end. This cannot be undone."),
    form([field("Password", secret("password", "current-password"))], "Delete the account", async (data) => {
      await remove("v1/me", { password: data.get("password") });
      close();
      session.signOut();
      tell("The account is deleted.");
    }, { className: "dangerous" }),
  ]);
}
