// What is made in the background, and what became of it.

import { address, send } from "../api.js";
import { h } from "../dom.js";
import { tell } from "../notices.js";
import { download, fetched, thumbnail } from "../pictures.js";
import { rename } from "../router.js";
import { took, when } from "../words.js";
import { following, statusFilter } from "../parts/following.js";
import { button, table } from "../parts/tables.js";

const STATUSES = ["pending", "processing", "ready", "failed"];
const OFTEN = 2; // seconds

export async function jobsPage(query, signal) {
  const status = query.get("status") ?? "";
  const shown = table("Jobs", columns(signal, () => list.again()), { empty: "No jobs. What takes long, or is asked for in the background, is told of here." });
  const list = following(shown, { path: "v1/jobs", signal, pause: (jobs) => (jobs.some(isUnfinished) ? OFTEN : null) });
  await list.begin({ status });
  const filter = statusFilter(STATUSES, status, (chosen) => {
    rename(address("/jobs", { status: chosen }));
    list.filter({ status: chosen });
  });
  return [h("header", { class: "head" }, h("h1", {}, "Jobs")), filter, shown.element, list.more];
}

const isUnfinished = (job) => job.status === "pending" || job.status === "processing";

const columns = (signal, changed) => [
  { name: "Image", className: "picture", stays: true, of: (job) => h("a", { href: `#/images/${job.image_id}`, "aria-label": "The image of this job" }, thumbnail({ id: job.image_id }, { side: 96, signal })) },
  { name: "Status", of: (job) => h("span", { class: `status ${job.status}` }, job.status) },
  { name: "Attempts", of: (job) => String(job.attempts) },
  { name: "Asked for", of: (job) => when(job.created_at) },
  { name: "Took", of: duration },
  { name: "Trouble", className: "trouble", of: (job) => job.failure?.detail ?? "" },
  { name: "Actions", isUnseen: true, className: "does", of: (job) => actions(job, changed) },
];

function duration({ created_at: asked, finished_at: finished }) {
  if (!finished) return "…";
  const milliseconds = new Date(finished) - new Date(asked);
  return milliseconds < 0 ? "was there already" : took(milliseconds);
}

function actions(job, changed) {
  if (job.status === "ready") return button("Download", () => downloadResult(job));
  return isUnfinished(job) && button("Cancel", () => cancel(job, changed), { class: "dangerous" });
}

async function downloadResult(job) {
  const picture = await fetched(`v1/variants/${job.id}/content`);
  download(picture, picture.name ?? job.id);
  setTimeout(picture.revoke, 60_000); // the browser takes it when it asked where to
}

async function cancel(job, changed) {
  await send("DELETE", `v1/jobs/${job.id}`);
  tell("Cancelled. It is made if it is asked for again.");
  await changed();
}
