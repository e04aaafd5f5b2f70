// Balances changed where they stand. Without this module their links lead to the same form.

const template = document.getElementById("change");
const news = document.getElementById("news");
const words = template ? template.dataset : {};

function number(value) {
  return Number(value).toLocaleString(template.closest("[lang]").lang);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function tell(text) {
  news.textContent = "";
  requestAnimationFrame(() => { news.textContent = text; });
}

class Editor {
  constructor(button) {
    this.button = button;
    this.form = template.content.firstElementChild.cloneNode(true);
    this.refusal = this.form.querySelector(".refusal");
    this.busy = false;
    const { set_to: setTo, expected, key } = this.form.elements;
    this.form.action = button.dataset.action;
    this.form.setAttribute("aria-label", fill(words.label, button.dataset));
    expected.value = button.dataset.balance;
    setTo.value = String(Math.max(0, Number(button.dataset.balance)));
    key.value = button.dataset.key;
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    this.form.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
    this.form.elements.cancel.addEventListener("click", () => this.close());
  }

  open() {
    const row = document.createElement("tr");
    const cell = row.insertCell();
    row.className = "editing";
    row.setAttribute("role", "row");
    cell.setAttribute("role", "cell");
    cell.colSpan = this.button.closest("tr").cells.length;
    cell.append(this.form);
    this.button.closest("tr").after(row);
    this.row = row;
    this.button.setAttribute("aria-expanded", "true");
    this.form.elements.set_to.select();
  }

  close() {
    this.row.remove();
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus();
    editors.delete(this.button);
  }

  async save() {
    if (this.busy) return;
    this.busy = true;
    this.complain("");
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams(new FormData(this.form)),
      });
      const isOut = answer.status === 401 || answer.redirected; // WordPress leads to its login
      this.settle(isOut ? 401 : answer.status, isOut ? {} : await answer.json());
    } catch {
      this.complain(words.noAnswer);
    } finally {
      this.busy = false;
    }
  }

  settle(status, body) {
    if (status === 201) {
      this.show(body.balance_after);
      this.close();
      tell(fill(words.saved, { person: this.button.dataset.person, balance: number(body.balance_after) }));
    } else if (body.code === "balance_changed") {
      this.form.elements.expected.value = body.balance;
      this.show(body.balance);
      this.complain(fill(words.changed, { balance: number(body.balance) }));
    } else {
      this.complain(status === 401 ? words.signedOut : body.detail);
    }
  }

  show(balance) {
    this.button.dataset.balance = balance;
    this.button.dataset.key = newKey();
    this.button.classList.toggle("bad", balance < 0);
    this.button.querySelector(".shown").textContent = number(balance);
  }

  complain(text) {
    this.refusal.textContent = text;
    this.form.elements.set_to.setAttribute("aria-invalid", String(Boolean(text)));
    if (text) this.form.elements.set_to.focus();
  }
}

const editors = new Map();

function toggle(button) {
  const editor = editors.get(button);
  if (editor) {
    editor.close();
    return;
  }
  const opened = new Editor(button);
  editors.set(button, opened);
  opened.open();
}

for (const link of document.querySelectorAll("a.balance")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  button.setAttribute("aria-expanded", "false");
  Object.assign(button.dataset, link.dataset);
  button.append(...link.childNodes);
  button.addEventListener("click", () => toggle(button));
  link.replaceWith(button);
}

for (const form of document.querySelectorAll("form.change")) {
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") form.reset(); });
}
