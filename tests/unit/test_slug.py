"""Slugs: readable in the article's language, bounded, never empty, never twice."""

import re

import pytest

from pipeline.stages.publish.slug import MAX_BYTES, MAX_CHARACTERS, make


def free(_slug):
    return False


@pytest.mark.parametrize(
    ("title", "language", "slug"),
    [
        ("A água volta ao rio", "pt-PT", "a-agua-volta-ao-rio"),
        ("Über den Fluß", "de", "ueber-den-fluss"),
        ("Åen løber over", "da", "aaen-loeber-over"),
        ("Än är floden hög", "sv-SE", "an-ar-floden-hog"),
        ("L’été n’attend pas : 3 « digues »", "fr-CA", "l-ete-n-attend-pas-3-digues"),
        ("دریا کا پانی، واپس!", "ur-PK", "دریا-کا-پانی-واپس"),
        ("عاد الماءُ إلى النــهر", "ar", "عاد-الماء-إلى-النهر"),
        ("नदी में पानी", "hi", "नदी-में-पानी"),
        ("河水回來了：三座橋", "zh-Hant", "河水回來了-三座橋"),
    ],
)
def test_a_title_becomes_a_slug_by_the_rules_of_its_language(title, language, slug):
    assert make(title, language, free, "a1") == slug


def test_decomposed_letters_give_the_same_slug_as_composed_ones():
    assert make("U\u0308ber", "de", free, "a1") == make("Über", "de", free, "a1") == "ueber"


@pytest.mark.parametrize("title", ["", "   ", "!!! … ???", "🌊🌊", "\u202e\u200b", "{}<>/..\\"])
@pytest.mark.parametrize("language", ["pt", "ur"])
def test_a_title_without_letters_falls_back_to_the_stable_name(title, language):
    assert make(title, language, free, "Ab/12") == "article-ab-12"


@pytest.mark.parametrize("language", ["en", "ur", "zh-Hans"])
@pytest.mark.parametrize("title", ["word " * 60, "w" * 300, "水" * 300, "دریا " * 80, "𝔸𝕓 " * 90, "𐍈" * 200])
def test_a_slug_is_bounded_in_characters_and_bytes_also_with_a_number(title, language):
    first = make(title, language, free, "a1")
    second = make(title, language, lambda slug: slug == first, "a1")
    for slug in (first, second):
        assert 0 < len(slug) <= MAX_CHARACTERS
        assert len(slug.encode()) <= MAX_BYTES
        assert not slug.endswith("-2-2")
    assert second.endswith("-2")


def test_a_long_title_is_cut_where_a_word_ends():
    slug = make("the river " * 20, "en", free, "a1")
    assert len(slug) > MAX_CHARACTERS - 10
    assert set(slug.split("-")) == {"the", "river"}


def test_taken_slugs_are_numbered():
    taken = {"the-river", "the-river-2"}
    assert make("The river", "en", taken.__contains__, "a1") == "the-river-3"


def test_the_hundredth_article_of_one_title_is_named_by_its_stable_name():
    """A title used every day must not cost a look-up for each of its predecessors."""
    asked = []

    def taken(slug):
        asked.append(slug)
        return slug.startswith("the-river")

    assert make("The river", "en", taken, "a1") == "article-a1"
    assert len(asked) == 100


@pytest.mark.parametrize("title", ["../../etc/passwd", "a/b", "a\x00b", "C:\\x", ".hidden", "a?b#c%2e"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_title_makes_a_path(title, language):
    assert re.fullmatch(r"[\w-]+", make(title, language, free, "a1"))
