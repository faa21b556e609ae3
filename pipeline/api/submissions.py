"""Handing an article in: as JSON, or as a file in a form."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import escape
from http import HTTPStatus
from typing import Annotated, Any, Final

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import Header, Query, Status
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.api import idempotency
from pipeline.api.articles import router  # one address, two verbs: ninja wants them in one router
from pipeline.api.auth import ApiRequest, Bearer
from pipeline.api.kinds import Text, answers
from pipeline.api.problems import Fault, ProblemError, invalid, too_large
from pipeline.api.schemas import Received
from pipeline.documents import Metadata, Submission
from pipeline.errors import Permanent
from pipeline.flow.submit import Submitted, intake_options, submit
from pipeline.flow.tokens import Right
from pipeline.ledger.models import IdempotencyKey
from pipeline.stages.intake import fields

NAME: Final = "article.json"
"""What a submission without a file name is called, in messages and in the ledger."""

_LONGEST_NAME: Final = 200


class ArticleIn(BaseModel):
    """An article: its text in exactly one of ``html``, ``markdown`` and ``text``, and what is known of it.

    Fields that are not named here mean something to another system and are passed over, unless they look like a slip
    for one that is: an embargo must not be lost over its spelling.
    """

    model_config = ConfigDict(extra="allow")

    html: str | None = Field(default=None, examples=["<p>The <b>water</b> rose twice.</p>"])
    markdown: str | None = Field(default=None, description="CommonMark.")
    text: str | None = Field(default=None, description="Plain text; an empty line ends a paragraph.")
    title: str | None = Field(default=None, examples=["Tide report"])
    summary: str | None = Field(default=None, examples=["The water rose twice."], description="The teaser.")
    language: str | None = Field(default=None, examples=["en"], description="BCP 47; the language it is written in.")
    kind: str | None = Field(default=None, examples=["news"])
    key: str | None = Field(
        default=None, max_length=200, examples=["tide-report"], description="Your own stable name of the article."
    )
    canonical_url: str | None = Field(default=None, max_length=2000, examples=["https://news.example.org/tide-report"])
    authors: list[str] | None = Field(default=None, examples=[["Tidewater Relief"]])
    tags: list[str] | None = Field(default=None, examples=[["coast", "boats"]])
    published_at: datetime | None = Field(default=None, examples=["2026-11-22T08:00:00Z"])
    embargo: datetime | None = Field(default=None, description="Not to be published before.")
    series: str | None = None
    part: int | None = Field(default=None, ge=1, le=9999)
    image: str | None = Field(default=None, description="The address of the teaser's picture.")
    image_alt: str | None = None
    slug: str | None = None
    only_sections: list[str] | None = Field(
        default=None, examples=[["portugal"]], description="Of the sections that take it, only these get it."
    )


_EXAMPLE: Final = {
    "title": "Tide report",
    "language": "en",
    "kind": "news",
    "key": "tide-report",
    "tags": ["coast"],
    "html": "<p>The <b>water</b> rose twice.</p>",
}
_TEXTS: Final = ("html", "markdown", "text")
_FORM: Final = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "HTML, Markdown or JSON; the suffix of its name tells which.",
        },
        # What is a list in JSON is written with commas between.
        **{name: {"type": "string"} for name in ArticleIn.model_fields if name not in _TEXTS},
    },
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": ArticleIn.model_json_schema(), "example": _EXAMPLE},
            "multipart/form-data": {"schema": _FORM},
        },
    }
}


@router.post(
    "/articles",
    auth=Bearer(Right.SUBMIT),
    response=answers({200: Received, 201: Received}, 400, 413, 415),
    operation_id="submitArticle",
    openapi_extra=_BODY,
)
def submit_article(
    request: ApiRequest,
    response: HttpResponse,
    idempotency_key: Annotated[
        Text | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="The same key with the same submission gets the same answer, for a day at least.",
        ),
    ] = None,
    urgent: Annotated[bool, Query(description="Ahead of everything that waits.")] = False,
) -> Status[Received]:
    """Put an article in, or a new revision of one. 201: it is new; 200: it was known (updated, or a duplicate).

    It is recognised by its key, else by its canonical URL, else by its very content. An article that was not handed in
    with this token, and that none of its sections has, can't be revised with it.
    """
    submission, print_ = _read(request, urgent=urgent)
    if idempotency_key and (row := idempotency.answered(request.auth.token, idempotency_key, print_)):
        return _again(response, row)

    def keep(done: Submitted) -> None:
        if idempotency_key:
            told = received(done).model_dump(mode="json")
            idempotency.keep(request.auth.token, idempotency_key, print_, _status(done), told)

    try:
        caller = request.auth
        done = submit(submission, by=caller.name, urgent=urgent, net=request.network, rights=caller.rights, also=keep)
    except Permanent as error:
        raise invalid(error) from error
    except IntegrityError:
        # The same key came twice at the same moment: the other one has been answered by now.
        row = idempotency.answered(request.auth.token, idempotency_key, print_) if idempotency_key else None
        if row is None:
            raise
        return _again(response, row)
    answer = received(done)
    response.headers["Location"] = f"/api/v1/articles/{answer.uid}"
    return Status(_status(done), answer)


def received(done: Submitted) -> Received:
    """The answer to a submission."""
    article = done.article
    return Received(
        outcome=done.outcome,
        sentence=done.sentence,
        uid=article.uid,
        key=article.key,
        title=article.title,
        language=article.language,
        revision=done.revision.number,
        status_url=f"/api/v1/articles/{article.uid}/status",
    )


def _status(done: Submitted) -> int:
    return HTTPStatus.CREATED if done.outcome == "new" else HTTPStatus.OK


def _again(response: HttpResponse, row: IdempotencyKey) -> Status[Received]:
    answer = Received.model_validate(row.answer)
    response.headers["Location"] = f"/api/v1/articles/{answer.uid}"
    response.headers["Idempotency-Replayed"] = "true"
    return Status(row.status, answer)


def _read(request: ApiRequest, *, urgent: bool) -> tuple[Submission, str]:
    """What is handed in, and what tells it from any other."""
    most = intake_options(request.network).max_bytes
    match request.content_type:
        case "application/json":
            submission = _from_json(_body(request, most))
        case "multipart/form-data":
            submission = _from_form(request, most)
        case other:
            raise ProblemError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"“{other[:80]}” is not taken." if other else "The call does not say what it brings.",
                "Send application/json, or a file as multipart/form-data.",
            )
    given = [submission.name, repr(submission.metadata), str(urgent)]
    print_ = idempotency.fingerprint([submission.data, *(text.encode("utf-8", "replace") for text in given)])
    return submission, print_


def _body(request: HttpRequest, most: int) -> bytes:
    # Not request.body: its bound is one for all addresses, and the file-like request stops where we say.
    data = request.read(most + 1)
    if len(data) > most:
        raise too_large()
    return data


def _from_json(data: bytes) -> Submission:
    try:
        given = ArticleIn.model_validate_json(data)
    except ValidationError as error:
        faults = [
            Fault(field=".".join(("body", *map(str, each["loc"]))), message=each["msg"])
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        named = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:3])
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"This article can't be taken: {named}.",
            "Mend what is named; docs/api.md has an example.",
            errors=faults,
        ) from None
    if not given.text:
        return Submission(NAME, data)
    if given.html or given.markdown:
        raise invalid(Permanent("There is more than one text.", "Give html, markdown or text."), "body.text")
    known: dict[str, Any] = given.model_dump(mode="json", exclude_none=True, exclude={"text"})
    return Submission(NAME, json.dumps(known | {"html": _paragraphs(given.text)}).encode())


def _paragraphs(text: str) -> str:
    """Plain text as HTML: an empty line ends a paragraph, a single line end stays one."""
    paragraphs = [part.strip() for part in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))]
    return "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in paragraphs if part)


def _from_form(request: HttpRequest, most: int) -> Submission:
    try:
        files, given = request.FILES, request.POST
    except MultiPartParserError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"The form can't be read: {error}.", "Send it again.") from error
    file = files.get("file")
    if file is None:
        raise invalid(Permanent("There is no file in the form.", "Send it as the field “file”."), "body.file")
    if (file.size or 0) > most:
        raise too_large()
    name = (file.name or NAME)[-_LONGEST_NAME:]
    return Submission(name, file.read(), _metadata(name, given.dict()))


def _metadata(name: str, given: dict[str, Any]) -> Metadata:
    try:
        return fields.from_mapping(name, given)
    except Permanent as error:
        raise invalid(error) from error
