"""``sectionwire import --existing``: what was translated before comes in as history and memory, and goes nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import Permanent
from pipeline.flow import decisions, installation, status
from pipeline.ledger import invariants
from pipeline.ledger.models import ApprovedUnit, Article, Delivery, Edition, Refresh, Revision, Translation, Version
from tests.integration.test_commands import sectionwire

PAGES = Path(__file__).parent.parent / "quality" / "pages"
EN = """<title>The flood</title><h1>The flood</h1><p>The <em>water</em> rose by 12 metres in the night.</p>
<p>Nobody was hurt, <a href="/en/teams">our teams</a> say.</p><p><img src="/a.jpg" alt="A boat"> It fell again.</p>"""
PT = """<title>A cheia</title><h1>A cheia</h1><p>A <em>água</em> subiu 12 metros durante a noite.</p>
<p>Ninguém ficou ferido, dizem <a href="/pt/equipas">as nossas equipas</a>.</p>
<p><img src="/a.jpg" alt="Um barco"> Voltou a descer.</p>"""


@pytest.fixture
def archive(tmp_path) -> Path:
    """A folder with an article and its translation."""
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "flood.en.html").write_text(EN, encoding="utf-8")
    (folder / "flood.pt-PT.html").write_text(PT, encoding="utf-8")
    return folder


def bring(place: Path, *more: str):
    return sectionwire("import", "--existing", place, "--from", "en", "--by", "Rui", *more)


def test_history_is_live_where_it_stands_and_nothing_is_sent(desk, archive):
    """An approved version of a person, no delivery, no engine, no page; the invariants hold."""
    said = bring(archive)
    assert said.status == 0, said.err
    assert "aligned by structure, 100% sure" in said.out
    edition = Edition.objects.get(section="portugal")
    assert (edition.state, edition.decided_by, edition.approved.origin) == ("live", "Rui", "person")
    assert edition.approved.title == "A cheia"
    desk.work()
    assert not Delivery.objects.exists()
    assert not Refresh.objects.exists()
    assert desk.engines.asked == []
    assert list(Edition.objects.values_list("section", flat=True)) == ["portugal"]
    assert invariants.broken() == []


def test_status_tells_history_as_published_and_the_others_as_not_asked_for(desk, archive):
    """At its address; nothing is in work."""
    (archive / "m.csv").write_text(
        "key,file,language,original,section,url,published_at\n"
        "flood,flood.en.html,en,yes,,,\n"
        "flood,flood.pt-PT.html,pt-PT,,portugal,https://portugal.example/cheia/,2024-03-09\n",
        encoding="utf-8",
    )
    assert bring(archive / "m.csv").status == 0
    [row] = status.matrix(list(Article.objects.all()), installation.network())
    cells = {cell.section: (cell.place.value, cell.url, cell.settled) for cell in row.cells}
    assert cells == {
        "portugal": ("published", "https://portugal.example/cheia/", True),
        "brazil": ("not for this section", "", True),
        "angola": ("not for this section", "", True),
        "united-states": ("not for this section", "", True),
    }
    edition = Edition.objects.get()
    assert (edition.path, edition.slug) == ("cheia/", "cheia")
    assert edition.published_at.year == 2024
    assert sectionwire("status", "flood").status == 0


def test_the_same_again_does_nothing_and_a_new_language_is_added(desk, archive):
    """By the key; a network that has another language by then takes it."""
    bring(archive)
    before = (Version.objects.count(), ApprovedUnit.objects.count(), Revision.objects.count())
    assert "unchanged" in bring(archive).out
    assert (Version.objects.count(), ApprovedUnit.objects.count(), Revision.objects.count()) == before
    assert invariants.broken() == []


def test_a_dry_run_writes_nothing(desk, archive):
    """It says what would be."""
    said = bring(archive, "--dry-run")
    assert "would be remembered" in said.err
    assert not Article.objects.exists()
    assert not ApprovedUnit.objects.exists()


def test_an_update_of_history_keeps_its_words_and_is_published_at_its_address(desk, archive):
    """Only what changed goes to the engine; an editor decides; the page stands where the old one stood."""
    (archive / "m.toml").write_text(
        '[[file]]\nkey = "flood"\nfile = "flood.en.html"\nlanguage = "en"\noriginal = true\n'
        '[[file]]\nkey = "flood"\nfile = "flood.pt-PT.html"\nlanguage = "pt-PT"\n'
        'url = "https://portugal.example/noticias/cheia/"\npublished_at = 2024-03-09T10:00:00Z\n',
        encoding="utf-8",
    )
    assert bring(archive / "m.toml").status == 0
    desk.submit(EN.replace("It fell again.", "It rose once more."), key="flood", title="")
    desk.work()
    edition = Edition.objects.get(section="portugal")
    assert (edition.state, edition.approved.number, edition.candidate.number) == ("in_review", 1, 2)
    by_key = {row["key"]: row for row in edition.candidate.segments}
    assert by_key["title"]["target"] == "A cheia"
    texts = " ".join(row["target"] for row in by_key.values())
    assert "durante a noite" in texts
    assert "as nossas equipas</a>" in texts
    assert desk.engines.asked == ["It rose once more."]
    [row] = status.matrix(list(Article.objects.all()), installation.network())
    assert next(cell for cell in row.cells if cell.section == "portugal").place.value == "published"
    # The link to a Portuguese page is the translation's own: a check tells of it, and the editor lets it stand.
    decisions.approve(edition.pk, by="Ana", net=installation.network(), dismiss="the link leads to our own page")
    desk.work()
    delivery = Delivery.objects.get(edition=edition)
    assert delivery.url == "https://portugal.example/noticias/cheia/"
    assert (desk.home / "outputs/portugal/noticias/cheia/index.html").exists()
    assert invariants.broken() == []


def test_the_memory_has_only_what_was_aligned_for_sure(desk, archive):
    """An article that does not fit is taken as history, and says so."""
    (archive / "flood.pt-PT.html").write_text(
        "<title>Sopa de lentilhas</title><h1>Sopa de lentilhas</h1><ul><li>Lave 400 gramas.</li></ul>"
        "<p>Sirva quente, com pão escuro e muito azeite, a quem vier do rio com as mãos frias e fome de lobo.</p>",
        encoding="utf-8",
    )
    said = bring(archive)
    assert "not remembered" in said.out
    assert not ApprovedUnit.objects.exists()
    version = Edition.objects.get(section="portugal").approved
    assert "azeite" in str(version.targets)
    assert "400 gramas" in str(version.targets)


def test_two_variants_of_one_base_are_two_versions(desk, archive):
    """Portugal's text and Brazil's."""
    (archive / "flood.pt-BR.html").write_text(PT.replace("equipas", "equipes"), encoding="utf-8")
    assert bring(archive).status == 0
    texts = {each.section: str(each.approved.targets) for each in Edition.objects.select_related("approved")}
    assert "equipas" in texts["portugal"]
    assert "equipes" in texts["brazil"]
    assert Translation.objects.get(base="pt").version.number == 2
    assert invariants.broken() == []


def test_an_article_that_is_there_with_another_text_is_refused(desk, archive):
    """History comes before work."""
    desk.submit(key="flood")
    said = bring(archive)
    assert said.status == 1
    assert "in the ledger already, with another text" in said.err
    assert not ApprovedUnit.objects.exists()


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("key,file,language\nflood,flood.en.html\n", "m.csv:2: not as many columns"),
        ("key,file,langage\nflood,flood.en.html,en\n", "nobody knows “langage”"),
        ("key,file,language\n,flood.en.html,en\n", "“key” is missing"),
        ("key,file,language\nflood,../../etc/passwd,en\n", "not below the manifest's folder"),
        ("key,file,language,url\nflood,flood.en.html,en,javascript:x\n", "is no address"),
        ("key,file,language,published_at\nflood,flood.en.html,en,yesterday\n", "is no time"),
        ("key,file,language,original\nflood,flood.en.html,en,perhaps\n", "Say yes or no"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_its_line(desk, archive, manifest, message):
    """Before anything is written."""
    (archive / "m.csv").write_text(manifest, encoding="utf-8")
    with pytest.raises(Permanent, match=message):
        bring(archive / "m.csv")
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("file = [1, 2]", r"no \[\[file\]\] tables"),
        ("x = " + "[" * 20_000, "nested too deeply|no TOML"),
        ('[[file]]\nkey = "a\\u0000"\nfile = "b"\nlanguage = "en"\n', "“key” is no text"),
        ('[[file]]\nkey = "a"\nfile = "b\\u0000"\nlanguage = "en"\n', "“file” is no text"),
        ('[[file]]\nkey = "a"\nfile = "b"\nlanguage = "en"\nsection = 3\n', "“section” is no text"),
        ('[[file]]\nkey = "a"\nfile = "b"\nlanguage = "en"\nurl = ["x"]\n', "“url” is no text"),
        (f'[[file]]\nkey = "{"a" * 201}"\nfile = "b"\nlanguage = "en"\n', "201 characters"),
        ('[[file]]\nkey = "a"\nfile = "b"\nlanguage = "en"\npublished_at = "9999-12-31T23:00-10:00"\n', "is no time"),
    ],
)
def test_a_hostile_manifest_is_refused_in_a_sentence(desk, archive, manifest, message):
    """Whatever its values are."""
    (archive / "m.toml").write_text(manifest, encoding="utf-8")
    with pytest.raises(Permanent, match=message):
        sectionwire("import", "--existing", archive / "m.toml", "--from", "en")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("flood,flood.en.html,en,", "has no translation"),
        ("flood,flood.en.html,en,\nflood,nowhere.html,pt,", "nowhere.html does not exist"),
        ("flood,flood.en.html,en,\nflood,flood.pt-PT.html,pt-PT,brazil", "in which Brasil does not publish"),
        ("flood,flood.en.html,en,\nflood,flood.pt-PT.html,pt-PT,norway", "There is no section"),
        ("flood,flood.en.html,en,\nflood,flood.pt-PT.html,de,", "Nobody in this network"),
        ("flood,flood.en.html,en,\nflood,flood.en.html,en,", "several originals"),
        ("flood,flood.pt-PT.html,pt-PT,\nflood,flood.pt-PT.html,pt,", "has no original"),
        ("flood,flood.en.html,en,\nflood,flood.pt-PT.html,q,", "is no language"),
    ],
)
def test_an_article_that_is_wrong_fails_and_the_others_come_in(desk, archive, rows, message):
    """In a sentence each."""
    (archive / "m.csv").write_text(
        f"key,file,language,section\n{rows}\ngood,flood.en.html,en,\ngood,flood.pt-PT.html,pt-PT,\n", encoding="utf-8"
    )
    said = bring(archive / "m.csv")
    assert said.status == 1
    assert message in said.err
    assert [article.key for article in Article.objects.all()] == ["good"]


def test_a_folder_without_translations_is_told(desk, tmp_path):
    """Names say the language."""
    with pytest.raises(Permanent, match="There is no article"):
        bring(tmp_path)
    with pytest.raises(Permanent, match="neither a folder nor a manifest"):
        bring(tmp_path / "x.xlsx")


def test_our_corpus_of_pages_aligns_by_structure(desk, tmp_path):
    """Thirty-one pages with their translations by hand: all are taken, nearly all of their text is remembered."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for page in sorted(PAGES.glob("*.html")):
        name = page.name.replace(".pt.", ".pt-PT.")
        (folder / name).write_text(f"<title>{name}</title>{page.read_text(encoding='utf-8')}", encoding="utf-8")
    records = bring(folder, "--json").records
    assert len(records) == len(list(PAGES.glob("*.en.html")))
    assert all(record["outcome"] == "new" for record in records)
    found = [record["translations"][0] for record in records]
    assert sum(each["remembered"] for each in found) > 0.95 * sum(each["segments"] for each in found)
    assert invariants.broken() == []
