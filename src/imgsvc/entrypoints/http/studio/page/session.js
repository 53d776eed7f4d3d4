// Who uses the studio. The tokens are kept for all tabs of this browser, until somebody signs out: a refresh token is
// good once, so tabs that had one each from the same login would end each other's session.

const KEY = "imgsvc.session";
const EARLY = 30_000; // milliseconds before its end that a token is exchanged

const listeners = new Set();

/** Hear of signing in and out, in this tab and in others. */
export const onChange = (listener) => listeners.add(listener);

const tell = () => listeners.forEach((listener) => listener());

window.addEventListener("storage", (event) => event.key === KEY && tell());

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function keep(tokens) {
  const until = Date.now() + tokens.expires_in * 1000;
  localStorage.setItem(KEY, JSON.stringify({ access: tokens.access_token, refresh: tokens.refresh_token, until }));
}

export const isSignedIn = () => kept() !== null;

export function signIn(tokens) {
  keep(tokens);
  tell();
}

/** Forget the tokens; the server is told by who asks for it. */
export function signOut() {
  localStorage.removeItem(KEY);
  tell();
}

/**
 * A token that is still good, or null where nobody is signed in. ``refused`` is one that the server did not take.
 *
 * Rejects where it was to be exchanged, and the server could not be reached or was busy.
 */
export async function token(refused = null) {
  const session = kept();
  if (!session || isGood(session, refused)) return session && session.access;
  return alone(() => exchanged(refused));
}

const isGood = (session, refused) => session.access !== refused && Date.now() < session.until - EARLY;

// One tab at a time. Pages that came by plain HTTP from another host have no locks: there, tabs may end each other's.
const alone = (work) => (navigator.locks ? navigator.locks.request(KEY, work) : inTurn(work));

let turn = Promise.resolve();

function inTurn(work) {
  turn = turn.then(work, work);
  return turn;
}

async function exchanged(refused) {
  const session = kept();
  if (!session || isGood(session, refused)) return session && session.access; // another tab was before us
  const answer = await fetch("v1/auth/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: session.refresh }),
  });
  if (answer.ok) {
    keep(await answer.json());
    return kept().access;
  }
  if (answer.status !== 401) throw new Error(`the exchange was answered by ${answer.status}`); // which passes
  signOut();
  return null;
}
