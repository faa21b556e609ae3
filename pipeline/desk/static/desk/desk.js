// Says what went wrong when a fragment could not be had: htmx alone would stay silent.

const trouble = document.getElementById("trouble");

export function tell(name) {
  trouble.textContent = trouble.dataset[name];
}

document.addEventListener("htmx:sendError", () => tell("offline"));
document.addEventListener("htmx:timeout", () => tell("offline"));
document.addEventListener("htmx:responseError", (event) => {
  tell(event.detail.xhr.status === 401 ? "signedOut" : "refused");
});
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.successful !== false) {
    trouble.textContent = "";
  }
});

// A menu that is open closes on Escape, and when something else is chosen.
const account = document.querySelector("details.account");

if (account) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && account.open) {
      account.open = false;
      account.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!account.contains(event.target)) {
      account.open = false;
    }
  });
}

// On a phone the filters would fill the first screen: they are folded away while none is used.
const filters = document.getElementById("filters-more");

if (filters && !("used" in filters.dataset) && window.matchMedia("(max-width: 40rem)").matches) {
  filters.open = false;
}
