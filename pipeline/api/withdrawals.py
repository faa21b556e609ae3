"""Taking an article back from its readers, and bringing it back."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from ninja import Router
from pydantic import Field

from pipeline.api.articles import article_or_404
from pipeline.api.auth import ApiRequest, Bearer, must
from pipeline.api.editions import edition_out, full
from pipeline.api.kinds import Given, Text, Uid, answers
from pipeline.api.problems import ProblemError, conflict
from pipeline.api.schemas import WithdrawnOut
from pipeline.errors import Permanent
from pipeline.flow import withdraw
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Article, Edition

router = Router(tags=["withdrawals"])


class Where(Given):
    """Of which section and language; without a section, of the article as a whole."""

    section: Text = Field(default="", max_length=40, examples=["portugal"])
    language: Text = Field(default="", max_length=35, examples=["pt-PT"])


class WithdrawalIn(Where):
    """What is taken back, and why."""

    reason: Text = Field(min_length=1, max_length=1000, pattern=r"\S", examples=["The figures were wrong."])


@router.post(
    "/articles/{uid}/withdraw",
    auth=Bearer(Right.OPERATE),
    response=answers({200: WithdrawnOut}, 400, 404, 409),
    operation_id="withdrawArticle",
)
def withdraw_article(request: ApiRequest, uid: Uid, given: WithdrawalIn) -> WithdrawnOut:
    """Withdraw it from readers, at every output; the same again changes nothing.

    As a whole it stays withdrawn, whatever comes in later; that takes a token for all sections.
    """
    return _done(
        request,
        uid,
        given,
        lambda article: withdraw.withdraw(
            article,
            by=request.auth.name,
            reason=given.reason,
            net=request.network,
            section=given.section,
            language=given.language,
        ),
    )


@router.post(
    "/articles/{uid}/reinstate",
    auth=Bearer(Right.OPERATE),
    response=answers({200: WithdrawnOut}, 400, 404, 409),
    operation_id="reinstateArticle",
)
def reinstate_article(request: ApiRequest, uid: Uid, given: Where) -> WithdrawnOut:
    """Bring back what was withdrawn: the versions that were approved; what came in meanwhile waits for an editor."""
    return _done(
        request,
        uid,
        given,
        lambda article: withdraw.reinstate(
            article, by=request.auth.name, net=request.network, section=given.section, language=given.language
        ),
    )


def _done(request: ApiRequest, uid: str, where: Where, change: Callable[[Article], withdraw.Withdrawn]) -> WithdrawnOut:
    article = article_or_404(uid)
    if where.section:
        must(request.auth, Right.OPERATE, where.section)
    elif not request.auth.token.every_section:
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "The whole article is every section's business, and this token is for some.",
            "Name a section, or use a token that was made with --all-sections.",
        )
    try:
        done = change(article)
    except Permanent as error:
        raise conflict(error) from error
    rows = full(Edition.objects.filter(pk__in=[edition.pk for edition in done.editions]))
    rights = request.auth.rights
    return WithdrawnOut(
        pages=done.pages,
        elsewhere=list(done.elsewhere),
        editions=[edition_out(row, rights) for row in rows.order_by("section", "language")],
    )
