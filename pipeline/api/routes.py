"""The rooms of the API, put together."""

from __future__ import annotations

from typing import Final

from ninja import NinjaAPI

from pipeline.api import (
    about,
    deliveries,
    editions,
    openapi,
    problems,
    submissions,
    translations,
    webhooks,
    withdrawals,
)
from pipeline.api.auth import Bearer
from pipeline.flow.tokens import Right

VERSION: Final = "1.0.0"
NAMESPACE: Final = "api"

api = NinjaAPI(
    title="Sectionwire",
    version=VERSION,
    description=openapi.DESCRIPTION,
    urls_namespace=NAMESPACE,
    openapi_url=None,  # ours says more
    docs_url=None,  # Swagger's page breaks our Content-Security-Policy
    auth=Bearer(Right.READ),
)
problems.install(api)
for room in (about, submissions, translations, editions, withdrawals, deliveries, webhooks):
    api.add_router("", room.router)
