"""The static files, kept in memory with their compressed forms; their URLs change with their content."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import chain

from flask import Blueprint, Response, abort, request, url_for

MIMETYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
"""By the ending of the name; no other file is served."""
FOLDERS = ("web/static", "charts/static", "charts/static/uplot")
_CACHED = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file."""

    content: bytes
    compressed: bytes
    content_type: str
    version: str
    """Changes with the content."""


def static_routes() -> Blueprint:
    """The files below `/static/VERSION/`; templates get their URLs from `static(NAME)`."""
    routes, found = Blueprint("static_files", __name__), _read()

    @routes.get("/static/<version>/<name>")
    def file(version: str, name: str) -> Response:
        one = found.get(name)
        if one is None or one.version != version:
            abort(404)
        packed = request.accept_encodings["gzip"] > 0
        answer = Response(one.compressed if packed else one.content, content_type=one.content_type)
        if packed:
            answer.content_encoding = "gzip"
        answer.headers["Cache-Control"], answer.headers["Vary"] = _CACHED, "Accept-Encoding"
        return answer

    @routes.app_template_global()
    def static(name: str) -> str:
        return url_for("static_files.file", version=found[name].version, name=name)

    return routes


@cache
def _read() -> Mapping[str, StaticFile]:
    found = {}
    folders = [files("refilld").joinpath(folder) for folder in FOLDERS]
    for entry in chain.from_iterable(folder.iterdir() for folder in folders):
        content_type = MIMETYPES.get(entry.name.rpartition(".")[2])
        if content_type is not None:
            content = entry.read_bytes()
            packed, version = gzip.compress(content, 9, mtime=0), sha256(content).hexdigest()[:16]
            found[entry.name] = StaticFile(content, packed, content_type, version)
    return found
