// My desk: tick all, and how many are ticked. Everything works without this; the list may be put in anew at any moment.

function boxes() {
  return [...document.querySelectorAll('#decide input[name="edition"]')];
}

function tell() {
  const ticked = boxes().filter((box) => box.checked).length;
  const all = document.getElementById("tick-all");
  const shown = document.getElementById("ticked");
  if (!all || !shown) {
    return;
  }
  all.closest("p").hidden = false;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
  shown.hidden = ticked === 0;
  shown.textContent = `(${ticked.toLocaleString(document.documentElement.lang)})`;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "tick-all") {
    for (const box of boxes()) {
      box.checked = event.target.checked;
    }
  }
  tell();
});
// A return and a refusal need a reason: the browser says so before anything is sent, and what is ticked stays ticked.
document.addEventListener("click", (event) => {
  const button = event.target.closest('#decide button[name="action"]');
  if (button) {
    document.getElementById("why").required = ["return", "decline"].includes(button.value);
  }
});

// From line to line with keys, as in the editor; in a field letters are letters.
function step(by) {
  const titles = [...document.querySelectorAll(".line h2 a")];
  const here = titles.indexOf(document.activeElement?.closest(".line")?.querySelector("h2 a"));
  titles[here < 0 ? 0 : Math.min(Math.max(here + by, 0), titles.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "x") document.activeElement?.closest(".line")?.querySelector('input[name="edition"]')?.click();
  else if (event.key === "a") document.getElementById("decide-heading")?.focus();
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else return;
  event.preventDefault();
});
document.addEventListener("htmx:afterSettle", tell);
window.addEventListener("pageshow", tell);
tell();
