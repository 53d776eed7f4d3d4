// The API of this server, asked as whoever is signed in.

import * as session from "./session.js";
import { plural } from "./words.js";

/** What the server would not do, and why: a problem document (RFC 9457). */
export class Problem extends Error {
  /** ``retryAfter`` is in seconds. */
  constructor(status, document, retryAfter = null) {
    super(explained(document, status) + (retryAfter ? ` Try again in ${plural(retryAfter, "second")}.` : ""));
    this.status = status;
    this.pointer = document.pointer ?? null; // to the value in the body that was wrong
    this.position = document.position ?? null; // in the compact form of a spec
  }
}

function explained(document, status) {
  const detail = document.detail ?? document.title ?? `The server answered ${status}.`;
  const meant = document.nearest && !/did you mean/i.test(detail) ? ` Did you mean ${document.nearest}?` : "";
  const allowed = document.allowed && !detail.includes(document.allowed) ? ` Allowed: ${document.allowed}.` : "";
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${/[.?!]$/.test(detail) ? "" : "."}${allowed}${meant}`;
}

async function problemOf(answer) {
  let document = {};
  try {
    document = await answer.json();
  } catch {
    // a proxy's page, or nothing at all
  }
  return new Problem(answer.status, document, Number(answer.headers.get("Retry-After")) || null);
}

/** An answer of success. Raises Problem, also where the server cannot be reached; AbortError where ``signal`` says so. */
export async function ask(method, path, { json, headers = {}, signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const typed = body === undefined ? headers : { "Content-Type": "application/json", ...headers };
  const send = async (token) => {
    const known = token ? { Authorization: `Bearer ${token}` } : {};
    try {
      return await fetch(path, { method, body, signal, headers: { ...typed, ...known } });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw unreachable();
    }
  };
  const token = await known();
  let answer = await send(token);
  if (answer.status === 401 && token) {
    const newer = await known(token); // it may have ended early: the server's secret was changed, say
    if (newer) answer = await send(newer);
  }
  if (!answer.ok) {
    const problem = await problemOf(answer);
    if (answer.status === 401 && token) session.signOut();
    throw problem;
  }
  return answer;
}

/** Whose token is sent: a good one, or null. Raises Problem where it could not be exchanged just now. */
async function known(refused = null) {
  try {
    return await session.token(refused);
  } catch {
    throw unreachable();
  }
}

const unreachable = () => new Problem(0, { detail: "The server cannot be reached. Is it running, and are you online?" });

/** What is there, as data. Raises what ``ask`` does, as do all that follow. */
export const get = async (path, options) => (await ask("GET", path, options)).json();

/** What becomes of sending data. */
export async function send(method, path, json, { again = null, ...options } = {}) {
  const headers = again ? { "Idempotency-Key": again } : {};
  const answer = await ask(method, path, { ...options, json, headers });
  return answer.status === 204 ? null : answer.json();
}

export const remove = (path, json) => ask("DELETE", path, json === undefined ? {} : { json });

/** A path with what is not empty as its query. */
export function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** A name for one thing that is wanted, under which it may be asked for again without being done twice. */
export const onceOnly = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

/**
 * Upload a file; ``progressed`` hears which part of it was sent, from 0 to 1.
 *
 * By the older way of asking, since the newer one does not tell progress. Where the connection breaks, or the token had
 * ended early, it is sent once more under the same name.
 */
export async function upload(file, { progressed, signal }) {
  const again = onceOnly();
  const token = await known();
  try {
    return await sent(file, { token, again, progressed, signal });
  } catch (problem) {
    if (problem.status !== 0 && problem.status !== 401) throw problem;
    const newer = await known(problem.status === 401 ? token : null);
    if (!newer) throw problem;
    return sent(file, { token: newer, again, progressed, signal });
  }
}

function sent(file, { token, again, progressed, signal }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new DOMException("no longer wanted", "AbortError"));
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name || "pasted.png");
    request.open("POST", "v1/images");
    request.responseType = "json";
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Idempotency-Key", again);
    request.upload.onprogress = (event) => event.lengthComputable && progressed(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Problem(request.status, request.response ?? {}, Number(request.getResponseHeader("Retry-After")) || null));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("no longer wanted", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
