// The editor without this script is plain forms; with it, texts are edited as they look, drafts are kept by
// themselves, and everything can be done with keys.

const PAUSE = 1500; // milliseconds of silence after which a draft is kept
const editor = document.querySelector(".editor");

// Formatted text and coded text: {1}words{/1}, {2/} for an element without words; braces of the text are doubled.

function coded(node) {
  let text = "";
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) {
      text += child.data.replaceAll("{", "{{").replaceAll("}", "}}").replaceAll("\u200b", "");
    } else if (child.dataset?.n && child.hasAttribute("data-empty")) {
      text += `{${child.dataset.n}/}`;
    } else if (child.dataset?.n) {
      text += `{${child.dataset.n}}${coded(child)}{/${child.dataset.n}}`;
    } else if (child.nodeName === "BR") {
      text += " ";
    } else {
      text += coded(child); // what a browser has put in by itself
    }
  }
  return text;
}

function parse(text, model) {
  // Elements are copied from the model, the formatted text that came with the form: nothing else is ever made.
  const root = document.createDocumentFragment();
  const stack = [root];
  let at = 0;
  for (const match of text.matchAll(/\{\{|\}\}|\{(\/?)(\d{1,4})(\/?)\}/g)) {
    stack.at(-1).append(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (!match[2]) {
      stack.at(-1).append(match[0][0]);
    } else if (match[1]) {
      if (stack.length > 1) stack.pop();
    } else {
      const known = model.get(match[2]);
      if (!known) continue;
      const made = known.cloneNode(match[3] === "/");
      stack.at(-1).append(made);
      if (!match[3]) stack.push(made);
    }
  }
  stack.at(-1).append(text.slice(at));
  return root;
}

function enrich(form) {
  const area = form.querySelector("textarea[data-rich]");
  const template = form.querySelector("template.rich");
  if (!area || !template || form.dataset.rich) return;
  form.dataset.rich = "yes";
  const field = document.createElement("div");
  field.className = "rich-field";
  field.contentEditable = "true";
  field.setAttribute("role", "textbox");
  field.setAttribute("aria-multiline", "true");
  field.setAttribute("aria-label", form.querySelector(".field label").textContent);
  for (const name of ["lang", "dir", "spellcheck", "aria-describedby"]) {
    if (area.hasAttribute(name)) field.setAttribute(name, area.getAttribute(name));
  }
  field.append(template.content.cloneNode(true));
  const model = new Map();
  for (const element of template.content.querySelectorAll("[data-n]")) model.set(element.dataset.n, element);
  area.hidden = true;
  area.after(field);

  const missing = () => {
    const there = new Set([...field.querySelectorAll("[data-n]")].map((element) => element.dataset.n));
    for (const button of form.querySelectorAll(".wrap")) {
      button.classList.toggle("missing", !there.has(button.dataset.n));
    }
  };
  const write = () => {
    area.value = coded(field);
    missing();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  field.addEventListener("input", write);
  field.addEventListener("paste", (event) => {
    event.preventDefault(); // words only: what comes along from elsewhere is no part of the article
    insert(event.clipboardData.getData("text/plain"));
    write();
  });
  field.addEventListener("drop", (event) => event.preventDefault());
  form.use = (text) => {
    field.replaceChildren(parse(text, model));
    write();
    field.focus();
  };
  form.wrap = (number) => {
    wrap(field, number, model, form);
    write();
  };
  missing();
  field.focus();
}

function insert(text) {
  const selection = getSelection();
  if (!selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  range.deleteContents();
  range.insertNode(document.createTextNode(text.replace(/\s+/g, " ")));
  range.collapse(false);
}

function wrap(field, number, model, form) {
  const selection = getSelection();
  if (!selection.rangeCount || !field.contains(selection.anchorNode)) return;
  const range = selection.getRangeAt(0);
  let element = model.get(number) ?? form.querySelector(`.rich-field [data-n="${number}"]`);
  if (!element) {
    element = document.createElement("span");
    element.className = "c";
    element.dataset.n = number;
  }
  // It leaves where it stood: its words stay there.
  for (const old of field.querySelectorAll(`[data-n="${number}"]`)) {
    if (old.hasAttribute("data-empty")) old.remove();
    else old.replaceWith(...old.childNodes);
  }
  const made = element.cloneNode(element.hasAttribute("data-empty"));
  if (made.hasAttribute("data-empty")) {
    range.collapse(false);
    range.insertNode(made);
    return;
  }
  const around = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentNode : node);
  if (range.collapsed || around(range.startContainer) !== around(range.endContainer)) return;
  made.append(range.extractContents());
  range.insertNode(made);
}

// Drafts

const timers = new WeakMap();

function keep(form) {
  const body = new FormData(form);
  body.set("text", form.querySelector("textarea").value);
  const told = form.querySelector(".kept");
  fetch(form.dataset.draft, {
    method: "POST",
    body,
    headers: { "HX-Request": "true" },
    keepalive: true,
  })
    .then((answer) => answer.text().then((text) => (told.textContent = answer.ok ? text : "")))
    .catch(() => (told.textContent = "")); // the text is still on the screen, and is kept with the next change
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form.write");
  if (!form) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(keep, PAUSE, form));
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("form.write")) clearTimeout(timers.get(event.target));
});

