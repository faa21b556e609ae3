"""The checks that look at the text as a reader sees it: each with what it finds and what it leaves alone."""

from __future__ import annotations

import pytest
from babel import Locale

from pipeline.documents import CleanDocument, Metadata, Origin, Severity, TranslatedSegment
from pipeline.stages import check, segment
from pipeline.stages.check.dates import dates
from pipeline.stages.check.punctuation import ending
from pipeline.stages.check.reading import OBJECT, read


def found(check_id: str, source: str, target: str, pair: str = "en pt", origin: Origin = Origin.ENGINE) -> list[str]:
    """What one check says of a document of one segment."""
    languages = pair.split()
    document = segment.segment(CleanDocument(Metadata(language=languages[0]), f"<p>{source}</p>"))
    translated = [TranslatedSegment("b1", target, origin)]
    return [f.message for f in check.run(document, translated, *languages) if f.check == check_id]


def test_a_reader_sees_text_and_no_markup():
    text = read('a <code>x</code> <em>b</em><sup>1</sup> &amp;<br>c<img src="/i">', is_markup=True)
    assert text.visible == "a x b1 &\nc"
    assert text.prose == f"a {OBJECT} b{OBJECT} &\nc{OBJECT}"
    assert read("a < b", is_markup=False).visible == "a < b"


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("On 3 May 2026", "Em 4 de maio de 2026", "en pt"),
        ("On 2026-05-03", "Em 3 de junho de 2026", "en pt"),
        ("On 3 May", "Em 3 de junho", "en pt"),
        ("On 3 May 2026", "2026年5月4日", "en ja"),
        ("On 3 May 2026", "3 مايو 2025", "en ar"),
        ("On May 3, 2026", "3 جون، 2026", "en ur"),
    ],
)
def test_a_date_that_means_another_day_is_found(source, target, pair):
    assert found("dates", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("On 2026-05-03", "Em 3 de maio de 2026", "en pt"),
        ("On May 3, 2026", "Em 03/05/2026", "en pt"),
        ("On 5/3/2026", "Em 3 de maio de 2026", "en-US pt"),
        ("On May 3rd", "Le 3 mai", "en fr"),
        ("On 3 May 2026", "2026年5月3日", "en zh-Hans"),
        ("On 3 May 2026", "٣ مايو ٢٠٢٦", "en ar"),
        ("On 3 May 2026", "3 مئی، 2026", "en ur"),
        ("In May 2026", "Em maio de 2026", "en pt"),
        ("It may 12 times", "Pode 12 vezes", "en pt"),
        ("On 3 May and 4 June", "Em 4 de junho e em 3 de maio", "en pt"),
    ],
)
def test_a_date_in_another_form_is_no_finding(source, target, pair):
    """Neither is it one of the numbers."""
    assert not found("dates", source, target, pair)
    assert not found("numbers", source, target, pair)


def test_dates_are_read_by_value():
    [each] = dates("até 1º de maio de 2026.", "pt")
    assert each.values == {(2026, 5, 1)}
    assert not list(dates("31/02/2026 and version 1.2.3456, 192.168.1.2000", "en"))


@pytest.mark.parametrize(
    ("source", "target"),
    [("from 7 am to 8 pm", "das 07:00 às 20:00"), ("at 9 a.m.", "às 9h00"), ("at 12:30 p.m.", "às 12h30")],
)
def test_hours_may_be_counted_to_twenty_four(source, target):
    assert not found("numbers", source, target)


