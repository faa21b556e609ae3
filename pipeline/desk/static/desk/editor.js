// The editor without this script is plain forms; with it, texts are edited as they look, drafts are kept by
// themselves, and everything can be done with keys.

import { tell } from "./desk.js";

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
  form.put = (text) => {
    back(field);
    insert(text);
    write();
  };
  form.wrap = (number) => {
    back(field);
    wrap(field, number, model, form);
    write();
  };
  form.shift = (number, step) => {
    const text = shifted(coded(field), number, step);
    if (!text) return;
    field.replaceChildren(parse(text, model));
    write();
    const moved = field.querySelector(`[data-n="${number}"]`);
    if (document.activeElement === field && moved) getSelection().collapse(moved.hasAttribute("data-empty") ? moved.parentNode : moved, 0);
  };
  for (const button of form.querySelectorAll(".shift")) button.hidden = false;
  missing();
  field.focus();
}

// Where somebody was in a text, when a button below it has the focus now.
document.addEventListener("selectionchange", () => {
  const selection = getSelection();
  const field = selection.anchorNode?.parentElement?.closest(".rich-field");
  if (field && selection.rangeCount) field.last = selection.getRangeAt(0).cloneRange();
});

function back(field) {
  const selection = getSelection();
  if (selection.rangeCount && field.contains(selection.anchorNode)) return;
  selection.removeAllRanges();
  const range = field.last ?? document.createRange();
  if (!field.last) {
    range.selectNodeContents(field);
    range.collapse(false);
  }
  selection.addRange(range);
}

// One element of a coded text moved by a word, on or back; nothing where it can't go. What it encloses stays as long.

