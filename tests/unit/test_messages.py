"""The languages of the desk: every text of it is translated, and nothing in a translation is broken."""

from __future__ import annotations

import re
from collections import Counter
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from bs4 import BeautifulSoup
from django.utils import translation

from pipeline.desk import sentences, words
from pipeline.desk.templatetags import desk as tags
from pipeline.flow.status import Place
from pipeline.ledger.models import Edition, Membership, Version
from pipeline.stages import check

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[ds]|%%")
LANGUAGES = ("pt", "ur")


def load_script() -> ModuleType:
    """script/messages as a module: the test takes texts out of the sources as the script does."""
    loader = SourceFileLoader("script_messages", str(ROOT / "script" / "messages"))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


script = load_script()


@pytest.fixture(scope="module")
def texts() -> Catalog:
    """Every text of the interface, as the sources have it now."""
    return script.template()


@pytest.fixture(scope="module", params=script.files(), ids=lambda path: path.parent.parent.name)
def catalog(request) -> Catalog:
    """One language's translations after the other."""
    return script.read(request.param)


def messages(catalog: Catalog) -> list[Message]:
    """All but the header."""
    return [message for message in catalog if message.id]


def pairs(message: Message) -> list[tuple[str, str]]:
    """Each form of a translation with the English that it stands for: the last form of it for all but the first."""
    if isinstance(message.id, tuple):
        return [(message.id[min(at, 1)], text) for at, text in enumerate(message.string)]
    return [(message.id, message.string)]


def markup(text: str) -> Counter[str]:
    """The elements of a text."""
    return Counter(element.name for element in BeautifulSoup(text, "html.parser").find_all())


def test_there_are_portuguese_and_urdu():
    """The two languages that come with Sectionwire, each by its file alone."""
    assert {path.parent.parent.name for path in script.files()} >= set(LANGUAGES)


def test_texts_are_found_in_templates_and_in_python(texts):
    """Plain, with placeholders, with a plural, with a context, in a mail, in a subfolder."""
    ids = {(message.id, message.context) for message in texts}
    assert ("My desk", None) in ids
    assert ("numbers", "a check") in ids
    assert ("Taken back: “%(title)s” waits for a decision again.", None) in ids
    assert (("%(n)s warning", "%(n)s warnings"), None) in ids
    assert ("Choose a new password", None) in ids
    assert ("Back to the article", None) in ids


def test_no_catalogue_is_older_than_the_sources(catalog, texts):
    """What the sources say is what the file translates, no more and no less; else: run script/messages."""
    now = {(message.id, message.context) for message in messages(texts)}
    assert {(message.id, message.context) for message in messages(catalog)} == now


def test_everything_is_translated(catalog):
    """No text is empty, or only guessed."""
    assert script.untranslated(catalog) == []
    assert [message.id for message in messages(catalog) if message.fuzzy] == []


def test_plural_forms_are_those_of_the_language(catalog):
    """As many as its rule has."""
    wrong = [m.id for m in messages(catalog) if isinstance(m.id, tuple) and len(m.string) != catalog.num_plurals]
    assert wrong == []


def test_placeholders_agree(catalog):
    """A translation names what the English names, and nothing else: another name would be an error on the page.

    A plural form may leave the number out: *two* is a form of its own in some languages.
    """
    wrong = []
    for message in messages(catalog):
        for english, text in pairs(message):
            named, wanted = Counter(PLACEHOLDER.findall(text)), Counter(PLACEHOLDER.findall(english))
            fits = named <= wanted if isinstance(message.id, tuple) else named == wanted
            if not fits or re.search(r"[{}]", text):
                wrong.append(text)
    assert wrong == []


def test_markup_agrees(catalog):
    """A translation has the elements of the English: none is lost, none comes in."""
    wrong = [t for m in messages(catalog) for english, t in pairs(m) if markup(english) != markup(t)]
    assert wrong == []


def test_spaces_around_texts_agree(catalog):
    """Sentences are put side by side on pages."""
    wrong = [t for m in messages(catalog) for _english, t in pairs(m) if t != t.strip() or "  " in t]
    assert wrong == []


