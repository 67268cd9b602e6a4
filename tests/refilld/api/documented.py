"""Checks each answer of an application against its OpenAPI document."""

import json
import re
from typing import Any

import flask
import jsonschema_rs
from flask import Flask, Response, request

from refilld.api.openapi import document
from refilld.api.responses import to_json
from refilld.api.route import ROUTES

OF_THE_SERVER = {"Content-Type", "Content-Length"}
UNASKED = {"HEAD", "OPTIONS"}
_DOCUMENTS: dict[frozenset[str], dict[str, Any]] = {}
"""By the paths that an application serves."""
_VALIDATORS: dict[str, Any] = {}


def document_of(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.get_json()
    return document


def path_of(rule: str) -> str:
    """A path of Flask as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


class Documented:
    """Watches an application, and collects how its answers differ from its document."""

    def __init__(self, app: Flask) -> None:
        self.faults: list[str] = []
        self._app = app
        flask.request_finished.connect(self._check, app)

    def _check(self, _app: Flask, response: Response) -> None:
        rule = request.url_rule
        if rule is None or request.method in UNASKED or rule.rule in {"/openapi.json", "/docs"}:
            return
        place = f"{request.method} {rule.rule} {response.status_code}"
        self.faults += [f"{place}: {fault}" for fault in self._found(rule.rule, response)]

    def _found(self, rule: str, response: Response) -> list[str]:
        call = self._read()["paths"][path_of(rule)][request.method.lower()]
        described = call["responses"].get(str(response.status_code))
        if described is None:
            return ["the status is not documented"]
        unknown = set(response.headers.keys()) - set(described["headers"]) - OF_THE_SERVER
        faults = [f"the header {name} is not documented" for name in sorted(unknown)]
        content = described.get("content", {})
        if response.status_code != 204 and response.mimetype not in content:
            return [*faults, f"the type {response.mimetype} is not documented"]
        if (response.mimetype or "").endswith("json"):
            faults += self._of_body(content[response.mimetype]["schema"], json.loads(response.get_data()))
        return faults

    def _of_body(self, schema: dict[str, Any], body: Any) -> list[str]:
        name = json.dumps(schema)
        if name not in _VALIDATORS:
            whole = schema | {"components": self._read()["components"]}
            _VALIDATORS[name] = jsonschema_rs.validator_for(whole, validate_formats=True)
        return [error.message for error in _VALIDATORS[name].iter_errors(body)]

    def _read(self) -> dict[str, Any]:
        served = frozenset(rule.rule for rule in self._app.url_map.iter_rules())
        if served not in _DOCUMENTS:
            # not with a request, which the application may count
            made = document(self._app.extensions[ROUTES].groups)
            _DOCUMENTS[served] = json.loads(to_json(made))
        return _DOCUMENTS[served]
