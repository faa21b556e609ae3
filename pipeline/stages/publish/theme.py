"""How pages look: our templates and style, and what an installation lays over them.

A theme is a folder with up to three others in it: ``templates/`` (a file there wins over ours of the same name),
``labels/`` (our words in further languages, or other words) and ``assets/`` (``base.css``, ``article.css``,
``front.css`` and ``list.css`` win over ours, ``own.css`` comes after all of them; anything else, such as a logo or a
font, is published beside the style, and ``site.css`` in the place of it).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.template.base import VariableDoesNotExist

from pipeline.errors import Permanent
from pipeline.stages.publish import site
from pipeline.stages.publish.wording import Wording

_HERE: Final = Path(__file__).parent
_STYLESHEETS: Final = ("base.css", "article.css", "front.css", "list.css")
_OWN: Final = "own.css"
_FAULTS: Final = (TemplateSyntaxError, TemplateDoesNotExist, VariableDoesNotExist)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_MOST_BYTES: Final = 20_000_000  # of a theme's assets: they stay in memory, and go to every output
# What a UTF-8 page can't hold, or what its readers' parsers refuse: controls, lone surrogates, non-characters.
_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class Theme:
    """Templates, words and assets, read once; safe to share between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder`` is the installation's own theme, if it has one.

        Raises:
            Permanent: a label file or an asset of it can't be used.
        """
        folders = [folder] if folder else []
        self.wording = Wording([each / "labels" for each in folders])
        templates = [*(each / "templates" for each in folders), _HERE / "templates"]
        self._engine = Engine(dirs=[str(each) for each in templates])
        files = _files([each / "assets" for each in folders])
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + files[name] for name in sorted(files))).hexdigest()
        base = f"{site.ASSETS}{digest[:16]}/"
        self.stylesheet: Final = f"{base}site.css"
        self.assets: Mapping[str, bytes] = MappingProxyType({f"{base}{name}": data for name, data in files.items()})
        """What pages link to, by path in the site. The folder carries a digest of all: written once, kept."""

    def render(self, template: str, values: Mapping[str, Any]) -> bytes:
        """A page.

        Raises:
            Permanent: a template of the installation is faulty.
        """
        # No localising: numbers and dates come in as finished text, and Django's settings are never asked.
        context = Context(dict(values), use_l10n=False, use_tz=False)
        try:
            html = self._engine.get_template(template).render(context)
        except (*_FAULTS, OSError, UnicodeDecodeError, RecursionError) as error:  # it can't be read, or includes itself
            raise Permanent(
                f"The template {template} can't be rendered: {error}.",
                "Mend the installation's own templates, or move them away to get ours back.",
            ) from error
        return fit(html).encode()

    def links(self, path: str, base: str = "") -> dict[str, Any]:
        """The addresses of the assets from the page at ``path``, as templates ask for them: ``asset.logo.svg``.

        They are whole addresses where ``base``, the site's, is given.
        """
        found: dict[str, Any] = {}
        for asset in self.assets:
            *folders, last = asset.rpartition("/")[2].split(".")
            place = found
            for part in folders:
                step = place.setdefault(part, {})
                place = step if isinstance(step, dict) else {}
            place[last] = site.address(base, asset) if base else site.relative(path, asset)
        return found


def fit(text: str) -> str:
    """The text without what no page, feed or sitemap may hold: replaced by U+FFFD."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def _files(folders: list[Path]) -> dict[str, bytes]:
    """The stylesheet, and what a theme has besides."""
    own = {path.name: path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())}
    for name, path in own.items():
        if not path.is_file() or not _PLAIN_NAME.fullmatch(name):
            raise Permanent(
                f"{path} can't be an asset of a theme.",
                "Keep plain files there, named with letters, digits, dots, hyphens and underscores.",
            )
    try:
        data = {name: path.read_bytes() for name, path in own.items()}
    except OSError as error:
        raise Permanent(f"A theme's asset can't be read: {error}.", "Let the publishing worker read it.") from error
    if sum(map(len, data.values())) > _MOST_BYTES:
        raise Permanent(f"The assets of {folders[0]} have more than 20 MB.", "Put films and archives elsewhere.")
    ours = {name: (_HERE / "assets" / name).read_bytes() for name in _STYLESHEETS}
    style = [data.pop(name, ours.get(name, b"")) for name in (*_STYLESHEETS, _OWN)]
    return {"site.css": b"\n".join(style), **data}
