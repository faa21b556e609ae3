"""A server to look at published sites on this machine: not made for the public.

Only files below a section's own output folder are sent, wherever a path or a symbolic link would lead.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from pipeline.network import Network

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml",
    ".atom": "application/atom+xml",
    ".rss": "application/rss+xml",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What a browser must know of our files; the rest is Python's knowledge."""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""For the pages that this server makes itself: the sites' own pages bring their policy."""


@dataclass(frozen=True, slots=True)
class Site:
    """One section as it is served: the folder with its pages. What is not ``listed`` is found by its address only."""

    key: str
    name: str
    root: Path
    listed: bool = True


def sites_of(network: Network, home: Path) -> dict[str, Site]:
    """The sections that publish into a folder, by key; and the pictures in ``outputs/media``, where there are any."""
    found = {"media": Site("media", "Pictures", home / "outputs" / "media", listed=False)}
    for section in network.sections:
        folders = [network.outputs[name].path for name in section.outputs if network.outputs[name].type == "folder"]
        if folders:
            found[section.key] = Site(section.key, section.name, home / folders[0].replace("{section}", section.key))
    return found


def find(site: Site, path: str) -> Path | None:
    """The file or folder of a site at a decoded path, or ``None`` when it has none that may be seen.

    Hidden files are Sectionwire's own; a symbolic link that leads out of the site is not followed.
    """
    parts = [part for part in path.split("/") if part]
    if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    try:
        root = site.root.resolve(strict=True)
        found = root.joinpath(*parts).resolve(strict=True)
    except OSError:
        return None
    return found if found.is_relative_to(root) else None


def server(host: str, port: int, sites: Callable[[], Mapping[str, Site]]) -> ThreadingHTTPServer:
    """A server that answers when ``serve_forever`` is called; ``sites`` is asked at every request.

    Raises:
        OSError: it can't listen there.
    """

    class Handler(_Handler):
        known = staticmethod(sites)

    return ThreadingHTTPServer((host, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    server_version = "sectionwire-serve"
    sys_version = ""
    known: Callable[[], Mapping[str, Site]]

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        sites = self.known()
        path = unquote(urlsplit(self.path).path)
        key, _, rest = path.removeprefix("/").partition("/")
        if not key:
            self._send_page(HTTPStatus.OK, "Published sites", _list([site for site in sites.values() if site.listed]))
        elif key not in sites:
            self._not_found()
        else:
            self._answer_file(sites[key], path, rest)

    def _answer_file(self, site: Site, path: str, rest: str) -> None:
        found = find(site, rest)
        if found is None:
            self._not_found(site)
        elif found.is_dir() and not path.endswith("/"):
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", quote(f"/{path.strip('/')}/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send_file(site, find(site, f"{rest}/index.html") if found.is_dir() else found)

    def _send_file(self, site: Site, file: Path | None) -> None:
        try:
            data = file.read_bytes() if file is not None and file.is_file() else None
        except OSError:
            data = None
        if file is None or data is None:
            self._not_found(site)
            return
        kind = TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._send(HTTPStatus.OK, kind, data)

    def _not_found(self, site: Site | None = None) -> None:
        own = find(site, "404.html") if site else None
        if own is not None and own.is_file():
            self._send(HTTPStatus.NOT_FOUND, TYPES[".html"], own.read_bytes())
            return
        body = "<p>There is no such page here. It may not be published yet: <code>sectionwire status</code> tells.</p>"
        self._send_page(HTTPStatus.NOT_FOUND, "Not found", f'{body}<p><a href="/">All sites</a></p>')

    def _send_page(self, status: HTTPStatus, title: str, body: str) -> None:
        page = _PAGE.format(title=escape(title), body=body)
        self._send(status, TYPES[".html"], page.encode(), {"Content-Security-Policy": POLICY})

    def _send(self, status: HTTPStatus, kind: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": kind, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: this server is for looking, and its terminal is shared."""


def _list(sites: Sequence[Site]) -> str:
    items = []
    for site in sites:
        name = escape(site.name)
        if find(site, "index.html"):
            items.append(f'<li><a href="/{quote(site.key)}/">{name}</a></li>')
        else:
            items.append(f"<li>{name}: nothing published yet</li>")
    return f"<ul>{''.join(items)}</ul><p>Served by <code>sectionwire serve</code>, for looking at on this machine.</p>"


_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
