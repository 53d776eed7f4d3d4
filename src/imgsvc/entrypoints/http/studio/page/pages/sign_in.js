// The door: sign in, or open an account.

import { send } from "../api.js";
import { field, fill, form, h } from "../dom.js";
import * as session from "../session.js";

export function signInPage() {
  const card = h("section", { class: "card" });
  showSignIn(card);
  return card;
}

function showSignIn(card) {
  fill(
    card,
    heading("Sign in"),
    form([userName("username"), password("current-password")], "Sign in", (data) => enter(told(data))),
    h("p", {}, "No account yet? ", button("Open one", () => showRegistration(card))),
  );
}

function showRegistration(card) {
  fill(
    card,
    heading("Open an account"),
    form(
      [
        userName("username", "3 to 64 letters, digits or any of . _ - @ +"),
        password("new-password", "A passphrase of a few words is best; every character of it counts."),
      ],
      "Open the account",
      async (data) => {
        await send("POST", "v1/auth/register", told(data));
        await enter(told(data));
      },
    ),
    h("p", {}, "You have one? ", button("Sign in", () => showSignIn(card))),
  );
}

const enter = async (who) => session.signIn(await send("POST", "v1/auth/login", who));

const told = (data) => ({ username: data.get("username"), password: data.get("password") });

const heading = (text) => [
  h("img", { class: "logo", src: "studio/icon.svg", alt: "", width: "48", height: "48" }),
  h("h1", {}, text),
];

const button = (text, onclick) => h("button", { type: "button", class: "link", onclick }, text);

const userName = (autocomplete, meaning) =>
  field("User name", h("input", { name: "username", autocomplete, autocapitalize: "none", spellcheck: "false", required: true, autofocus: true }), meaning);

const password = (autocomplete, meaning) =>
  field("Password", h("input", { name: "password", type: "password", autocomplete, required: true }), meaning);