// Forms that arrive

function prepare(root) {
  for (const form of root.querySelectorAll("form.write")) {
    if (CSS.supports("color", "red")) enrich(form);
    if (!form.dataset.rich) form.querySelector("textarea").focus();
  }
}

document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
// What a save answers with 409 (somebody was quicker) and 422 (the text is damaged) is the form again, with the reason.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
prepare(document);

document.addEventListener("click", (event) => {
  const use = event.target.closest("button.use");
  const code = event.target.closest("button.wrap");
  const form = event.target.closest("form.write");
  if (use) {
    if (form.use) form.use(use.dataset.text);
    else {
      const area = form.querySelector("textarea");
      area.value = use.dataset.text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  } else if (code && form.wrap) {
    form.wrap(code.dataset.n);
  } else if (event.target.closest("a.cancel") && editor) {
    event.preventDefault();
    close(form);
  }
});

// A button must not take the choice of words away from the text.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("button.wrap")) event.preventDefault();
});

function close(form) {
  const segment = form.closest(".seg");
  if (segment.before) {
    form.closest(".tgt").replaceChildren(...segment.kept);
    segment.focus();
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  const segment = target.closest?.(".seg");
  if (segment && target.matches(".tgt") && !target.querySelector("form.write")) {
    segment.before = true;
    segment.kept = [...target.childNodes];
  }
});

// Keys

const segments = () => [...document.querySelectorAll(".seg")];

function go(step, filter = () => true) {
  const all = segments();
  const here = all.indexOf(document.activeElement?.closest?.(".seg"));
  for (let at = here + step; at >= 0 && at < all.length; at += step) {
    if (filter(all[at])) {
      all[at].focus();
      all[at].scrollIntoView({ block: "nearest" });
      return true;
    }
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.write");
  if (form) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.closest(".seg")?.classList.add("leaving");
      form.requestSubmit();
    } else if (event.key === "Escape" && editor) {
      keep(form);
      close(form);
    } else if (event.altKey && /^[1-9]$/.test(event.key) && form.wrap) {
      event.preventDefault();
      form.wrap(event.key);
    }
    return;
  }
  if (event.target.closest("input, textarea, select, [contenteditable], dialog") || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const segment = document.activeElement?.closest?.(".seg");
  if (event.key === "j") go(1) || document.querySelector(".editor a[rel=next]")?.focus();
  else if (event.key === "k") go(-1);
  else if (event.key === "n") go(1, (each) => each.classList.contains("eyes"));
  else if (event.key === "Enter" && document.activeElement === segment && segment) segment.querySelector(".edit")?.click();
  else if (event.key === "a") document.getElementById("decide")?.focus();
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else return;
  event.preventDefault();
});

// After a save by key: on to the next one.
document.addEventListener("htmx:afterSettle", (event) => {
  const segment = event.target.closest?.(".seg.leaving");
  if (segment && !segment.querySelector("form.write")) {
    segment.classList.remove("leaving");
    segment.focus();
    go(1);
  }
});
