"""*Another window or threshold*: what the guarantee would have cost under other terms."""

from datetime import timedelta

from flask import request

from monitor.errors import BadInputError, RefilldError
from refilld.services.terms_change import threshold_of, window_of
from refilld.web.list_fields import LONGEST_FILTER, ListColumn
from refilld.web.page import DeskPage, PageContext
from refilld.web.pages import retention
from refilld.web.what_if_runs import (
    LONGEST,
    ReplayBusyError,
    ReplayStoppedError,
    WhatIfAnswer,
    WhatIfQuestion,
)

PATH = f"{retention.PATH}/what-if"
PERIODS = {"30d": timedelta(days=30), "90d": timedelta(days=90), "180d": timedelta(days=180)}
DEFAULT = "90d"
MOST_ROWS = 50
_COLUMNS = (
    ListColumn("service", "Service"),
    ListColumn("provider", "Provider"),
    ListColumn("refills", "Refills", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("price", "Price", numeric=True),
    ListColumn("other_refills", "Refills then", numeric=True),
    ListColumn("other_units", "Units then", numeric=True),
    ListColumn("other_price", "Price then", numeric=True),
    ListColumn("more_units", "More units", numeric=True),
    ListColumn("more_price", "More price", numeric=True),
)


def show(context: PageContext) -> str:
    """The form, and once something is changed the costs, which are computed now."""
    typed = {name: request.args.get(name, "").strip()[:LONGEST_FILTER] for name in ("window", "threshold")}
    given = request.args.get("since", DEFAULT)
    since = given if given in PERIODS else DEFAULT
    answer: WhatIfAnswer | None = None
    refusal: RefilldError | None = None
    try:
        changes = _changes(typed["window"], typed["threshold"])
        if changes:
            answer = _answer(context, WhatIfQuestion(changes, PERIODS[since]))
    except (BadInputError, ReplayStoppedError, ReplayBusyError) as error:
        refusal = error
    rows = [] if answer is None else sorted(answer.found.rows, key=lambda row: not row["total"])
    return context.render(
        "retention_what_if.html",
        typed=typed,
        since=since,
        periods=PERIODS,
        refusal=refusal,
        stopped=isinstance(refusal, ReplayStoppedError),
        busy=isinstance(refusal, ReplayBusyError),
        command=_command(typed, since),
        answer=answer,
        rows=rows[:MOST_ROWS],
        more=len(rows[MOST_ROWS:]),
        columns=_COLUMNS,
        longest=int(LONGEST),
    )


def _answer(context: PageContext, question: WhatIfQuestion) -> WhatIfAnswer:
    desk = context.desk
    return desk.what_ifs.answer(desk.database, desk.settings, question, context.now)


def _changes(window: str, threshold: str) -> tuple[tuple[str, object], ...]:
    """The fields of the terms that are changed; raises BadInputError."""
    found: list[tuple[str, object]] = []
    if window:
        found.append(("window", window_of(window)))
    if threshold:
        found.append(threshold_of(threshold))
    return tuple(found)


def _command(typed: dict[str, str], since: str) -> str:
    """The command that replays more, and without a limit."""
    given = [f"--{name} {value}" for name, value in typed.items() if value]
    return " ".join(["refilld retention what-if", *given, f"--since {since}"])


PAGE = DeskPage("retention_what_if", PATH, "Another window or threshold", show)
