"""The language of an order's customer, as the panel writes it."""

import re

from monitor.errors import BadInputError
from refilld.orders_file.cells import shown

_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)


def language(_field: str, text: str) -> str:
    """Parse a code such as `es`, `pt-BR` or `pt_BR`; raises BadInputError("language", …)."""
    if _CODE.fullmatch(text) is None:
        raise BadInputError(
            "language", f"{shown(text)} is not the code of a language; write it like es or pt-BR"
        )
    first, *parts = re.split("[-_]", text)
    return "-".join([first.lower(), *parts])
