// Spending step by step, and a page that follows what happens elsewhere: see demo/member_page.py.

const panel = document.querySelector(".try");
const available = document.getElementById("available");
const said = document.getElementById("said");
const fragment = document.getElementById("fragment");
const LOOK_MS = 2000;
const WORK_MS = 1100; // as long as an answer takes to begin
let shown = number(available.textContent);
let last = "";
let busy = false;

function number(text) {
  return Number(text.replaceAll(",", ""));
}

function grouped(value) {
  return value.toLocaleString("en");
}

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function say(text) {
  said.textContent = text;
  said.hidden = false;
}

/** Count up or down to the new number, unless the visitor wants no motion. */
function show(value) {
  const from = shown;
  shown = value;
  if (from === value) return;
  available.classList.remove("up", "down");
  void available.offsetWidth; // begins the animation anew
  available.classList.add(value > from ? "up" : "down");
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    available.textContent = grouped(value);
    return;
  }
  const began = performance.now();
  const step = (now) => {
    if (shown !== value) return; // another number came meanwhile
    const part = Math.min(1, (now - began) / 450);
    available.textContent = grouped(Math.round(from + (value - from) * part));
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

/** Put the new fragment in place; what the visitor had opened stays open. */
function put(html) {
  if (html === last) return;
  const isFirst = last === "";
  last = html;
  if (isFirst) return;
  const parts = () => [...fragment.querySelectorAll("details")];
  const open = new Map(parts().map((one) => [one.className, one.open]));
  fragment.innerHTML = html;
  for (const one of parts()) one.open = open.get(one.className) ?? one.open;
}

async function look() {
  const answer = await fetch(panel.dataset.now + location.search);
  if (!answer.ok) return;
  const now = await answer.json();
  put(now.html);
  if (!busy) show(now.available);
}

async function ask(url, form) {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  return answer.json();
}

async function spend(form) {
  const reserved = await ask(form.dataset.reserve, {});
  if (reserved.denied) return say(reserved.denied);
  show(reserved.available);
  say(`Reserved ${grouped(reserved.reserved)} …`);
  await wait(WORK_MS);
  const told = await ask(form.dataset.settle, { hold: reserved.hold });
  if (told.denied) return say(told.denied);
  show(told.available);
  say(`Reserved ${grouped(told.reserved)}, used ${grouped(told.used)}, ` +
    `${grouped(told.freed)} free again. ${form.dataset.done}`);
}

for (const form of panel.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    panel.setAttribute("aria-busy", "true");
    try {
      await spend(form);
      await look();
    } catch {
      say("The demo does not answer. Was it stopped?");
    } finally {
      busy = false;
      panel.removeAttribute("aria-busy");
    }
  });
}

for (;;) {
  if (!document.hidden) await look().catch(() => {});
  await wait(LOOK_MS);
}
