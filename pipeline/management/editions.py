"""Which edition a person means who names an article, a section and perhaps a language."""

from __future__ import annotations

from pipeline.errors import Permanent
from pipeline.flow import status
from pipeline.ledger.models import Article, Edition
from pipeline.network import Network, Section


def find_article(name: str) -> Article:
    """The article of this name.

    Raises:
        Permanent: there is none, or the name fits several.
    """
    article = status.find(name)
    if article is None:
        raise Permanent(f"There is no article “{name}”, or more than one begins so.", "See them: sectionwire status")
    return article


def find(article_name: str, section_key: str, language: str | None, net: Network, *, guess: bool = True) -> Edition:
    """The edition that is meant. Where no language is given, the only one; ``guess``: or the only one that waits.

    Raises:
        Permanent: there is none, or a language must be given.
    """
    section = net.section(section_key)
    article = find_article(article_name)
    if language is not None and language not in {each.tag for each in section.languages}:
        tags = ", ".join(each.tag for each in section.languages)
        raise Permanent(f"{section.name} does not publish in “{language}”.", f"Its languages: {tags}.")
    editions = list(
        Edition.objects.filter(article=article, section=section.key)
        .select_related("candidate__revision", "approved")
        .order_by("language")
    )
    if language is not None:
        editions = [edition for edition in editions if edition.language == language]
    if not editions:
        raise Permanent(f"There is no edition of {article} for {section.name} yet.", _why(article, section, net))
    if len(editions) == 1:
        return editions[0]
    waiting = [edition for edition in editions if edition.candidate_id]
    if guess and len(waiting) == 1:
        return waiting[0]
    tags = ", ".join(edition.language for edition in (guess and waiting) or editions)
    raise Permanent(
        f"{section.name} has {article} in several languages: {tags}.", "Say which one you mean: --language TAG."
    )


def _why(article: Article, section: Section, net: Network) -> str:
    cells = [cell for cell in status.matrix([article], net)[0].cells if cell.section == section.key]
    return f"It is {cells[0].place}: {cells[0].why}." if cells[0].why else f"It is {cells[0].place}."
