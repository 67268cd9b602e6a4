"""Session files, and a source that uses one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.tunnel import HttpAnswer

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CODE = "C0deAAAAAAA"
OTHER = "C0deBBBBBBB"
PICTURE = "C0dePPPPPPP"
SESSION = "787132%3AFAKEsession%3A17"
TOKEN = "FAKEcsrftoken"
LOGGED_IN = HttpAnswer(
    '<html>["LSD",[],{"token":"lsd"},323] "IG_USER_EIMU":"787132"'
    ' ["DTSGInitialData",[],{"token":"dtsg"},258]</html>'
)
COOKIES: dict[str, Any] = {"sessionid": SESSION, "csrftoken": TOKEN, "ds_user_id": "787132"}
INVALID: tuple[Any, ...] = ("", None, 7, True, [], "a b", 'a"', "a;b", "ü")
"""Values that no cookie of a login has."""
QUERY = "POST /graphql/query"
START = "GET /"
ANONYMOUS_QUERY = "POST /api/graphql"


def put(file: Path, value: object, mode: int = 0o600) -> Path:
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    file.chmod(mode)
    return file


def with_session(file: Path) -> InstaloaderSource:
    return InstaloaderSource.configured({"session_file": str(file)})