@pytest.mark.parametrize(
    ("check_id", "source", "target"),
    [
        ("emails", "Write to boats@tide.example.", "Escreva para barcos@tide.example."),
        ("emails", "Write to us.", "Escreva para a@tide.example."),
        ("urls", "See https://a.example/b.", "Ver https://a.example/c."),
        ("urls", "See www.tide.example.", "Ver www.mare.example."),
        ("urls", "See books.example/list now", "Ver livros.example/list agora"),
    ],
)
def test_a_changed_address_is_found(check_id, source, target):
    assert found(check_id, source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Write to a@t.example or b@t.example.", "Escreva para b@t.example ou a@t.example"),
        ("Write to A@T.example", "Escreva para a@t.example"),
        ("See https://a.example/b, then go.", "Ver (https://a.example/b)."),
        ("It rose.Then fell, e.g. at 3 p.m.", "Subiu. Depois caiu, p. ex. às 15h."),
        ("Visit tide.example", "请访问tide.example。"),
    ],
)
def test_an_address_that_moved_is_none(source, target):
    assert not found("emails", source, target)
    assert not found("urls", source, target)


LONG = "The river rose by three metres in the night and everybody in the lower town helped with the sandbags."


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        (LONG, "O rio subiu.", "en pt"),
        (LONG, "O rio subiu. " * 30, "en pt"),
        ("Home", "Esta é a página inicial da nossa organização de socorro nas costas e nos rios", "en pt"),
        (LONG, "河水上涨。", "en zh-Hans"),
    ],
)
def test_a_length_out_of_range_is_found(source, target, pair):
    assert found("length", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        (LONG, "O rio subiu três metros durante a noite e toda a gente na cidade baixa ajudou com os sacos.", "en pt"),
        (LONG, "夜里河水上涨了三米，下城区的每个人都来帮忙搬运和堆放沙袋。", "en zh-Hans"),
        (LONG, "夜の間に川は三メートル上昇し、下町の誰もが土のうを積むのを手伝った。", "en ja"),
        ("夜里河水上涨了三米，下城区的每个人都来帮忙搬运和堆放沙袋。", LONG, "zh-Hans en"),
        (LONG, "رات کو دریا تین میٹر بلند ہوا اور نچلے شہر کے ہر شخص نے ریت کی بوریوں کے ساتھ مدد کی۔", "en ur"),
        ("OK", "De acordo", "en pt"),
    ],
)
def test_lengths_that_languages_have_are_no_finding(source, target, pair):
    assert not found("length", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("the river", "o o rio", "en pt"),
        ("glass of water", "um copo de água de água", "en pt"),
        ("the river", "دریا کے دریا کے ساتھ", "en ur"),  # a phrase, even where words are doubled by grammar
    ],
)
def test_a_repeated_word_is_found(source, target, pair):
    assert found("repeated", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("no no", "não não", "en pt"),
        ("nothing, nothing", "nada, nada", "en pt"),
        ("we went", "nous nous sommes allés", "en fr"),
        ("together", "ساتھ ساتھ", "en ur"),
        ("slowly", "yavaş yavaş", "en tr"),
        ("every day", "天 天", "en zh-Hans"),
        ("12 12", "3 3", "en pt"),
    ],
)
def test_a_double_that_is_meant_is_none(source, target, pair):
    assert not found("repeated", source, target, pair)


def test_an_engine_without_end_is_found():
    assert found("repetition", LONG, "o barco viu " * 40)
    assert found("repetition", LONG, "我们" * 200, "en zh-Hans")
    assert not found("repetition", "no boat saw the boat " * 20, "nenhum barco viu o barco " * 20)
    assert not found("repetition", LONG * 2, LONG.swapcase() * 2)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("Is it far?", "É longe.", "en pt"),
        ("Boats arrive", "Os barcos chegam à costa.", "en pt"),
        ("The boats arrive today.", "Os barcos chegam hoje", "en pt"),
        ("As follows:", "Como segue.", "en pt"),
        ("Is it far?", "这很远。", "en zh-Hans"),
        ("Is it far?", "کیا یہ دور ہے۔", "en ur"),
        ("Is it far?", "Es lejos?", "en es"),
    ],
)
def test_another_last_mark_is_found(source, target, pair):
    assert found("punctuation", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("She said: “It is far.”", "Ela disse: “É longe”.", "en pt"),
        ("“Is it far?”", "«É longe?».", "en pt"),
        ("It rose.<sup>1</sup>", "Subiu<sup>1</sup>.", "en pt"),
        ("Is it far?", "这很远吗？", "en zh-Hans"),
        ("It is far.", "遠いです。", "en ja"),
        ("Is it far?", "کیا یہ دور ہے؟", "en ur"),
        ("It is far.", "یہ دور ہے۔", "en ur"),
        ("Is it far?", "Είναι μακριά;", "en el"),
        ("It is far.", "มันไกล", "en th"),
        ("It opens at 3 p.m.", "Abre às 15h", "en pt"),
        ("In 44 BC", "Em 44 a.C.", "en pt"),
        ("Well…", "Bem...", "en pt"),
        ("Is it far?", "¿Es lejos?", "en es"),
        ("Far!", "C’est loin\u202f!", "en fr"),
    ],
)
def test_the_same_kind_of_mark_is_no_finding(source, target, pair):
    assert not found("punctuation", source, target, pair)


