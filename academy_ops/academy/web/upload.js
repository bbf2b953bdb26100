// The dialog: a file, a password, and their way to the API.
import { MAX_UPLOAD_BYTES, MIN_PASSWORD_CHARACTERS, UPLOAD_PATH, XLSX_START } from "./contract.js";
import { begin } from "./job.js";
import { at, show, setText } from "./page.js";
import { send } from "./requests.js";
import { words } from "./words.js";

let sending = new AbortController();

async function problem(files, password) {
  const [file] = files;
  if (!file) return words().noFile;
  if (files.length > 1) return words().manyFiles;
  if (!file.name.toLowerCase().endsWith(".xlsx")) return words().notXlsx;
  if (file.size > MAX_UPLOAD_BYTES) return words().tooLarge;
  try {
    const start = new Uint8Array(await file.slice(0, XLSX_START.length).arrayBuffer());
    if (String.fromCharCode(...start) !== XLSX_START) return words().notWorkbook;
  } catch {
    return words().notReadable; // moved or changed since it was chosen
  }
  return password.trim().length < MIN_PASSWORD_CHARACTERS ? words().shortPassword : "";
}

function choose(files) {
  if (files !== at("file").files) at("file").files = files;
  setText(at("chosen"), [...at("file").files].map((file) => file.name).join(", "));
  setText(at("upload-trouble"), "");
}

async function upload(event) {
  event.preventDefault();
  const { files } = at("file");
  const password = at("password").value;
  const wrong = await problem(files, password);
  setText(at("upload-trouble"), wrong);
  if (wrong) return;
  const form = new FormData();
  form.append("file", files[0]);
  form.append("initial_password", password.trim());
  sending = new AbortController();
  at("send").disabled = true;
  at("upload-progress").value = 0;
  show(at("upload-progress"), true);
  try {
    const advance = (percent) => { at("upload-progress").value = percent; };
    const accepted = await send(UPLOAD_PATH, form, advance, sending.signal);
    at("dialog").close();
    begin(accepted.job_id, accepted.status, files[0].name);
  } catch (error) {
    setText(at("upload-trouble"), words().refused(error.message));
  } finally {
    at("send").disabled = false;
    show(at("upload-progress"), false);
  }
}

function reveal(shown) {
  at("password").type = shown ? "text" : "password";
  at("reveal").setAttribute("aria-pressed", String(shown));
}

at("open").addEventListener("click", () => {
  at("upload-form").reset();
  reveal(false);
  choose(at("file").files);
  at("dialog").showModal();
});
at("reveal").addEventListener("click", () => reveal(at("password").type === "password"));
at("cancel").addEventListener("click", () => at("dialog").close());
at("dialog").addEventListener("close", () => {
  sending.abort();
  at("password").value = "";
  reveal(false);
});
at("upload-form").addEventListener("submit", upload);
at("file").addEventListener("change", () => choose(at("file").files));

// Without this, a file that misses the dialog would be opened in the place of the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}
for (const name of ["dragover", "dragleave", "drop"]) {
  at("drop").addEventListener(name, (event) => {
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") choose(event.dataTransfer.files);
  });
}
