// The status bar: a card for each upload, asked for until it has ended.
import { JOBS_PATH, JobStatus, REJECTED_OF_JOB } from "./contract.js";
import { ended, numbers, state, title } from "./outcome.js";
import { at, idWithCopy, make, say, setText, show } from "./page.js";
import { get, now, Refusal } from "./requests.js";
import { words } from "./words.js";

const KEPT = "academy.jobs"; // their ids alone, until they are closed: a reload or another session goes on with them
const MOST_CARDS = 5;
const MOST_ROWS = 1000;
const MOST_NAMES = 10;
const MINUTE = 60_000;

let cards = []; // the newest first
let whenChanged, whenSignedOut;

/** Name what follows when a job was made or has ended, and when the token is no longer taken. */
export function attend(changed, signedOut) {
  [whenChanged, whenSignedOut] = [changed, signedOut];
}

/** Follow a job that was just made, beside those that are followed already. */
export function begin(id, status, file) {
  watch(id, status, file);
  whenChanged();
}

/** Follow a job whose state is not known yet. */
export function watch(id, status = "ASKING", file = "") {
  if (!cards.some((card) => card.id === id)) {
    cards.unshift(new Card(id, status, file));
    for (const old of cards.slice(MOST_CARDS).filter((card) => ended(card.job))) drop(old);
    keep();
  }
  const card = cards.find((known) => known.id === id);
  at("jobs").prepend(card.element);
  show(at("jobs"), true);
  at("jobs").scrollTop = 0;
}

export function resume() {
  for (const id of kept().reverse()) watch(id);
}

/** Take all cards off the page; what is to be forgotten is not resumed either. */
export function leave(forgotten) {
  for (const card of [...cards]) drop(card);
  if (forgotten) localStorage.removeItem(KEPT);
}

export function showJobs() {
  for (const card of cards) {
    card.drawId();
    card.draw();
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]").filter((id) => typeof id === "string");
  } catch {
    return [];
  }
}

function keep() {
  localStorage.setItem(KEPT, JSON.stringify(cards.map((card) => card.id)));
}

function drop(card) {
  card.stop();
  cards = cards.filter((other) => other !== card);
  show(at("jobs"), cards.length > 0);
}

class Card {
  constructor(id, status, file) {
    this.id = id;
    this.job = { job_id: id, status }; // as the API last answered
    this.file = file;
    this.more = []; // rejected rows after those that the job's result lists
    this.trouble = ""; // why the last request failed
    this.since = now();
    this.timer = 0;
    this.gone = false;
    this.element = at("job-card").content.firstElementChild.cloneNode(true);
    this.part("close").addEventListener("click", () => {
      drop(this);
      keep();
      at("open").focus();
    });
    this.part("more-rows").addEventListener("click", () => this.readMore());
    this.drawId();
    this.draw();
    this.poll();
  }

  part(name) {
    return this.element.querySelector(`.${name}`);
  }

  stop() {
    this.gone = true;
    clearTimeout(this.timer);
    this.element.remove();
  }

  async poll() {
    clearTimeout(this.timer);
    let answer = this.job;
    let why = "";
    try {
      answer = await get(`${JOBS_PATH}${encodeURIComponent(this.id)}/`);
      if (typeof answer.status !== "string") throw new Refusal(words().notJson);
    } catch (error) {
      if (this.gone) return;
      if (error.status === 401) return whenSignedOut();
      answer = this.job;
      // Only the API knows that there is no such job; a 404 of a gateway says nothing about it.
      if (error.status === 404 && error.said) answer = { status: JobStatus.FAILED, error_message: words().gone };
      else why = error.message;
    }
    if (this.gone) return;
    [this.job, this.trouble] = [answer, why];
    clearTimeout(this.timer);
    if (ended(this.job)) whenChanged();
    else this.timer = setTimeout(() => this.poll(), this.pause());
    this.draw();
  }

  pause() {
    const minutes = (now() - this.since) / MINUTE;
    if (document.hidden || minutes > 10) return 5000;
    return minutes > 3 ? 2000 : 1000;
  }

  draw() {
    const over = ended(this.job);
    const outcome = title(this.job);
    if (this.part("outcome").textContent !== outcome) say([this.file, outcome].filter(Boolean).join(": "));
    setText(this.part("outcome"), outcome);
    this.element.dataset.state = this.trouble && !over ? "trouble" : state(this.job);
    this.element.setAttribute("aria-label", [this.file, outcome].filter(Boolean).join(": "));
    setText(this.part("close"), words().close);
    show(this.part("close"), over);
    this.drawProgress(over);
    setText(this.part("trouble"), this.trouble && !over ? words().trouble(this.trouble) : "");
    this.drawRejected();
    this.drawRead();
  }

