"""What a program asks first: what its token is good for, and which sections there are."""

from __future__ import annotations

from django.conf import settings
from ninja import Router

from pipeline.api.auth import ApiRequest, Bearer
from pipeline.api.kinds import answers
from pipeline.api.schemas import SectionOut, Sections, TokenOut
from pipeline.flow.tokens import Right

router = Router(tags=["about"])


@router.get("/token", auth=Bearer(Right.READ), response=answers({200: TokenOut}, cached=True), operation_id="getToken")
def get_token(request: ApiRequest) -> TokenOut:
    """The token of this very call."""
    caller = request.auth
    return TokenOut(
        name=caller.token.name,
        rights=[right.value for right in Right if right in caller.may],
        every_section=caller.token.every_section,
        sections=sorted(caller.rights.roles),
        expires_at=caller.token.expires_at,
        calls_per_minute=settings.API_RATE,
    )


@router.get(
    "/sections", auth=Bearer(Right.READ), response=answers({200: Sections}, cached=True), operation_id="listSections"
)
def list_sections(request: ApiRequest) -> Sections:
    """Every section of the network."""
    return Sections(
        items=[
            SectionOut(
                key=section.key,
                name=section.name,
                country=section.country,
                time_zone=section.time_zone,
                languages=[language.tag for language in section.languages],
                bases=list(dict.fromkeys(language.base for language in section.languages)),
                policy=section.policy,
                yours=request.auth.covers(section.key),
            )
            for section in request.network.sections
        ]
    )
