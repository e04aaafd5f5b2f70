// Balances changed where they stand. Without this module their links lead to the same form.

const template = document.getElementById("change");
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

// What a form would make of a balance; null for what is no number. The server decides.
function foresee(form) {
  const { amount, how } = form.elements;
  const typed = amount.value.trim().split(form.querySelector(".preview").dataset.thousands).join(" ");
  if (!/^(\d{1,16}|\d{1,3}([\s\u00a0\u202f]\d{3}){1,5})$/.test(typed)) return null;
  const tokens = Number(typed.replace(/\D/g, ""));
  const balance = Number(form.dataset.balance);
  return { give: balance + tokens, take: balance - tokens, set: tokens }[how.value];
}

function preview(form) {
  const shown = form.querySelector(".preview");
  const after = foresee(form);
  shown.textContent = after === null ? "" : fill(shown.dataset.text, { balance: number(after) });
  shown.classList.toggle("bad", after < 0);
}

function watch(form) {
  form.addEventListener("input", () => preview(form));
}

async function post(address, fields) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
  });
  const isOut = answer.status === 401 || answer.redirected; // WordPress leads to its login
  return isOut ? { status: 401, body: {} } : { status: answer.status, body: await answer.json() };
}

class Editor {
  constructor(button) {
    this.button = button;
    const [form, told] = template.content.cloneNode(true).children;
    this.form = form;
    this.told = told;
    this.refusal = form.querySelector(".refusal");
    this.busy = false;
    form.action = button.dataset.action;
    form.setAttribute("aria-label", fill(words.label, button.dataset));
    form.elements.expected.value = button.dataset.balance;
    form.elements.key.value = button.dataset.key;
    form.dataset.balance = button.dataset.balance;
    watch(form);
    form.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    form.elements.cancel.addEventListener("click", () => this.close());
    told.querySelector("[name=undo]").addEventListener("click", () => this.undo());
    told.querySelector("[name=close]").addEventListener("click", () => this.close());
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
    row.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
    this.button.setAttribute("aria-expanded", "true");
    this.form.elements.amount.focus();
  }

  close() {
    this.row.remove();
    this.button.setAttribute("aria-expanded", "false");
    this.button.focus();
    editors.delete(this.button);
  }

  save() {
    return this.send(this.form.action, new FormData(this.form), (status, body) => this.settle(status, body));
  }

  undo() {
    const address = this.form.action.replace("balance", `entries/${this.entry}/undo`);
    return this.send(address, { csrf: this.form.elements.csrf.value }, (status, body) => {
      if (status !== 201) {
        this.complain(status === 401 ? words.signedOut : body.detail);
        return;
      }
      this.show(body.balance_after);
      this.told.querySelector("[name=undo]").remove();
      this.tell(words.undone, body.balance_after);
    });
  }

  async send(address, fields, settle) {
    if (this.busy) return;
    this.busy = true;
    this.complain("");
    try {
      const { status, body } = await post(address, fields);
      settle(status, body);
    } catch {
      this.complain(words.noAnswer);
    } finally {
      this.busy = false;
    }
  }

  settle(status, body) {
    if (status === 201) {
      const change = body.balance_after - Number(this.button.dataset.balance);
      const { how, amount } = this.form.elements;
      const typed = Number(amount.value.replace(/\D/g, ""));
      const moved = { give: typed, take: -typed, set: change }[how.value];
      this.entry = body.entry_id.replace("led_", "");
      this.show(body.balance_after);
      this.form.replaceWith(this.told);
      this.tell(moved ? fill(moved > 0 ? words.given : words.taken, { count: number(Math.abs(moved)) }) : words.same, body.balance_after);
    } else if (body.code === "balance_changed") {
      this.form.elements.expected.value = body.balance;
      this.show(body.balance);
      this.complain(fill(words.changed, { balance: number(body.balance) }));
    } else {
      this.complain(status === 401 ? words.signedOut : body.detail);
    }
  }

  // Put in after the place is there, so that it is read out.
  tell(text, balance) {
    this.told.querySelector("strong").textContent = "";
    this.told.classList.toggle("bad", balance === undefined);
    requestAnimationFrame(() => {
      this.told.querySelector("strong").textContent = text;
      this.told.querySelector("span").textContent = balance === undefined ? "" : fill(words.now, { balance: number(balance) });
      this.told.focus();
    });
  }

  show(balance) {
    this.button.dataset.balance = balance;
    this.form.dataset.balance = balance;
    this.button.dataset.key = newKey();
    this.button.classList.toggle("bad", balance < 0);
    this.button.querySelector(".shown").textContent = number(balance);
    preview(this.form);
  }

  // Where the form was, what was told of it stays no longer beside what went wrong after it.
  complain(text) {
    if (this.told.isConnected) {
      if (text) this.tell(text);
      return;
    }
    this.refusal.textContent = text;
    this.form.elements.amount.setAttribute("aria-invalid", String(Boolean(text)));
    if (text) this.form.elements.amount.focus();
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

for (const form of document.querySelectorAll("main form.change[data-balance]")) {
  watch(form);
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") { form.reset(); preview(form); } });
}
