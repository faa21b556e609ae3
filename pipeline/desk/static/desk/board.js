// The board looks every ten seconds whether something has changed, as long as somebody sees it and has not paused it.
// It works without this, too: then it shows how things stood when it was loaded.

const EVERY = 10_000;
const live = document.getElementById("live");
let paused = false;

// The paragraph with the button comes anew whenever a filter changes.
function show() {
  const line = document.getElementById("live");
  if (line) {
    line.hidden = false;
    document.getElementById("pause").setAttribute("aria-pressed", String(paused));
  }
}

function look() {
  const rows = document.getElementById("rows");
  if (rows && !paused && document.visibilityState === "visible") {
    window.htmx.trigger(rows, "look");
  }
}

document.addEventListener("click", (event) => {
  if (event.target.id === "pause") {
    paused = !paused;
    event.target.setAttribute("aria-pressed", String(paused));
    look();
  }
});

document.addEventListener("htmx:afterSettle", show);
document.addEventListener("visibilitychange", look);

if (live) {
  show();
  setInterval(look, EVERY);
}
