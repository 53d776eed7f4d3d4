// Pictures as elements can show them. An <img> sends no token, so their bytes are fetched, and given by a blob's address.

import { ask, get, Problem } from "./api.js";

const SHOWN = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,*/*;q=0.1"; // what browsers show, as they say it
const AT_ONCE = 6; // thumbnails; more would keep the server from the picture that is looked at
const WAIT = 10; // seconds of one long poll

/** Where a rendering of an image is, or its original where there is no spec. */
export const contentPath = (imageId, compact = null) =>
  `v1/images/${imageId}/content${compact === null ? "" : `?t=${encodeURIComponent(compact)}`}`;

/**
 * The picture, its address for elements, and what the answer told of it. Whoever asked ends the address (``revoke``).
 *
 * What costs more than somebody should wait for is made as a job: ``waiting`` hears of that, and it is asked for again
 * once it is ready. Raises what ``ask`` does.
 */
export async function fetched(path, { signal, waiting = () => {} } = {}) {
  const began = performance.now();
  for (;;) {
    const answer = await ask("GET", path, { signal, headers: { Accept: SHOWN } });
    if (answer.status !== 202) return await opened(answer, performance.now() - began);
    waiting();
    await ended(answer.headers.get("Location"), signal);
  }
}

async function opened(answer, duration) {
  const blob = await answer.blob();
  const address = URL.createObjectURL(blob);
  return {
    address,
    blob,
    mediaType: blob.type,
    bytes: blob.size,
    name: named(answer.headers.get("Content-Disposition")),
    cache: answer.headers.get("X-Imgsvc-Cache"),
    duration,
    revoke: () => URL.revokeObjectURL(address),
  };
}

/** What the answer says that a file of it is to be called, or null. */
function named(disposition) {
  const name = /filename\*=UTF-8''([^;]+)/.exec(disposition ?? "");
  return name && decodeURIComponent(name[1]);
}

/** Wait until a job is done. Raises Problem where it failed. */
export async function ended(jobPath, signal) {
  const path = `v1/jobs/${jobPath.split("/").pop()}?wait=${WAIT}`;
  for (;;) {
    const job = await get(path, { signal });
    if (job.status === "ready") return job;
    if (job.status === "failed") throw new Problem(422, job.failure);
  }
}

let busy = 0;
const line = [];

async function inTurn(work) {
  if (busy >= AT_ONCE) await new Promise((go) => line.push(go));
  busy += 1;
  try {
    return await work();
  } finally {
    busy -= 1;
    line.shift()?.();
  }
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    entry.target.dispatchEvent(new Event("seen"));
  }
}, { rootMargin: "200px" });

/** A small square of an image, in its dominant colour until it was scrolled to and has come. */
export function thumbnail(image, { side = 320, signal } = {}) {
  const shown = document.createElement("img");
  shown.alt = image.name || "";
  shown.className = "thumbnail";
  shown.style.backgroundColor = image.dominant_color ?? "";
  shown.addEventListener("seen", () => inTurn(async () => {
    if (signal?.aborted) return;
    try {
      const picture = await fetched(contentPath(image.id, `rs:cover:${side}:${side},f:webp,fr:1`), { signal });
      shown.addEventListener("load", picture.revoke, { once: true });
      shown.src = picture.address;
      shown.style.backgroundColor = "";
    } catch (problem) {
      if (problem.name === "AbortError") return;
      shown.classList.add("missing");
      shown.title = problem.message;
    }
  }));
  seen.observe(shown);
  return shown;
}

/** Give the picture to the browser's downloads. */
export function download(picture, name) {
  const link = document.createElement("a");
  link.href = picture.address;
  link.download = name;
  link.click();
}
