// How far a change of many accounts is. Without this module the page loads itself again.

const bar = document.getElementById("share");
const text = document.getElementById("progress");
const PAUSE_MS = 1000;
const { state, noAnswer } = bar.dataset;

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.redirected) {
      location.reload();
      return;
    }
    if (answer.ok) show(await answer.json());
  } catch {
    text.textContent = noAnswer;
  }
  setTimeout(look, PAUSE_MS);
}

function show(body) {
  if (body.state !== state) location.reload();
  if (body.share === null) bar.removeAttribute("value");
  else bar.value = body.share;
  text.textContent = body.text;
}

look();
