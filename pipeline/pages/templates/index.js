"use strict";
const ID = 0, STATUS = 1, SEX = 2, MONTHS = 3, INTERVAL = 4, AGE = 5, SCORE = 6, LANDMARKS = 7, REASON = 8, PAGE = 9, PICTURE = 10;
const BATCH = 60;
const all = JSON.parse(document.getElementById("data").textContent);
const body = document.getElementById("rows");
const words = document.getElementById("words"), status = document.getElementById("status"), sex = document.getElementById("sex");
const naturally = new Intl.Collator(undefined, { numeric: true }).compare;
let shown = all, column = null, descending = false;

const ageText = (months) => {
  if (months === null) return "";
  const whole = Math.round(months);
  return `${Math.floor(whole / 12)} y ${whole % 12} m`;
};
const texts = all.map((row) => [row[ID], ageText(row[MONTHS]), row[REASON]].join(" ").toLowerCase());
all.forEach((row, place) => { row.place = place; });

const addCell = (line, kind, content) => {
  const cell = line.insertCell();
  cell.className = kind;
  cell.append(content);
};
const addLine = (row) => {
  const line = body.insertRow();
  let picture = "", id = row[ID];
  if (row[PICTURE]) {
    picture = document.createElement("img");
    picture.loading = "lazy";
    picture.alt = "";
    picture.src = row[PICTURE];
  }
  if (row[PAGE]) {
    id = document.createElement("a");
    id.href = row[PAGE];
    id.textContent = row[ID];
  }
  const state = document.createElement("span");
  state.className = `status ${row[STATUS]}`;
  state.textContent = row[STATUS];
  addCell(line, "picture", picture);
  addCell(line, "id", id);
  addCell(line, "state", state);
  addCell(line, "sex", row[SEX]);
  addCell(line, "number", ageText(row[MONTHS]));
  addCell(line, "number interval", row[INTERVAL]);
  addCell(line, "number chronological", ageText(row[AGE]));
  addCell(line, "number score", row[SCORE] === null ? "" : (row[SCORE] > 0 ? "+" : "") + row[SCORE].toFixed(1));
  addCell(line, "landmarks", row[LANDMARKS]);
  addCell(line, "reason", row[REASON]);
};
const addMore = (n) => {
  const start = body.rows.length;
  shown.slice(start, start + n).forEach(addLine);
};
const fillWindow = () => {
  while (body.rows.length < shown.length && body.getBoundingClientRect().bottom < 2 * innerHeight) addMore(BATCH);
};
const compare = (one, other) => {
  const a = one[column], b = other[column];
  if (a === b) return one.place - other.place;
  if (a === null || a === "") return 1; // what is absent comes last, in either order
  if (b === null || b === "") return -1;
  const order = typeof a === "number" ? a - b : naturally(a, b);
  return descending ? -order : order;
};
const update = () => {
  const wanted = words.value.trim().toLowerCase();
  shown = all.filter((row) =>
    (!status.value || row[STATUS] === status.value) && (!sex.value || row[SEX] === sex.value) &&
    texts[row.place].includes(wanted));
  if (column !== null) shown.sort(compare);
  document.getElementById("shown").textContent = `${shown.length} of ${all.length} hands`;
  body.replaceChildren();
  fillWindow();
};
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const next = Number(button.dataset.column);
    descending = next === column && !descending;
    column = next;
    document.querySelectorAll("th").forEach((head) => head.removeAttribute("aria-sort"));
    button.parentElement.setAttribute("aria-sort", descending ? "descending" : "ascending");
    update();
  });
}
for (const field of [words, status, sex]) field.addEventListener("input", update);
addEventListener("scroll", fillWindow, { passive: true });
addEventListener("resize", fillWindow);
addEventListener("beforeprint", () => addMore(shown.length));
update();
