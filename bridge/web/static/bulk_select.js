// Ticking accounts of a page. Without this module the boxes and the form below work as they are.

const boxes = Array.from(document.querySelectorAll(".tick input"));
const heading = document.querySelector("thead .tick");
const give = document.getElementById("give");
const bar = document.getElementById("give-bar");
const ticked = document.getElementById("ticked");
const picked = document.getElementById("picked");
const untick = document.getElementById("untick");
const isNarrow = matchMedia("(max-width: 46rem)"); // where the form would hide the list

function show(all) {
  const count = boxes.filter((box) => box.checked).length;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
  ticked.textContent = ` (${count})`;
  picked.textContent = bar.dataset.picked.replace("{count}", count);
  if (count && !isNarrow.matches) give.open = true;
  if (!count && isNarrow.matches) give.open = false;
  bar.classList.toggle("chosen", count > 0);
}

if (heading) {
  const label = document.createElement("label");
  const all = document.createElement("input");
  const name = heading.querySelector(".unseen");
  all.type = "checkbox";
  name.textContent = heading.dataset.all;
  label.append(all, name);
  heading.append(label);
  const tick = (checked) => {
    for (const box of boxes) box.checked = checked;
    show(all);
  };
  all.addEventListener("change", () => tick(all.checked));
  untick.addEventListener("click", () => {
    tick(false);
    all.focus({ preventScroll: true }); // the button that had it is gone
  });
  for (const box of boxes) box.addEventListener("change", () => show(all));
  show(all); // the browser may have kept ticks when it went back
}
