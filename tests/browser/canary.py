"""Sees whatever a page runs, asks for or is led to; and the corpus of what hostile articles hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Frame, Page, Request, Route

OUT = "canary.example"
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([n\\]))")
_PICTURE = re.compile(r"[Ll]oad(ing)? (the )?(image|media)|Not allowed to load local resource")
_KEPT_OUT = re.compile(r"Content Security Policy|sandboxed|Refused to")

AUDIT = """out => {
  const found = [];
  const text = ".body, .src, .text, .rich-field, .c, .diff, .notes, .events, .article-head, .topics, .teaser, h1, h2";
  const scheme = /^(javascript|vbscript|data|blob|view-source|file):/i;
  const addresses = [
    "href", "src", "action", "formaction", "data", "cite", "poster", "xlink:href", "background", "srcset",
  ];
  const look = root => {
    for (const element of root.querySelectorAll("*")) {
      const name = element.localName;
      const tell = why => found.push(`${why}: ${element.outerHTML.slice(0, 200)}`);
      if (name === "script" && element.type !== "application/ld+json") {
        if (location.protocol === "file:" || !/^[/]static[/]/.test(element.getAttribute("src"))) tell("script");
      }
      if (element.namespaceURI !== "http://www.w3.org/1999/xhtml" && element.closest(text)) tell("another namespace");
      if (["base", "object", "embed", "frame", "frameset", "applet", "portal", "style"].includes(name)) tell(name);
      if (name === "meta" && /refresh|set-cookie/i.test(element.httpEquiv)) tell("meta");
      for (const {name: attribute, value} of element.attributes) {
        if (/^on|^(data-)?hx-on|^srcdoc$|^style$|^nonce$|^popover/i.test(attribute)) tell(attribute);
        if (addresses.includes(attribute)) {
          if (scheme.test(value.replace(/[\\0-\\x20]/g, ""))) tell("address");
        }
        if (["action", "formaction", "ping"].includes(attribute) && value.includes(out)) tell(attribute);
        if (/^(data-)?hx-/i.test(attribute) && (value.includes(out) || element.closest(text))) tell(attribute);
      }
      if (name === "template") look(element.content);
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  return found;
}"""
"""Tells of every element and attribute that has no business on a page of ours."""

TOUCH = """() => {
  const kinds = ["error", "load", "mouseover", "pointerenter", "focus", "toggle", "beforeinput", "animationstart"];
  for (const element of document.querySelectorAll("*")) {
    for (const kind of kinds) element.dispatchEvent(new Event(kind));
  }
  const stay = event => event.preventDefault();
  addEventListener("click", stay);
  for (const element of document.querySelectorAll(".body *, .src *, .text *, .rich-field *")) element.click();
  removeEventListener("click", stay);
}"""
"""Does what a reader's mouse and keys would."""


@dataclass
class Canary:
    """``seen`` says what a page should not have done; in ``room`` page, pictures are the article's own affair.

    ``lenient``: what the policy or the sandbox kept from running is no fault; it must be kept from it, that is all.
    """

    own: str
    seen: list[str] = field(default_factory=list)
    ran: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    room: str = "desk"
    lenient: bool = False
    where: str = ""

    def watch(self, context: BrowserContext) -> None:
        """From now on, everything that a context's pages do is seen."""
        context.expose_function("__ran", self._ran)
        context.route("**/*", self._answer)
        context.on("page", self._watch_page)

    def _watch_page(self, page: Page) -> None:
        page.on("dialog", self._dialog)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._tell(f"a script failed: {error}"))
        page.on("popup", lambda popup: self._tell(f"opened a window: {popup.url}"))
        page.on("download", lambda download: self._tell(f"began a download: {download.url}"))
        page.on("framenavigated", self._navigated)

    def _ran(self, *number: object) -> None:
        self.ran.add(str(number[0]) if number else "")
        self._tell(f"ran payload {number}")

    def _dialog(self, dialog: Dialog) -> None:
        self.ran.add("dialog")
        self._tell(f"opened a dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        excused = "Failed to load resource" in message.text  # the request itself has been seen
        excused = excused or (self.room == "page" and _PICTURE.search(message.text))
        excused = excused or (self.lenient and _KEPT_OUT.search(message.text))
        if message.type == "error" and not excused:
            self._tell(f"the browser complains: {message.text}")

    def _navigated(self, frame: Frame) -> None:
        if not frame.url.startswith((self.own, "file://", "about:")):
            self._tell(f"was led away to {frame.url}")

    def _answer(self, route: Route, request: Request) -> None:
        if request.url.startswith((self.own, "data:", "file://")):
            route.continue_()
            return
        self.asked.append(request.url)
        picture = request.resource_type in ("image", "media")
        if not (picture and self.room == "page"):
            self._tell(f"asked another host ({request.resource_type}): {request.url}")
        route.abort()  # a picture that can't be had: what waits for its error runs

    def _tell(self, what: str) -> None:
        self.seen.append(f"{self.where}: {what}")


@dataclass(frozen=True)
class Payload:
    """One line of the corpus; ``number`` is what its call hands over."""

    number: int
    group: str
    text: str


def payloads(*groups: str) -> list[Payload]:
    """The corpus, or some groups of it: ``body``, ``alone``, ``field``, ``markdown``, ``text``."""
    return [payload for payload in _corpus() if not groups or payload.group in groups]


def _corpus() -> Iterator[Payload]:
    group, numbers = "", count(1)
    for line in (Path(__file__).parent / "payloads.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("== "):
            group = line[3:].split(":")[0].strip()
        elif line and group:
            number = next(numbers)
            text = _ESCAPE.sub(_character, line).replace("RUN", f"__ran({number})").replace("OUT", OUT)
            yield Payload(number, group, text)


def _character(match: re.Match[str]) -> str:
    if match[4]:
        return "\n" if match[4] == "n" else "\\"
    return chr(int(match[1] or match[2] or match[3], 16))


def portions(given: Sequence[Payload], size: int) -> list[Sequence[Payload]]:
    """``given`` in portions for one article each."""
    return [given[at : at + size] for at in range(0, len(given), size)]