def test_urdu_is_written_in_urdu():
    """Letters that look alike in Arabic are others: a search would not find them. Every text is in its own script."""
    catalog = script.read(script.LOCALE / "ur" / "LC_MESSAGES" / "django.po")
    said = [text for message in messages(catalog) for _english, text in pairs(message) if text != "Sectionwire"]
    assert [text for text in said if re.search("[كيةى٠-٩۰-۹]", text)] == []
    assert [text for text in said if not re.search("[\u0600-\u06ff]", text)] == []


def test_a_template_is_read_whatever_its_indentation(tmp_path):
    """Babel reads a template as Python, for which indentation and quotes would mean something."""
    source = script.template_source(
        '{% if x %}\n      <p>it\'s {% translate \'One\' %}\n  {% else %}\n    {% translate "Two" %} """ {% endif %}'
        "{% blocktranslate count n=n with many=n|f %}{{ many }} day{% plural %}{{ many }} days{% endblocktranslate %}"
    )
    found = [m for _line, m, _c, _x in script.extract("python", script.BytesIO(source), script.KEYWORDS)]
    assert found == ["One", "Two", ("%(many)s day", "%(many)s days")]


def test_every_word_of_the_ledger_has_a_word_on_the_page():
    """A state, a role or a place that is new has to get its words."""
    assert set(words.STATES) == set(Edition.State)
    assert set(words.ORIGINS) == set(Version.By)
    assert set(words.ROLES) == set(Membership.Role)
    assert set(words.PLACES) == set(Place)
    assert set(words.CHECKS) == {each.id for each in check.ours()}


@pytest.mark.parametrize(
    ("tag", "share", "name", "count", "local"),
    [
        ("en", "85%", "Portuguese (Brazil)", "12,000", "en"),
        ("pt", "85%", "português (Brasil)", "12 000", "pt_PT"),
        ("ur", "85%", "پُرتگالی (برازیل)", "12,000", "ur"),
    ],
)
def test_numbers_and_names_are_those_of_the_interfaces_language(tag, share, name, count, local):
    """By CLDR; Portuguese is Portugal's, as our texts are."""
    with translation.override(tag):
        assert str(tags.interface_locale()) == local
        shown = tags.number(12_000).replace("\u00a0", " ")
        assert (tags.percent(85).strip("\u200e"), shown, tags.language("pt-BR").strip()) == (share, count, name)


def test_a_language_that_cldr_does_not_know_still_works():
    """Numbers are then as in English."""
    with translation.override("tlh"):
        assert tags.number(12_000) == "12,000"


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("There are two spaces in a row.", "Há dois espaços seguidos."),
        (
            "Numbers differ from the source (missing: 40; not in the source: 4).",
            "em falta: 40; não está no original: 4",
        ),
        ("returned by bea: 100 % <b>wrong</b> (%s): mend it", "devolvido por bea: 100 % <b>wrong</b> (%s): mend it"),
        (
            "a check blocks it: The translation of the segment is empty.",
            "bloqueia-o: A tradução do segmento está vazia.",
        ),
    ],
)
def test_a_sentence_of_the_ledger_is_said_in_the_interfaces_language(english, portuguese):
    """With what stands in it, which may hold anything; in English it stays what it is."""
    assert sentences.translated(english) is None
    with translation.override("pt"):
        assert portuguese in str(sentences.translated(english))


def test_a_sentence_that_is_not_known_is_marked_as_english():
    """It is shown as it was written, without its markup."""
    with translation.override("ur"):
        assert tags.sentence("Something <i>else</i>") == (
            '<span lang="en" dir="ltr">Something &lt;i&gt;else&lt;/i&gt;</span>'
        )


def test_a_name_in_latin_letters_does_not_turn_an_urdu_sentence_around():
    """Its direction is the interface's, and what stands in it is isolated (U+2068 … U+2069)."""
    with translation.override("ur"):
        said = tags.sentence("returned by bea: mend it")
    assert said == '<span lang="ur" dir="rtl">\u2068bea\u2069 نے واپس کیا: \u2068mend it\u2069</span>'
