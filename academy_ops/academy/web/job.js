// The status bar: one job, asked for until it has ended.
import { ENDED, JOBS_PATH, JobStatus, UNSUCCESSFUL } from "./contract.js";
import { at, show, setText } from "./page.js";
import { get, Refusal } from "./requests.js";
import { words } from "./words.js";

const KEPT = "academy.job"; // its id alone, until it is closed: a reload or another session goes on with it
const MOST_ROWS = 1000;

let job = null; // as the API last answered
let trouble = ""; // why the last request failed
let timer = 0;
let since = 0;
let whenEnded, whenSignedOut;

/** Name what follows when a job has ended, and when the token is no longer taken. */
export function attend(ended, signedOut) {
  [whenEnded, whenSignedOut] = [ended, signedOut];
}

export function watch(id, status = JobStatus.PENDING) {
  localStorage.setItem(KEPT, id);
  job = { job_id: id, status };
  trouble = "";
  since = Date.now();
  at("job-rejected").open = true;
  showJob();
  poll();
}

export function resume() {
  const id = localStorage.getItem(KEPT);
  if (id !== null) watch(id, "ASKING");
}

/** Take the job off the page; one that is to be forgotten is not resumed either. */
export function leave(forgotten) {
  clearTimeout(timer);
  if (forgotten) localStorage.removeItem(KEPT);
  job = null;
  showJob();
}

async function poll() {
  clearTimeout(timer);
  const { job_id: id } = job;
  let answer = job;
  let why = "";
  try {
    answer = await get(`${JOBS_PATH}${encodeURIComponent(id)}/`);
    if (typeof answer.status !== "string") throw new Refusal(words().notJson);
  } catch (error) {
    if (job?.job_id !== id) return;
    if (error.status === 401) return whenSignedOut();
    answer = job;
    // Only the API knows that there is no such job; a 404 of a gateway says nothing about it.
    if (error.status === 404 && error.said) answer = { job_id: id, status: JobStatus.FAILED, error_message: words().gone };
    else why = error.message;
  }
  if (job?.job_id !== id) return;
  [job, trouble] = [{ ...answer, job_id: id }, why];
  clearTimeout(timer);
  if (ENDED.includes(job.status)) whenEnded();
  else timer = setTimeout(poll, pause());
  showJob();
}

function pause() {
  const minutes = (Date.now() - since) / 60_000;
  if (document.hidden || minutes > 10) return 5000;
  return minutes > 3 ? 2000 : 1000;
}

export function showJob() {
  show(at("job"), job !== null);
  if (job === null) return;
  const ended = ENDED.includes(job.status);
  const rejected = Array.isArray(job.result?.failed) ? job.result.failed : [];
  const count = Math.max(rejected.length, Number(job.result?.rejected) || 0); // the API lists the first hundred
  const { percent } = job.progress ?? {};
  setText(at("job-title"), title(count));
  at("job").dataset.state = state(count);
  if (typeof percent === "number") at("job-progress").value = percent;
  else at("job-progress").removeAttribute("value");
  show(at("job-progress"), !ended);
  show(at("job-close"), ended);
  setText(at("job-step"), ended ? "" : step(job.progress ?? {}));
  setText(at("job-trouble"), trouble && !ended ? words().trouble(trouble) : "");
  show(at("job-rejected"), count > 0);
  setText(at("job-rejected-count"), words().rejected(count, Math.min(rejected.length, MOST_ROWS)));
  at("job-rejected-rows").replaceChildren(...rejected.slice(0, MOST_ROWS).map(rejectedRow));
}

function failed() {
  // A production release wrote DONE together with a message for a job that had failed.
  return UNSUCCESSFUL.includes(job.status) || (job.status === JobStatus.DONE && job.error_message);
}

function state(rejected) {
  if (failed()) return "failed";
  if (job.status === JobStatus.DONE) return rejected ? "partial" : "done";
  return trouble ? "trouble" : "active";
}

function title(rejected) {
  if (failed()) return words().failed(job.error_message || words().noReason);
  if (job.status !== JobStatus.DONE) return words().states[job.status] ?? words().unknown(job.status);
  const { created = 0, duplicates = 0 } = job.result ?? {};
  return words().done(created, duplicates, rejected);
}

function step({ step, step_name, step_index, step_total, percent }) {
  if (job.status === JobStatus.PENDING) return words().waiting;
  const count = step_index && step_total ? `${step_index}/${step_total}` : "";
  const share = typeof percent === "number" ? `${percent} %` : "";
  return [count, words().steps[step] ?? step_name ?? step, share].filter(Boolean).join(" · ");
}

function rejectedRow({ row, name, error }) {
  const item = document.createElement("li");
  item.textContent = words().row(row, name ?? "", error);
  return item;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && job && !ENDED.includes(job.status)) poll();
});
