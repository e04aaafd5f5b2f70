// Says what each may use while it is typed, and keeps the lines of roles in step.
// Without this module the form works as it is; the page that asks says the same.

const form = document.getElementById("limits");
const words = document.getElementById("words");
const [general, byRole] = form.elements.mode;
const { user_limit: userLimit, guest_limit: guestLimit, else_limit: elseLimit } = form.elements;
const format = new Intl.NumberFormat(words.dataset.locale);
const thousands = format.formatToParts(1e6).find((part) => part.type === "group").value;
const PAUSE_MS = 250;
let waiting;

class Line {
  constructor(row) {
    [this.number, this.tick] = row.querySelectorAll("input:not([type=hidden])");
    this.filled = row.querySelector("[type=hidden]");
    this.name = row.querySelector("label span").textContent;
    this.number.addEventListener("input", () => { this.tick.checked = false; this.touch(); });
    this.tick.addEventListener("change", () => { if (this.tick.checked) this.number.value = ""; this.touch(); });
  }

  touch() {
    byRole.checked = true;
    this.number.placeholder = this.tick.checked ? words.dataset.any : this.filled ? words.dataset.below : "";
  }

  // What everybody gets, as long as nobody has typed anything else for the role.
  follow(limit) {
    const now = this.tick.checked ? "unlimited" : this.number.value;
    if (this.filled && now !== this.filled.value) return;
    if (this.filled) this.filled.value = limit || "unlimited";
    this.number.value = limit;
    this.tick.checked = !limit;
    this.number.placeholder = words.dataset.any;
  }

  limit() {
    if (this.tick.checked) return null;
    return this.number.value.trim() || !this.filled ? read(this.number.value) : rest.limit();
  }
}

// A number as people type it; null for unlimited, undefined for what is none.
function read(typed) {
  const text = typed.trim().replaceAll(thousands, "").replace(/[ \u00a0\u202f]/gu, "");
  if (!text) return null;
  return /^[0-9]+$/u.test(text) ? Number(text) : undefined;
}

const rows = [...form.querySelectorAll(".role-row")].map((row) => new Line(row));
const rest = rows.find((line) => line.number === elseLimit);
const roles = rows.filter((line) => line !== rest);

function sentence(who, limit) {
  const { unlimited, nothing, limited } = words.dataset;
  const text = limit === null ? unlimited : limit === 0 ? nothing : limited;
  const { span } = form.elements.period.selectedOptions[0].dataset;
  return text.replace("{span}", span).replace("{limit}", format.format(limit)).replace("{who}", who);
}

function users() {
  if (general.checked) return [[words.dataset.users, read(userLimit.value)]];
  const together = new Map();
  for (const line of roles) together.set(line.limit(), [...(together.get(line.limit()) ?? []), line.name]);
  return [...together].map(([limit, names]) => [names.join(", "), limit]);
}

function say() {
  const all = [...users(), [words.dataset.guests, read(guestLimit.value)]];
  const list = document.createElement("ul");
  list.className = "in-words";
  for (const [who, limit] of all.filter(([, limit]) => limit !== undefined)) {
    const item = document.createElement("li");
    item.dir = "auto";
    item.textContent = sentence(who, limit);
    list.append(item);
  }
  if (list.textContent !== words.textContent.trim()) words.replaceChildren(list);
}

userLimit.addEventListener("input", () => {
  if (general.checked) for (const line of rows) line.follow(userLimit.value.trim());
});
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(say, PAUSE_MS);
});
say(); // the form may have come back with what was typed