const TOKENS = /\{\{|\}\}|\{\/?\d{1,4}\/?\}|\s+|[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[\p{L}\p{M}\p{N}_]+(?:['’-][\p{L}\p{M}\p{N}_]+)*|./gsu;
const isWord = (token) => /^[\p{L}\p{M}\p{N}_]/u.test(token);

function nested(tokens) {
  const stack = [];
  for (const token of tokens) {
    const match = /^\{(\/?)(\d{1,4})(\/?)\}$/.exec(token);
    if (!match || match[3]) continue;
    if (!match[1]) stack.push(match[2]);
    else if (stack.pop() !== match[2]) return false;
  }
  return stack.length === 0;
}

function shifted(text, number, step) {
  const all = text.match(TOKENS) ?? [];
  const mine = new Set([`{${number}}`, `{/${number}}`, `{${number}/}`]);
  const rest = [];
  let first = -1; // words before its beginning, and before its end
  let last = -1;
  let count = 0;
  for (const token of all) {
    if (!mine.has(token)) {
      rest.push(token);
      if (isWord(token)) count += 1;
    } else if (token.startsWith("{/")) {
      last = count;
    } else {
      first = count;
    }
  }
  if (first < 0) return "";
  const empty = last < 0;
  if (!empty && last === first) return ""; // there is no word in it
  const places = rest.flatMap((token, at) => (isWord(token) ? [at] : []));
  for (let by = step; first + by >= 0 && (empty ? first : last) + by <= count; by += step) {
    const moved = [...rest];
    if (empty) {
      const words = first + by;
      moved.splice(words ? places[words - 1] + 1 : 0, 0, `{${number}/}`);
    } else {
      moved.splice(places[last + by - 1] + 1, 0, `{/${number}}`);
      moved.splice(places[first + by], 0, `{${number}}`);
    }
    if (nested(moved)) return moved.join("").replace(/ {2,}/g, " ");
  }
  return "";
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
  if (range.collapsed) wordAround(range);
  if (range.collapsed || around(range.startContainer) !== around(range.endContainer)) return;
  made.append(range.extractContents());
  range.insertNode(made);
}

// Without chosen words the word at the cursor is meant.
function wordAround(range) {
  const node = range.startContainer;
  if (node.nodeType !== Node.TEXT_NODE) return;
  const at = range.startOffset;
  const before = /[\p{L}\p{M}\p{N}'’-]*$/u.exec(node.data.slice(0, at))[0];
  const after = /^[\p{L}\p{M}\p{N}'’-]*/u.exec(node.data.slice(at))[0];
  range.setStart(node, at - before.length);
  range.setEnd(node, at + after.length);
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
    .then((answer) => {
      if (answer.ok) return answer.text().then((text) => (told.textContent = text));
      tell(answer.status === 401 ? "signedOut" : "refused");
    })
    .catch(() => tell("offline")); // the text is still on the screen, and is kept with the next change
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
    enrich(form);
    for (const button of form.querySelectorAll(".insert")) button.hidden = false;
    if (!form.dataset.rich) form.querySelector("textarea").focus();
  }
}

document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
document.addEventListener("htmx:beforeSwap", (event) => {
  // What a save answers with 409 (somebody was quicker) and 422 (the text is damaged) is the form again, with the reason.
  if ([409, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
  const target = event.detail.target;
  const segment = target.closest?.(".seg");
  if (segment && target.matches(".tgt") && !target.querySelector("form.write")) segment.kept = [...target.childNodes];
});
prepare(document);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.use, button.wrap, button.shift, button.insert");
  const form = button ? (button.form ?? button.closest("form.write")) : event.target.closest("form.write");
  const area = form?.querySelector("textarea");
  if (button?.matches(".use")) {
    event.preventDefault(); // without this script it is sent, and comes back in the form
    if (form.use) form.use(button.value);
    else {
      area.value = button.value;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      area.focus();
    }
  } else if (button?.matches(".wrap") && form.wrap) {
    form.wrap(button.dataset.n);
  } else if (button?.matches(".shift") && form.shift) {
    form.shift(button.dataset.n, Number(button.dataset.step));
  } else if (button?.matches(".insert")) {
    if (form.put) form.put(button.dataset.text);
    else area.setRangeText(button.dataset.text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (event.target.closest("a.cancel") && editor) {
    event.preventDefault();
    close(form);
  }
});

// A button must not take the choice of words away from the text.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("button.wrap, button.shift, button.insert")) event.preventDefault();
});

function close(form) {
  const segment = form.closest(".seg");
  if (segment.kept) {
    form.closest(".tgt").replaceChildren(...segment.kept);
    segment.focus();
  }
}

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

// The number of the element at the cursor: around it, or right beside it.
function elementAt(field) {
  const selection = getSelection();
  if (!selection.rangeCount || !field.contains(selection.anchorNode)) return "";
  const { startContainer: node, startOffset: at } = selection.getRangeAt(0);
  const around = (node.nodeType === Node.TEXT_NODE ? node.parentNode : node).closest("[data-n]");
  if (around && field.contains(around)) return around.dataset.n;
  const beside =
    node.nodeType === Node.TEXT_NODE
      ? [at === 0 && node.previousSibling, at === node.length && node.nextSibling]
      : [node.childNodes[at], node.childNodes[at - 1]];
  return beside.find((each) => each && each.dataset?.n)?.dataset.n ?? "";
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
    } else if (event.altKey && event.shiftKey && /^Arrow(Left|Right)$/.test(event.key) && form.shift) {
      const here = elementAt(event.target);
      if (!here) return;
      event.preventDefault();
      const onwards = getComputedStyle(event.target).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
      form.shift(here, event.key === onwards ? 1 : -1);
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
  else if (event.key === "p") go(-1, (each) => each.classList.contains("eyes"));
  else if (event.key === "c") go(1, (each) => each.classList.contains("changed"));
  else if (event.key === "C") go(-1, (each) => each.classList.contains("changed"));
  else if (event.key === "Enter" && document.activeElement === segment && segment) segment.querySelector(".edit")?.click();
  else if (event.key === "a") document.getElementById("decide")?.focus();
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else return;
  event.preventDefault();
});

// After a save by key: on to the next one. A button that was pressed is gone: its segment has the focus then.
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement === document.body && !event.target.querySelector?.("form.write")) event.target.closest?.(".seg")?.focus();
  const segment = event.target.closest?.(".seg.leaving");
  if (segment && !segment.querySelector("form.write")) {
    segment.classList.remove("leaving");
    segment.focus();
    go(1);
  }
});
