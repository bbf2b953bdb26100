// What the parts of the page share.
export const at = (id) => document.getElementById(id);
export const show = (element, shown) => { element.hidden = !shown; };

/** Set a text, where it is another one: a screen reader reads again what was set again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
