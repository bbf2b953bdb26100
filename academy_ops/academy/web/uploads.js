// The school's uploads, newest first, each with its end.
import { JOBS_PATH } from "./contract.js";
import { watch } from "./job.js";
import { state, title } from "./outcome.js";
import { at, idWithCopy, make, setText, show } from "./page.js";
import { get } from "./requests.js";
import { words } from "./words.js";

const FIRST = 3;
const PAGE = 20;
let known = [];
let asked = 0;

/** Read the list anew, or one page more of it. A refused token is thrown. */
export async function listUploads(more = false) {
  const mine = ++asked;
  const [offset, limit] = more ? [known.length, PAGE] : [0, Math.max(FIRST, known.length)];
  try {
    const { count, results } = await get(`${JOBS_PATH}?${new URLSearchParams({ limit, offset })}`);
    if (mine !== asked) return;
    known = more ? [...known, ...results] : results;
    show(at("uploads"), known.length > 0);
    show(at("uploads-more"), results.length > 0 && known.length < count);
    showUploads();
  } catch (error) {
    if (mine !== asked) return;
    if (error.status === 401) throw error;
    // The production API has no such list.
    show(at("uploads"), known.length > 0);
  }
}

export function forgetUploads() {
  asked += 1;
  known = [];
  show(at("uploads"), false);
}

export function showUploads() {
  const buttons = () => [...at("uploads-rows").querySelectorAll("button")];
  const focused = buttons().indexOf(document.activeElement);
  at("uploads-rows").replaceChildren(...known.map(row));
  buttons()[focused]?.focus();
}

function row(job) {
  const item = make("li");
  const language = document.documentElement.lang;
  const when = new Date(job.created_at).toLocaleString(language, { dateStyle: "short", timeStyle: "short" });
  const time = make("time", when);
  time.dateTime = job.created_at;
  const outcome = make("span", title(job), "outcome");
  outcome.dataset.state = state(job);
  const more = make("button", words().details, "small");
  more.type = "button";
  more.setAttribute("aria-label", `${words().details}: ${when} ${outcome.textContent}`);
  more.addEventListener("click", () => watch(job.job_id));
  const last = make("span", "", "which");
  last.append(idWithCopy(job.job_id), more);
  item.append(time, outcome, last);
  return item;
}
