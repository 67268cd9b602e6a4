"""The command that installs a missing optional dependency beside this installation.

It repeats what `pip` recorded of how refilld was installed (`direct_url.json`, PEP 610).
"""

import json
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

DISTRIBUTION = "refilld"


def install_command(extra: str) -> str:
    """The command that installs an extra, for this interpreter, ready to be pasted."""
    return shlex.join([sys.executable, "-m", "pip", "install", *_requirement(_direct_url(), extra)])


def _direct_url() -> dict[str, object]:
    """Where refilld was installed from; empty when it came from a package index."""
    try:
        recorded = distribution(DISTRIBUTION).read_text("direct_url.json")
        found = json.loads(recorded) if recorded else {}
    except (PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _requirement(direct_url: dict[str, object], extra: str) -> list[str]:
    """The arguments that name refilld with an extra, from where it was installed if that is still there."""
    url, folder = str(direct_url.get("url", "")), direct_url.get("dir_info")
    local = Path(unquote(urlsplit(url).path)) if url.startswith("file://") else None
    if not url or (local is not None and not local.exists()):
        return [f"{DISTRIBUTION}[{extra}]"]
    if local is None or not isinstance(folder, dict):
        return [f"{DISTRIBUTION}[{extra}] @ {url}"]
    return [*(["--editable"] if folder.get("editable") else []), f"{local}[{extra}]"]
