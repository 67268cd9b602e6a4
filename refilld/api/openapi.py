"""The OpenAPI 3.1 document of the API, made of its routes and of the types that these name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import metadata
from typing import Any

from pydantic import TypeAdapter

from refilld.api.answers import ProblemAnswer
from refilld.api.openapi_parts import (
    HEADERS,
    OF_EVERY_ANSWER,
    OF_TOKENS,
    PATH_PARTS,
    QUERY_FIELDS,
    REQUEST_HEADERS,
    described_status,
)
from refilld.api.problems import MIMETYPE
from refilld.api.route import FORM, JSON, ApiRoute

_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_OF_PROBLEMS: Mapping[HTTPStatus, tuple[str, ...]] = {
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.FORBIDDEN: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Retry-After",),
}
"""Headers of the problems of a status."""
_OF_TOKENS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
"""Every route that needs a token needs the database, and refuses a query string that it does not know."""
_OF_BODIES = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_OF_ALL = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def document(groups: Mapping[str, Iterable[ApiRoute]]) -> dict[str, Any]:
    """The document of all routes."""
    routes = [(group, route) for group, listed in groups.items() for route in listed]
    types = Types.of(route for _, route in routes)
    paths: dict[str, dict[str, Any]] = {}
    for group, route in routes:
        path = _PART.sub(r"{\1}", route.path)
        operation = paths.setdefault(path, {})[route.method.lower()] = _operation(group, route, types)
        links = {_operation_id(*other): link for other in routes if (link := _link(route, other[1]))}
        if links:
            operation["responses"][str(int(route.status))]["links"] = {
                name: {"operationId": name} | link for name, link in links.items()
            }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "refilld",
            "version": metadata.version("refilld"),
            "description": "Refills that a retention guarantee owes: orders in, refills out.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": group} for group in groups],
        "paths": paths,
        "components": {
            "schemas": types.schemas,
            "headers": HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


@dataclass(frozen=True, slots=True)
class Types:
    """The schemas of all types that routes name."""

    references: Mapping[str, dict[str, Any]]
    """The schema of each type, by its name."""
    schemas: Mapping[str, Any]

    @classmethod
    def of(cls, routes: Iterable[ApiRoute]) -> "Types":
        named = {_name(one): one for one in [ProblemAnswer, *(t for route in routes for t in _types(route))]}
        adapters = [
            (name, "validation", TypeAdapter(getattr(one, "forms", None) or one))
            for name, one in named.items()
        ]
        found, definitions = TypeAdapter.json_schemas(
            adapters,  # type: ignore[arg-type]  # the mode is a literal
            ref_template="#/components/schemas/{model}",
        )
        return cls({name: schema for (name, _), schema in found.items()}, definitions["$defs"])

    def schema(self, one: Any) -> dict[str, Any]:
        return self.references[_name(one)]


def _types(route: ApiRoute) -> Iterator[Any]:
    yield from (one for one in (route.answer, route.body, route.form) if one is not None)


def _name(one: Any) -> str:
    return str(getattr(one, "__name__", one))


def _operation(group: str, route: ApiRoute, types: Types) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": _operation_id(group, route),
        "tags": [group],
        "summary": route.summary,
        "parameters": list(_parameters(route)),
        "responses": _responses(route, types),
    }
    if route.body is not None:
        content = {"schema": types.schema(route.body)}
        found["requestBody"] = {"required": not route.body.optional, "content": {JSON: content}}
    if route.form is not None:
        found["requestBody"] = {"required": True, "content": {FORM: {"schema": types.schema(route.form)}}}
    if route.scopes:
        found["security"] = [{"bearer": [str(scope)]} for scope in route.scopes]
    return found


def _operation_id(group: str, route: ApiRoute) -> str:
    return f"{group}_{route.endpoint}"


def _link(source: ApiRoute, target: ApiRoute) -> dict[str, Any]:
    """How one call follows from the answer to another: what both name; empty if it does not."""
    parts = _PART.findall(target.path)
    known = {name: f"$request.path.{name}" for name in _PART.findall(source.path)}
    known |= source.links
    if source is target or not source.links.keys() & set(parts) or not set(parts) <= known.keys():
        return {}
    fields = {} if target.body is None else target.body.model_fields
    body = {name: text for name, text in source.links.items() if name in fields}
    return {"parameters": {name: known[name] for name in parts}} | ({"requestBody": body} if body else {})


def _parameters(route: ApiRoute) -> Iterator[dict[str, Any]]:
    for name in _PART.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": PATH_PARTS[name]}
    if route.query is not None:
        for name, written in route.query.formats.items():
            described = {"description": QUERY_FIELDS[name]}
            yield {"name": name, "in": "query", "schema": written.schema} | described
    for name in route.request_headers:
        yield {"name": name, "in": "header", "schema": REQUEST_HEADERS[name]}


def _responses(route: ApiRoute, types: Types) -> dict[str, Any]:
    common = (*OF_EVERY_ANSWER, *(OF_TOKENS if route.scopes else ()))
    done: dict[str, Any] = {
        "description": described_status(route.status),
        "headers": _headers(*common, *route.headers),
    }
    if route.answer is not None:
        done["content"] = {one: {"schema": types.schema(route.answer)} for one in route.media_types}
    problems = {
        status: {
            "description": described_status(status),
            "headers": _headers(*common, *_OF_PROBLEMS.get(status, ())),
            "content": {MIMETYPE: {"schema": types.schema(ProblemAnswer)}},
        }
        for status in _statuses(route)
    }
    return {str(int(route.status)): done} | {str(int(status)): one for status, one in problems.items()}


def _statuses(route: ApiRoute) -> list[HTTPStatus]:
    """The statuses of problems, in their order."""
    of_token = _OF_TOKENS if route.scopes else ()
    of_body = _OF_BODIES if route.body is not None else ()
    return sorted({*_OF_ALL, *of_token, *of_body, *route.problems})


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