def test_the_last_mark_counts_whatever_closes_behind_it():
    assert ending("(Why?)", "en") == ending("“Why”?", "en") == "question"
    assert ending("So…", "en") == ending("So...", "en") == "ellipsis"
    assert ending("", "en") == ending("So", "en") == ""


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [("a (b)", "a b", True), ("a", "a (em inglês)", True), ("a (b) [c]", "x (y) [z]", False), ("(b)", "（乙）", False)],
)
def test_brackets_are_counted(source, target, expected):
    assert bool(found("brackets", source, target, "en zh-Hans" if "乙" in target else "en pt")) is expected


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("He said “go”.", "Ele disse que vá.", "en pt"),
        ("He said “go”.", "Ele disse “vá.", "en pt"),
        ("He said “go”.", "Er sagte “geh”.", "en de"),
        ("He said “go”.", "Il a dit „va”.", "en fr"),
        ("He said “go”.", "彼は„行け“と言った。", "en ja"),
    ],
)
def test_lost_odd_and_foreign_quotation_marks_are_found(source, target, pair):
    assert found("quotes", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("He said “go”.", "Ele disse «vá».", "en pt"),
        ("He said “go”.", "Er sagte „geh“.", "en de"),
        ("He said “go”.", "Il a dit «\xa0va\xa0».", "en fr"),
        ("He said “go”.", "彼は「行け」と言った。", "en ja"),
        ("He said “go”.", "他说：“走”。", "en zh-Hans"),
        ("He said “go”.", "قال «اذهب».", "en ar"),
        ('He said "go".', 'Ele disse "vá".', "en pt"),
        ('A 5" pipe', 'Um tubo de 5"', "en pt"),
        ("the crew’s boat", "o barco da tripulação", "en pt"),
    ],
)
def test_quotation_marks_of_the_language_are_no_finding(source, target, pair):
    assert not found("quotes", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("Far, far away", "Longe , longe", "en pt"),
        ("Far, far away", "Longe,muito longe", "en pt"),
        ("It rose. It fell.", "Subiu.Desceu.", "en pt"),
        ("a b", "a&nbsp; b", "en pt"),
        ("Far!", "C’est loin!", "en fr"),
        ("Far!", "C’est loin !", "en fr"),
        ("He said “go”", "Il a dit «va»", "en fr"),
        ("Far: here", "Loin: ici", "en fr-CA"),
        ("Far, far away", "دور ، بہت دور", "en ur"),
        ("Far, far away", "很远 ，很远", "en zh-Hans"),
    ],
)
def test_wrong_spaces_are_found(source, target, pair):
    assert found("spacing", source, target, pair)


