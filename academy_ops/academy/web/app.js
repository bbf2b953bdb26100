import { WORDS } from "./words.js";

const MIB = 1024 * 1024;
const LARGEST = 10 * MIB;
const SHORTEST_PASSWORD = 4;
const ASK_MS = 10_000;
const ENDED = ["DONE", "FAILED", "REJECTED_BAD_INPUT", "REVIEW_REQUIRED"];

const at = (id) => document.getElementById(id);
const words = () => WORDS[document.documentElement.lang];
const token = () => sessionStorage.getItem("academy.token");
const show = (element, shown) => { element.hidden = !shown; };

let job = null; // what was last told of the job that is watched
let trouble = null; // why it could not be told, where it could not
let timer = 0;
let watchedSince = 0;

// Language

function speak(language) {
  document.documentElement.lang = language;
  localStorage.setItem("academy.language", language);
  at("language").value = language;
  document.title = words().title;
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = words()[element.dataset.word];
  }
  showJob();
}

// Requests

class Refusal extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

function detail(body, status) {
  const flat = (value) =>
    value && typeof value === "object" ? Object.values(value).map(flat).join(" ") : String(value ?? "");
  try {
    return flat(JSON.parse(body).detail) || `HTTP ${status}`;
  } catch {
    return `HTTP ${status}`; // a gateway's page
  }
}

async function get(path) {
  const headers = { Authorization: `Bearer ${token()}` };
  let answer;
  try {
    answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(ASK_MS) });
    if (answer.ok) return await answer.json();
  } catch {
    throw new Refusal(0, words().offline);
  }
  throw new Refusal(answer.status, detail(await answer.text(), answer.status));
}

function send(form, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/students/bulk_create_from_excel/");
    request.setRequestHeader("Authorization", `Bearer ${token()}`);
    request.upload.onprogress = (event) => onProgress((100 * event.loaded) / event.total);
    request.onerror = () => reject(new Refusal(0, words().offline));
    request.onload = () =>
      request.status === 202
        ? resolve(JSON.parse(request.responseText))
        : reject(new Refusal(request.status, detail(request.responseText, request.status)));
    request.send(form);
  });
}

// Signing in, and the list

async function list() {
  const signedIn = token() !== null;
  show(at("sign-in"), !signedIn);
  show(at("students"), signedIn);
  show(at("sign-out"), signedIn);
  if (!signedIn) return;
  try {
    const { count, results } = await get("/api/v1/students/?limit=100");
    at("count").textContent = String(count);
    at("rows").replaceChildren(...results.map(tableRow));
    show(at("rows").parentElement, count > 0);
    show(at("empty"), count === 0);
    at("list-trouble").textContent = "";
  } catch (error) {
    if (error.status === 401) return signOut(words().badToken);
    at("list-trouble").textContent = words().listTrouble(error.message);
  }
}

function tableRow(student) {
  const row = document.createElement("tr");
  for (const value of [student.name, student.parent_phone]) {
    row.insertCell().textContent = value;
  }
  return row;
}

function signOut(why = "") {
  clearTimeout(timer);
  sessionStorage.removeItem("academy.token");
  localStorage.removeItem("academy.job");
  at("sign-in-trouble").textContent = why;
  job = trouble = null;
  showJob();
  list();
  at("token").focus();
}

// Uploading

async function problem(file, password) {
  if (!file) return words().noFile;
  if (!file.name.toLowerCase().endsWith(".xlsx")) return words().notXlsx;
  if (file.size > LARGEST) return words().tooLarge;
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (String.fromCharCode(...start) !== "PK\x03\x04") return words().notWorkbook;
  return password.trim().length < SHORTEST_PASSWORD ? words().shortPassword : null;
}

function choose(files) {
  if (files !== at("file").files) at("file").files = files;
  at("chosen").textContent = at("file").files[0]?.name ?? "";
  at("upload-trouble").textContent = "";
}

async function upload(event) {
  event.preventDefault();
  const [file] = at("file").files;
  const password = at("password").value;
  const wrong = await problem(file, password);
  at("upload-trouble").textContent = wrong ?? "";
  if (wrong) return;
  const form = new FormData();
  form.append("file", file);
  form.append("initial_password", password.trim());
  at("send").disabled = true;
  show(at("upload-progress"), true);
  try {
    const accepted = await send(form, (percent) => { at("upload-progress").value = percent; });
    at("dialog").close();
    watch(accepted.job_id);
  } catch (error) {
    at("upload-trouble").textContent = words().refused(error.message);
  } finally {
    at("send").disabled = false;
    show(at("upload-progress"), false);
  }
}

