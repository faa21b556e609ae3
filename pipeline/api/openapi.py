"""The description of the API (OpenAPI 3.1): ninja's, with what ninja can't say of our answers."""

from __future__ import annotations

from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from pipeline.api.auth import Bearer
from pipeline.api.problems import MEDIA_TYPE, Problem
from pipeline.flow.webhooks import TOPICS
from pipeline.ledger.models import Topic

DESCRIPTION: Final = """\
Put articles in, see where they are and why, read their translations, decide for a section, and be told what happens.

Every call brings a token: `Authorization: Bearer swt_…`. A token is for some sections and has some rights: `read`,
`submit`, `review`, `operate`; the last two read as well. What is wrong is said as `application/problem+json`, RFC 9457.
Lists come in pages: give `next` of one as `cursor` to get what follows. Answers to GET carry an ETag.
"""

_RETRY: Final = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"description": "Bearer.", "schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}
_ETAG: Final = {"ETag": {"description": "Give it back as If-None-Match.", "schema": {"type": "string"}}}
_IF_NONE_MATCH: Final = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "description": "The ETag of what is known already: 304 when nothing has changed.",
    "schema": {"type": "string"},
}


class Description(OpenAPISchema):
    """ninja's description, with problems as what they are, headers, and the right that each operation needs."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        """As ninja's, with the right it needs."""
        details: dict[str, Any] = super().operation_details(operation)
        bearer = operation.auth_callbacks[0]
        assert isinstance(bearer, Bearer), f"{operation.path} lets everybody in"
        details["x-right"] = bearer.right.value
        details["description"] = f"{details.get('description', '')}\n\nNeeds the right `{bearer.right}`.".strip()
        if 304 in details["responses"]:
            details["parameters"].append(_IF_NONE_MATCH)
        return details

    def responses(self, operation: Operation) -> dict[int, dict[str, Any]]:
        """As ninja's, with the media type and the headers that our answers have."""
        found: dict[int, dict[str, Any]] = super().responses(operation)
        is_cached = 304 in found
        for status, details in found.items():
            if status >= 400:
                details["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            if headers := _HEADERS.get(status) or (_ETAG if is_cached and status in (200, 304) else None):
                details["headers"] = headers
        return found

    def get_components(self) -> dict[str, Any]:
        """As ninja's, with the problem."""
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        self.add_schema_definitions(schema.pop("$defs"))
        self.add_schema_definitions({"Problem": schema})
        components: dict[str, Any] = super().get_components()
        components["securitySchemes"]["Bearer"]["description"] = "A token: sectionwire tokens create NAME"
        return components


def describe(api: NinjaAPI, prefix: str) -> dict[str, Any]:
    """The whole description, as JSON values; ``prefix`` is the address at which the API stands."""
    return {**Description(api, prefix), "webhooks": _webhooks()}


def _webhooks() -> dict[str, Any]:
    return {topic.value: {"post": _message(topic)} for topic in TOPICS}


def _message(topic: Topic) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": topic.value},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": {
                "type": "object",
                "properties": {
                    "article": {
                        "type": "object",
                        "properties": {
                            name: {"type": "string"} for name in ("uid", "key", "title", "language", "canonical_url")
                        },
                    }
                },
            },
        },
    }
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "operationId": "told." + topic.value,
        "summary": f"Told of {topic.value} (Standard Webhooks).",
        "parameters": [
            {"in": "header", "name": name, "required": True, "schema": {"type": "string"}} for name in headers
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"2XX": {"description": "It was noted; anything else is tried again."}},
    }
