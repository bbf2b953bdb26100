// What the page asks of the API: each request with the token in its header, and with a time-out.
import { words } from "./words.js";

const ASK_MS = 10_000;
const SEND_MS = 300_000; // 10 MiB on a slow line

let ahead = 0; // so far the server's clock is ahead of this computer's

/** The time by the server's clock: a school's own may be wrong. */
export const now = () => Date.now() + ahead;

export const token = () => sessionStorage.getItem("academy.token");

/** Why there is no answer; `said` where it was the API itself that refused, not something on the way to it. */
export class Refusal extends Error {
  constructor(why, status = 0, said = false) {
    super(why);
    this.status = status;
    this.said = said;
  }
}

export async function get(path) {
  let answer, body;
  try {
    const headers = { Authorization: `Bearer ${token()}` };
    answer = await fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(ASK_MS) });
    ahead = Date.parse(answer.headers.get("date")) - Date.now() || ahead;
    body = await answer.text();
  } catch {
    throw new Refusal(words().offline);
  }
  return understood(answer.status, body);
}

export function send(path, form, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not report an upload's progress
    request.open("POST", path);
    request.setRequestHeader("Authorization", `Bearer ${token()}`);
    request.timeout = SEND_MS;
    request.upload.onprogress = (event) => onProgress((100 * event.loaded) / event.total);
    request.onerror = request.ontimeout = request.onabort = () => reject(new Refusal(words().offline));
    request.onload = () => {
      try {
        resolve(understood(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function understood(status, body) {
  let content = null;
  try {
    content = JSON.parse(body);
  } catch {
    // A gateway's page.
  }
  if (status < 300 && content !== null) return content;
  const why = flat(content?.detail);
  throw new Refusal(why || (status < 300 ? words().notJson : `HTTP ${status}`), status, why !== "");
}

/** A detail is a text, a list of texts, or an object of lists, as Django REST framework writes them. */
function flat(value) {
  return value && typeof value === "object" ? Object.values(value).map(flat).join(" ") : String(value ?? "");
}
