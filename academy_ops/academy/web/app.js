// The page as a whole: its language, and who has signed in.
import { attend, leave, resume, showJobs } from "./job.js";
import { at, show, setText } from "./page.js";
import { token } from "./requests.js";
import { forget, list } from "./students.js";
import "./upload.js";
import { forgetUploads, listUploads, showUploads } from "./uploads.js";
import { words } from "./words.js";

function speak(language) {
  document.documentElement.lang = language;
  localStorage.setItem("academy.language", language);
  at("language").value = language;
  document.title = words().title;
  for (const element of document.querySelectorAll("[data-word]")) {
    setText(element, words()[element.dataset.word]);
  }
  at("search").placeholder = words().search;
  at("jobs").setAttribute("aria-label", words().jobs);
  showJobs();
  showUploads();
}

function showWhoIsIn() {
  const signedIn = token() !== null;
  show(at("sign-in"), !signedIn);
  show(at("students"), signedIn);
  show(at("sign-out"), signedIn);
}

function signOut(why) {
  sessionStorage.removeItem("academy.token");
  // A job whose token has run out goes on after the next sign-in.
  leave(why === "");
  forget();
  forgetUploads();
  at("dialog").close();
  showWhoIsIn();
  setText(at("sign-in-trouble"), why);
  at("token").focus();
}

async function fill(ask = () => Promise.all([list(), listUploads()])) {
  try {
    await ask();
  } catch {
    signOut(words().badToken);
  }
}

function enter() {
  showWhoIsIn();
  if (token() === null) return;
  fill();
  resume();
}

attend(() => fill(), () => signOut(words().badToken));
at("language").addEventListener("change", (event) => speak(event.target.value));
at("sign-out").addEventListener("click", () => signOut(""));
at("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = at("token").value.trim();
  at("token").value = "";
  // A header can't hold anything else, as what a Korean input method makes of a token's letters.
  const possible = /^[\x21-\x7e]+$/.test(typed);
  setText(at("sign-in-trouble"), possible ? "" : words().badToken);
  if (!possible) return;
  sessionStorage.setItem("academy.token", typed);
  enter();
  at("open").focus();
});
at("search").addEventListener("input", () => fill(list));
at("more").addEventListener("click", () => fill(() => list(true)));
at("uploads-more").addEventListener("click", () => fill(() => listUploads(true)));

speak(localStorage.getItem("academy.language") ?? (navigator.language.startsWith("ko") ? "ko" : "en"));
enter();
