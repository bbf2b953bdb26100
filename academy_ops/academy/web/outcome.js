// How a job stands: a word for its colour, and a sentence for people.
import { ENDED, JobStatus, UNSUCCESSFUL } from "./contract.js";
import { words } from "./words.js";

export const ended = (job) => ENDED.includes(job.status);

const count = (value) => (Array.isArray(value) ? value.length : Number(value) || 0);

/** The numbers of a job, as the API answers for it alone or in its list. */
export function numbers(job) {
  const { created, duplicates, rejected, failed } = job.result ?? job;
  // Of very many rejected rows the API lists the first hundred.
  return { created: count(created), duplicates: count(duplicates), rejected: Math.max(count(failed), count(rejected)) };
}

// A production release wrote DONE together with a message for a job that had failed.
const broken = (job) => UNSUCCESSFUL.includes(job.status) || (job.status === JobStatus.DONE && Boolean(job.error_message));

function nothing(job) {
  const { created, duplicates, rejected } = numbers(job);
  return job.status === JobStatus.DONE && rejected > 0 && created + duplicates === 0;
}

export function state(job) {
  if (broken(job) || nothing(job)) return "failed";
  if (job.status === JobStatus.REVIEW_REQUIRED) return "partial";
  if (job.status !== JobStatus.DONE) return "active";
  return numbers(job).rejected > 0 ? "partial" : "done";
}

export function title(job) {
  if (broken(job)) return words().failed(job.error_message || words().noReason);
  if (nothing(job)) return words().nobodyCreated(numbers(job).rejected);
  if (job.status !== JobStatus.DONE) return words().states[job.status] ?? words().unknown(job.status);
  const { created, duplicates, rejected } = numbers(job);
  return words().done(created, duplicates, rejected);
}
