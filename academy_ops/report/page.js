"use strict";
// A button beside each command; beside each time in UTC the same in the reader's own zone. Without it nothing is missing.
const words = document.body.dataset;

async function copy(pre, button) {
  try {
    await navigator.clipboard.writeText(pre.textContent.trim());
    button.textContent = words.copied;
  } catch {
    // A browser that does not allow it to a file: the text is selected instead.
    getSelection().selectAllChildren(pre);
  }
}

for (const pre of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words.copy;
  button.addEventListener("click", () => copy(pre, button));
  pre.before(button);
}

for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  if (moment.getTimezoneOffset() !== 0) {
    const shown = moment.toLocaleString(document.documentElement.lang, { timeStyle: "medium", dateStyle: "short" });
    time.append(` (${shown} ${words.here})`);
  }
}
