// The list of students, newest first, a page at a time.
import { STUDENTS_PATH } from "./contract.js";
import { at, show, setText } from "./page.js";
import { get } from "./requests.js";
import { words } from "./words.js";

const PAGE = 100;
let asked = 0;

/**
 * Show the students whose names hold what is searched for: the first page of them, or one more.
 * A refused token is thrown; any other refusal is shown.
 */
export async function list(more = false) {
  const mine = ++asked;
  const search = at("search").value.trim();
  const query = new URLSearchParams({ search, limit: PAGE, offset: more ? at("rows").rows.length : 0 });
  try {
    const { count, results } = await get(`${STUDENTS_PATH}?${query}`);
    if (mine !== asked) return;
    if (!more) at("rows").replaceChildren();
    at("rows").append(...results.map(tableRow));
    setText(at("count"), String(count));
    show(at("table"), count > 0);
    show(at("more"), results.length > 0 && at("rows").rows.length < count);
    show(at("empty"), count === 0 && search === "");
    show(at("nobody"), count === 0 && search !== "");
    setText(at("list-trouble"), "");
  } catch (error) {
    if (mine !== asked) return;
    if (error.status === 401) throw error;
    setText(at("list-trouble"), words().listTrouble(error.message));
  }
}

/** Take the students off the page. */
export function forget() {
  asked += 1;
  at("search").value = "";
  at("rows").replaceChildren();
  setText(at("count"), "");
}

function tableRow({ name, parent_phone, school, grade, class_name }) {
  const row = document.createElement("tr");
  const phone = parent_phone.replace(/^(\d{3})(\d{4})(\d{4})$/, "$1-$2-$3");
  for (const value of [name, phone, [school, grade, class_name].filter(Boolean).join(" · ")]) {
    row.insertCell().textContent = value;
  }
  return row;
}
