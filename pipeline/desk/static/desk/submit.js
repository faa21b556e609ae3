// The submit form: a field that takes formatted text, and a word about what is too large before it is sent. Without this
// the form is a plain one. What is pasted is sent as it was; cleaning is the server's alone. Only what is *shown* here is
// stripped: of every attribute that would run, load, name or style anything in this page.

const form = document.getElementById("submit-text");
const source = form.querySelector("textarea");
const large = document.getElementById("too-large");
const most = Number(form.dataset.most);
const KEPT = "data-kept-";
const SHOWN = new Set(["alt", "colspan", "rowspan", "dir", "lang", "start"]);
const LEFT_OUT = "script, style, link, meta, base, title, form, input, button, select, textarea, object, embed, applet";

// Attributes that a parser acts upon at once get their other name before there is any element.
function disarmed(html) {
  const bare = html.replace(/<style\b[\s\S]*?<\/style\s*>/gi, "");
  return bare.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/(\s)(style|src|srcset|poster|background|on\w+)(?=\s*=)/gi, `$1${KEPT}$2`));
}

function shown(html) {
  const body = new DOMParser().parseFromString(disarmed(html), "text/html").body;
  for (const part of body.querySelectorAll(LEFT_OUT)) {
    part.remove();
  }
  for (const element of body.querySelectorAll("*")) {
    for (const { name, value } of [...element.attributes]) {
      if (!SHOWN.has(name) && !name.startsWith(KEPT)) {
        element.removeAttribute(name);
        element.setAttribute(KEPT + name, value);
      }
    }
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...body.childNodes);
  return fragment;
}

function sent(rich) {
  if (!rich.textContent.trim() && !rich.querySelector("img, iframe, video, audio, table")) {
    return "";
  }
  return `<div>${rich.innerHTML.replaceAll(` ${KEPT}`, " ")}</div>`;
}

function insert(rich, fragment) {
  const selection = window.getSelection();
  if (!selection.rangeCount || !rich.contains(selection.getRangeAt(0).commonAncestorContainer)) {
    rich.append(fragment);
    return;
  }
  const range = selection.getRangeAt(0);
  range.deleteContents();
  range.insertNode(fragment);
  range.collapse(false);
}

function take(event, data, rich) {
  const html = data.getData("text/html");
  if (!html) {
    return; // plain text: the browser puts it in well
  }
  event.preventDefault();
  insert(rich, shown(html));
  source.value = sent(rich);
  weigh();
}

function enrich() {
  const label = form.querySelector(`label[for="${source.id}"]`);
  const rich = document.createElement("div");
  label.id = "submit-text-label";
  rich.className = "rich";
  rich.contentEditable = "true";
  rich.dir = "auto";
  for (const [name, value] of [["role", "textbox"], ["aria-multiline", "true"], ["aria-labelledby", label.id], ["hx-disable", ""]]) {
    rich.setAttribute(name, value);
  }
  if (source.value.trim()) {
    rich.append(shown(source.value));
  }
  source.hidden = true;
  source.after(rich);
  label.addEventListener("click", () => rich.focus());
  rich.addEventListener("paste", (event) => take(event, event.clipboardData, rich));
  rich.addEventListener("drop", (event) => take(event, event.dataTransfer, rich));
  rich.addEventListener("input", () => {
    source.value = sent(rich);
    weigh();
  });
}

function weight() {
  const file = form.querySelector('input[type="file"]')?.files[0];
  return file ? file.size : new Blob([source?.value ?? ""]).size;
}

function weigh() {
  const fits = weight() <= most;
  large.hidden = fits;
  large.textContent = fits ? "" : form.dataset.large;
  return fits;
}

if (source && (source.value.trim() === "" || source.value.trimStart().startsWith("<"))) {
  enrich();
}
form.addEventListener("change", weigh);
form.addEventListener("submit", (event) => {
  if (!weigh()) {
    event.preventDefault();
  }
});