@pytest.mark.parametrize(
    ("source", "target", "pair"),
    [
        ("Far, far away.", "Longe, muito longe.", "en pt"),
        ("Far!", "C’est loin\u202f!", "en fr"),
        ("Far!", "C’est loin\xa0!", "en fr"),
        ("Far!", "C’est loin!", "en fr-CA"),
        ("At 10:30 today", "À 10:30 aujourd’hui", "en fr"),
        ("See https://a.example", "Voir https://a.example", "en fr"),
        ("Far, far away.", "دور، بہت دور۔", "en ur"),
        ("Far, far away.", "很远，很远。", "en zh-Hans"),
        ("See <code>a  ,b</code>", "Ver <code>a  ,b</code>", "en pt"),
        ("a b", "a  b", "en pt"),  # a browser makes one of them
    ],
)
def test_spaces_of_the_language_are_no_finding(source, target, pair):
    assert not found("spacing", source, target, pair)


def test_a_lost_capital_is_found_and_nothing_else():
    assert found("capitals", "Station", "estação")
    assert not found("capitals", "house", "Haus", "en de")
    assert not found("capitals", "Station", "اسٹیشن", "en ur")
    assert not found("capitals", "Station", "车站", "en zh-Hans")
    assert not found("capitals", "3 boats", "Três barcos")
    assert not found("capitals", "River", "river")  # not translated at all: another finding


ENGLISH = "Everybody in the lower town helped with the sandbags, and the pumps ran through the whole night."


def test_a_segment_in_the_source_language_warns_and_a_whole_text_blocks():
    body = "".join(f"<p>{part}</p>" for part in (LONG, ENGLISH))
    document = segment.segment(CleanDocument(Metadata(language="en"), body))

    def severities(*targets: str, languages: tuple[str, ...] = ()) -> list[str]:
        pairs = zip(document.segments, targets, strict=True)
        translated = [TranslatedSegment(s.key, target, Origin.ENGINE) for s, target in pairs]
        findings = check.run(document, translated, "en", "pt", (), check.configured({}, languages))
        return [f.severity.value for f in findings if f.check == "language"]

    portuguese = "O rio subiu três metros durante a noite, e todos na cidade baixa ajudaram com os sacos de areia."
    spanish = "El río subió tres metros durante la noche, y toda la gente del barrio ayudó con los sacos de arena."
    assert severities(portuguese, portuguese) == []
    assert severities(portuguese * 3, ENGLISH.replace("pumps", "engines")) == ["warn"]
    assert severities(LONG.replace("metres", "feet"), ENGLISH.replace("pumps", "engines")) == ["warn", "warn", "block"]
    assert severities(spanish, spanish, languages=("es", "pt")) == ["block"]
    assert severities(spanish, spanish) == []  # Spanish is no business of this network


def test_text_in_another_script_is_in_another_language():
    """Also where the identifier does not know the language."""
    russian = "Ночью вода в реке поднялась на три метра, и весь нижний город помогал укладывать мешки с песком."
    assert found("language", LONG, russian, "en am")
    assert found("language", LONG, russian, "en ur")
    urdu = "رات کو دریا تین میٹر بلند ہوا اور نچلے شہر کے ہر شخص نے ریت کی بوریوں کے ساتھ مدد کی۔"
    assert not found("language", LONG, urdu, "en ur")


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        ("Tidewater Relief Portugal", Origin.ENGINE),  # names
        ("{youtube}aB3dE-f_9 and the boats of the lower town{/youtube} https://a.example/the/boats/of/the/town", None),
        ("The people of the lower town helped with sandbags through the whole of the night.", Origin.PERSON),
    ],
)
def test_what_may_be_in_another_language_is_no_finding(target, origin):
    assert not found("language", "The boats of the town", target, origin=origin or Origin.ENGINE)


