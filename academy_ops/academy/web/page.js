// What the parts of the page share.
import { words } from "./words.js";

const COPIED_MS = 2000;
const SHORT = 8;

export const at = (id) => document.getElementById(id);
export const show = (element, shown) => { element.hidden = !shown; };

/** Set a text, where it is another one: a screen reader reads again what was set again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Let a screen reader say it. */
export const say = (text) => setText(at("said"), text);

export function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

/** A job's id in short, and a button that copies it whole: what the support team asks for. */
export function idWithCopy(id) {
  const short = make("code", id.slice(0, SHORT));
  const button = make("button", words().copy, "small");
  button.type = "button";
  button.setAttribute("aria-label", `${words().copy}: ${words().jobId} ${id.slice(0, SHORT)}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(id);
      setText(button, words().copied);
      say(words().copied);
      setTimeout(() => setText(button, words().copy), COPIED_MS);
    } catch {
      // Without leave to copy: the whole of it, for the person to copy.
      setText(short, id);
      getSelection().selectAllChildren(short);
    }
  });
  const both = make("span", `${words().jobId} `, "id");
  both.append(short, " ", button);
  return both;
}
