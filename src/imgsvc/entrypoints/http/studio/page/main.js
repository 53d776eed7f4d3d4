// The studio: the pages of whoever is signed in, below one bar.

import { send } from "./api.js";
import { fill, h } from "./dom.js";
import { complain } from "./notices.js";
import { accountPage } from "./pages/account.js";
import { imagePage } from "./pages/image.js";
import { imagesPage } from "./pages/images.js";
import { jobsPage } from "./pages/jobs.js";
import { keysPage } from "./pages/keys.js";
import { presetsPage } from "./pages/presets.js";
import { signInPage } from "./pages/sign_in.js";
import { webhookPage } from "./pages/webhook.js";
import { webhooksPage } from "./pages/webhooks.js";
import * as router from "./router.js";
import * as session from "./session.js";

const PAGES = [
  [/^\/images$/, imagesPage],
  [/^\/images\/([0-9a-f-]{36})$/, imagePage],
  [/^\/jobs$/, jobsPage],
  [/^\/presets$/, presetsPage],
  [/^\/keys$/, keysPage],
  [/^\/webhooks$/, webhooksPage],
  [/^\/webhooks\/([0-9a-f-]{36})$/, webhookPage],
  [/^\/account$/, accountPage],
];
const BAR = [
  ["/images", "Images"],
  ["/jobs", "Jobs"],
  ["/presets", "Presets"],
  ["/keys", "API keys"],
  ["/webhooks", "Webhooks"],
];

const app = h("div", { class: "app" });
document.body.prepend(app);
const place = h("main", { id: "page", tabindex: "-1" });

function draw() {
  if (!session.isSignedIn()) {
    router.leave();
    fill(app, h("main", { class: "door" }, signInPage()));
    document.title = "Sign in · imgsvc";
    return;
  }
  fill(app, bar(), place);
  go();
}

function bar() {
  return h(
    "header",
    { class: "bar" },
    h("a", { class: "skip", href: "#page", onclick: (event) => (event.preventDefault(), place.focus()) }, "To the content"),
    h("a", { class: "mark", href: "#/images" }, h("img", { src: "studio/icon.svg", alt: "", width: "24", height: "24" }), "imgsvc"),
    h("nav", { "aria-label": "Pages" }, BAR.map(([path, name]) => h("a", { href: `#${path}` }, name))),
    h("a", { class: "aside", href: "docs" }, "API"),
    h("a", { class: "aside", href: "#/account" }, "Account"),
    h("button", { type: "button", class: "plain", onclick: leave }, "Sign out"),
  );
}

async function leave() {
  try {
    await send("POST", "v1/auth/logout");
  } catch (problem) {
    complain(problem); // it ends by itself, then
  }
  session.signOut();
}

function go() {
  const { path } = router.current();
  for (const link of app.querySelectorAll("nav a, .aside")) {
    const isCurrent = path.startsWith(link.getAttribute("href").slice(1));
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  router.show(place, PAGES);
}

let wasSignedIn = null;

function redrawn() {
  if (wasSignedIn === session.isSignedIn()) return; // tokens were exchanged, and nothing else
  wasSignedIn = session.isSignedIn();
  draw();
}

session.onChange(redrawn);
window.addEventListener("hashchange", () => session.isSignedIn() && go());
redrawn();
