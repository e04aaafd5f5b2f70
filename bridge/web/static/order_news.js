// Waits until the worker has looked at an order, and shows what came of it. Without this module a link does.

const news = document.getElementById("order-news");
const PAUSE_MS = 700;
const TRIES = 90;

function isTouched(part) {
  const fields = Array.from(part.querySelectorAll("input:not([type=hidden]), textarea"));
  return part.contains(document.activeElement) || fields.some((field) => field.value !== field.defaultValue);
}

// What somebody types or stands in stays as it is; a later visit shows it anew.
function renew(fresh) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    if (!isTouched(part)) {
      if (other) part.replaceWith(other);
      else part.remove();
    }
  }
}

async function look(tries) {
  try {
    const answer = await fetch(location.href);
    if (answer.status === 401 || answer.redirected) {
      location.reload();
      return;
    }
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const told = fresh.getElementById("order-news");
      if (told && !("pending" in told.dataset)) {
        delete news.dataset.pending;
        news.className = told.className;
        news.replaceChildren(...told.childNodes);
        renew(fresh);
        return;
      }
    }
  } catch {
    // the bridge is away for a moment
  }
  if (tries > 1) setTimeout(look, PAUSE_MS, tries - 1);
}

if (news && "pending" in news.dataset) setTimeout(look, PAUSE_MS, TRIES);