HOSTILE = {
    "one word": "a" * 20_000,
    "words": "ab " * 7_000,
    "spaces": "a" + " " * 20_000 + "b",
    "no-break spaces": "a" + "\xa0" * 20_000 + "b",
    "dots": "a." * 10_000,
    "digits": "1" * 20_000,
    "grouped digits": "1.1," * 5_000,
    "dates": "1/1/2026 " * 2_000,
    "many dates": " ".join(f"{n % 28 + 1}/{n % 12 + 1}/{1000 + n}" for n in range(1_000)),
    "months": "3 May " * 3_000,
    "addresses": "a@b.c " * 3_000,
    "hosts": "".join(f"h{n}.example " for n in range(1_500)),
    "schemes": "http://" * 3_000,
    "marks": "?!…”" * 5_000,
    "brackets": "(" * 20_000,
    "braces": "{" * 20_000,
    "quotes": "“" * 20_000,
    "controls": "\x00\x1f\u202e\ud800" * 5_000,
    "raised": "<sup>1</sup>" * 1_500,
    "codes": "<code>x</code>" * 1_500,
    "open": "<em>" * 4_000,
    "attributes": '<a href="' * 2_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("pair", ["en pt", "en fr"])
@pytest.mark.timeout(40)  # a second on a machine that nobody shares
def test_hostile_text_is_looked_at_to_its_end(name, pair):
    """No check crashes; a check that takes quadratic time would run into the limit."""
    text = HOSTILE[name]
    languages = pair.split()
    document = segment.SegmentedDocument(
        Metadata(), "", (segment.Segment("b1", segment.SegmentKind.TEXT, text, "<" in text),)
    )
    for target in (text + " x", text[: len(text) // 2] + "é", "x"):
        findings = check.run(document, [TranslatedSegment("b1", target, Origin.ENGINE)], *languages)
        assert not [f.message for f in findings if "its rule was not looked at" in f.message]


def test_every_finding_that_a_class_makes_is_of_its_own_id():
    """The text checks warn: blocking is for what breaks a page or a meaning for sure."""
    blocking = {each.id for each in check.DEFAULT if each.severity is Severity.BLOCK}
    assert blocking == {"empty", "kept", "codes", "links"}


LANGUAGES = (
    "ar az bg ca cs da de el en es et eu fa fi fr ga he hi hr hu hy id is it ka kk lt lv nl pl pt ro ru sk sl sq sr sv "
    "sw tr uk ur uz vi"
)


@pytest.mark.parametrize("tag", LANGUAGES.split())
def test_every_month_of_a_language_is_read_however_its_letters_are_written(tag):
    """Greek ends a word with another s, Turkish and Azerbaijani have two kinds of i: both were lost, or raised."""
    for number, name in Locale.parse(tag).months["format"]["wide"].items():
        [date] = dates(f"x 3 {name} 2026 x", tag)
        assert (2026, number, 3) in date.values
        for variant in (name.upper(), name.lower(), name.title(), name.replace("i", "İ"), name.replace("i", "ı")):
            assert len(list(dates(f"3 {variant} 2026", tag))) <= 1


def test_greek_names_of_months_without_a_day():
    [date] = dates("Μάρτιος 2026", "el")
    assert date.values == {(2026, 3, 0)}


def test_addresses_of_both_kinds_that_are_lost_are_told_together():
    [message] = found(
        "urls", "See https://tides.example/x, www.maps.example and forms.relief.example", "Ver https://tides.example/y"
    )
    assert message == (
        "Web addresses differ from the source (missing: forms.relief.example, https://tides.example/x, "
        "www.maps.example; not in the source: https://tides.example/y)."
    )


def test_an_address_that_only_the_translation_has_is_told():
    assert found("urls", "See our page", "Ver www.pages.example") == [
        "Web addresses differ from the source (not in the source: www.pages.example)."
    ]


@pytest.mark.parametrize(
    ("check_id", "one"), [("numbers", "{0}"), ("emails", "a{0}@b.example"), ("urls", "http://h{0}.example")]
)
def test_of_many_that_are_missing_the_first_few_are_told(check_id, one):
    source = " and ".join(one.format(n) for n in range(10, 30))
    [message] = found(check_id, source, "nada")
    assert message.endswith("and 15 more).")
    assert message.count(", ") == 4
