// Ticking accounts of a page. Without this module the boxes and the form below work as they are.

const boxes = Array.from(document.querySelectorAll(".tick input"));
const heading = document.querySelector("thead .tick");
const give = document.getElementById("give");
const ticked = document.getElementById("ticked");

function show(all) {
  const count = boxes.filter((box) => box.checked).length;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
  ticked.textContent = ` (${count})`;
  if (count) give.open = true;
  give.classList.toggle("chosen", count > 0);
}

if (heading) {
  const label = document.createElement("label");
  const all = document.createElement("input");
  const name = heading.querySelector(".unseen");
  all.type = "checkbox";
  name.textContent = heading.dataset.all;
  label.append(all, name);
  heading.append(label);
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show(all);
  });
  for (const box of boxes) box.addEventListener("change", () => show(all));
  show(all); // the browser may have kept ticks when it went back
}
