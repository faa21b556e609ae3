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

// On a phone the filters would fill the first screen: they are folded away while none is used.
const more = document.getElementById("filters-more");

if (more && !("used" in more.dataset) && window.matchMedia("(max-width: 40rem)").matches) {
  more.open = false;
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
document.addEventListener("htmx:afterSettle", tell);
window.addEventListener("pageshow", tell);
tell();