// The status bar

function watch(id) {
  localStorage.setItem("academy.job", id);
  job = { job_id: id, status: "PENDING" };
  trouble = null;
  watchedSince = Date.now();
  showJob();
  poll();
}

function pause() {
  const minutes = (Date.now() - watchedSince) / 60_000;
  if (document.hidden || minutes > 10) return 5000;
  return minutes > 3 ? 2000 : 1000;
}

async function poll() {
  clearTimeout(timer);
  const id = job.job_id;
  try {
    const told = await get(`/api/v1/jobs/${encodeURIComponent(id)}/`);
    if (job?.job_id !== id) return;
    job = told;
    trouble = null;
  } catch (error) {
    if (job?.job_id !== id) return;
    if (error.status === 401) return signOut(words().badToken);
    if (error.status === 404) job = { ...job, status: "FAILED", error_message: words().gone };
    else trouble = error.message;
  }
  showJob();
  if (ENDED.includes(job.status)) {
    localStorage.removeItem("academy.job");
    list();
  } else {
    timer = setTimeout(poll, pause());
  }
}

function showJob() {
  show(at("job"), job !== null);
  if (job === null) return;
  const ended = ENDED.includes(job.status);
  const rejected = job.result?.failed ?? [];
  at("job-title").textContent = title(rejected);
  at("job").dataset.state = state(rejected);
  const percent = job.progress?.percent;
  if (typeof percent === "number") at("job-progress").value = percent;
  else at("job-progress").removeAttribute("value");
  show(at("job-progress"), !ended);
  show(at("job-close"), ended);
  const step = job.status === "PENDING" ? words().waiting : [job.progress?.step_name, percent && `${percent} %`];
  at("job-step").textContent = ended ? "" : [step].flat().filter(Boolean).join(" · ");
  at("job-trouble").textContent = trouble && !ended ? words().trouble(trouble) : "";
  show(at("job-rejected"), rejected.length > 0);
  at("job-rejected").querySelector("summary").textContent = words().rejected(rejected.length);
  at("job-rejected").querySelector("ul").replaceChildren(...rejected.map(rejectedRow));
}

function failed() {
  // A production release wrote DONE together with a message for a job that had failed.
  return ["FAILED", "REJECTED_BAD_INPUT"].includes(job.status) || (job.status === "DONE" && job.error_message);
}

function state(rejected) {
  if (failed()) return "failed";
  if (job.status === "DONE") return rejected.length ? "partial" : "done";
  return trouble ? "trouble" : "active";
}

function title(rejected) {
  if (failed()) return words().failed(job.error_message || words().noReason);
  if (job.status === "REVIEW_REQUIRED") return words().review;
  if (job.status !== "DONE") return words()[job.status] ?? words().unknown(job.status);
  const { created = 0, duplicates = 0 } = job.result ?? {};
  return rejected.length ? words().partial(created, rejected.length) : words().done(created, duplicates);
}

function rejectedRow({ row, name, error }) {
  const item = document.createElement("li");
  item.textContent = words().row(row, name ?? "", error);
  return item;
}

// What a person does

at("language").addEventListener("change", (event) => speak(event.target.value));
at("sign-out").addEventListener("click", () => signOut());
at("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("academy.token", at("token").value.trim());
  at("token").value = "";
  at("sign-in-trouble").textContent = "";
  list();
});
at("open").addEventListener("click", () => {
  at("upload-form").reset();
  choose(at("file").files);
  at("dialog").showModal();
});
at("cancel").addEventListener("click", () => at("dialog").close());
at("upload-form").addEventListener("submit", upload);
at("file").addEventListener("change", () => choose(at("file").files));
at("job-close").addEventListener("click", () => {
  job = null;
  showJob();
});
for (const name of ["dragover", "dragleave", "drop"]) {
  at("drop").addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") choose(event.dataTransfer.files);
  });
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && job && !ENDED.includes(job.status)) poll();
});

speak(localStorage.getItem("academy.language") ?? (navigator.language.startsWith("ko") ? "ko" : "en"));
list();
if (token() !== null && localStorage.getItem("academy.job") !== null) watch(localStorage.getItem("academy.job"));