  /** Apart from what each poll draws: its button may have the focus. */
  drawId() {
    this.part("which").replaceChildren(idWithCopy(this.id), this.file && make("span", this.file));
  }

  drawProgress(over) {
    const bar = this.part("progress");
    const { percent } = this.job.progress ?? {};
    bar.setAttribute("aria-label", words().progress);
    if (typeof percent === "number") bar.value = percent;
    else bar.removeAttribute("value");
    show(bar, !over);
    setText(this.part("step"), over ? "" : this.step(this.job.progress ?? {}));
  }

  step({ step, step_name, step_index, step_total, percent }) {
    const begun = Date.parse(this.job.created_at);
    const minutes = Math.floor((now() - (Number.isNaN(begun) ? this.since : begun)) / MINUTE);
    if (this.job.status === JobStatus.PENDING) return words().waiting(minutes);
    const steps = step_index && step_total ? `${step_index}/${step_total}` : "";
    const share = typeof percent === "number" ? `${percent} %` : "";
    const parts = [steps, words().steps[step] ?? step_name ?? step, share, minutes > 0 ? words().since(minutes) : ""];
    return parts.filter(Boolean).join(" · ");
  }

  drawRejected() {
    const { rejected } = numbers(this.job);
    const rows = this.rows();
    show(this.part("rejected"), rejected > 0);
    show(this.part("more-rows"), rows.length > 0 && rows.length < rejected);
    setText(this.part("more-rows"), words().moreRows);
    setText(this.part("rejected").querySelector("summary"), words().rejected(rejected, rows.length));
    this.part("rows").replaceChildren(...rows.map(({ sheet, row, name, error, value }) =>
      make("li", words().row(this.among(sheet), row, name, error) + quoted(value))));
  }

  rows() {
    return [...listed(this.job.result?.failed).slice(0, MOST_ROWS), ...this.more];
  }

  /** Read a page more of the rejected rows, and go on from the first of them: the button may be gone then. */
  async readMore() {
    const button = this.part("more-rows");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const known = this.rows().length;
    let why = "";
    try {
      const query = new URLSearchParams({ offset: known });
      const { results } = await get(`${JOBS_PATH}${encodeURIComponent(this.id)}/${REJECTED_OF_JOB}?${query}`);
      this.more.push(...listed(results));
    } catch (error) {
      if (this.gone) return;
      if (error.status === 401) return whenSignedOut();
      why = words().rowsTrouble(error.message);
    }
    button.removeAttribute("aria-disabled");
    if (this.gone) return;
    setText(this.part("rows-trouble"), why);
    if (this.rows().length === known) return;
    this.drawRejected();
    say(this.part("rejected").querySelector("summary").textContent);
    const first = this.part("rows").children[known];
    first.tabIndex = -1;
    first.focus();
  }

  /** A sheet's name, where there are others. */
  among(sheet) {
    return listed(this.job.result?.sheets).length > 1 ? sheet : "";
  }

  /** What of the workbook was read, and what was not: nothing is left out without a word. */
  drawRead() {
    const { sheets, sheets_left_out: left, ignored_columns: ignored, left_out_values: values } = this.job.result ?? {};
    const sheetsLeft = listed(left);
    const columns = [...new Set(listed(ignored).map(({ heading }) => heading))];
    const omitted = listed(values);
    const lines = [
      ...listed(sheets).map((sheet) => words().sheetRead(sheet)),
      ...sheetsLeft.map(({ name, reason }) => words().sheetLeft(name, reason)),
      ...(columns.length ? [words().columnsIgnored(columns.join(", "))] : []),
      ...omitted.map(({ sheet, row, column, value }) => words().valueLeft(this.among(sheet), row, column) + quoted(value)),
    ];
    const box = this.part("read");
    const names = listed(sheets).slice(0, MOST_NAMES).map(({ name }) => name).join(", ");
    const leftOut = sheetsLeft.length + columns.length + omitted.length;
    // Open from the start where something was left out; then as the person leaves it.
    if (box.hidden && lines.length) box.open = leftOut > 0;
    show(box, lines.length > 0);
    setText(box.querySelector("summary"), words().read(names, leftOut));
    this.part("lines").replaceChildren(...lines.map((line) => make("li", line)));
  }
}

const listed = (value) => (Array.isArray(value) ? value.filter((entry) => entry && typeof entry === "object") : []);
const quoted = (value) => (value ? ` (${value})` : "");

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const card of cards.filter((open) => !ended(open.job))) card.poll();
});
