"""What consumers and producers were told must be in the database: an answer is a promise."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.faults.checker import histories
from tests.faults.stored_rows import Refill, StoredRows

Line = Mapping[str, Any]
BACK = frozenset({"release", "fail"})


def broken_promises(rows: StoredRows, lines: Iterable[Line]) -> list[str]:
    """What was answered and is not so, one line each; the logs are read before the rows."""
    lines = list(lines)
    return [*_orders(rows, lines), *_claims(rows, lines), *_completions(rows, lines)]


def _orders(rows: StoredRows, lines: list[Line]) -> Iterator[str]:
    """Every order that was taken is there."""
    batches = {line["key"]: line["sell"] for line in lines if "sell" in line}
    for line in lines:
        if "answered" in line:
            wrong = [one for one in line["results"] if one not in {"added", "unchanged"}]
            if line["status"] != 200 or wrong or not line["results"]:
                yield f"the batch {line['answered']} was answered {line['status']} {wrong}"
            missing = sorted(batches[line["answered"]].keys() - rows.orders)
            yield from (f"order {order_id} was taken, and is lost" for order_id in missing)


def _claims(rows: StoredRows, lines: list[Line]) -> Iterator[str]:
    """Every claim and every way back is in the history, and no token was given out twice."""
    past, tokens = histories(rows), defaultdict[int, list[str]](list)
    back = defaultdict[int, set[str]](set)
    for line in lines:
        if "claimed" in line:
            tokens[line["claimed"]].append(line["token"])
        if line.get("call") in BACK and line["status"] == 200:
            back[line["refill"]].add(line["token"])
    for refill_id, given in tokens.items():
        if len(set(given)) != len(given) or past[refill_id].count("claimed") < len(given):
            yield f"refill {refill_id} was claimed under {given}, its history is {past[refill_id]}"
    for refill_id, ended in back.items():
        if past[refill_id].count("queued") <= len(ended):
            yield f"refill {refill_id} was given back under {ended}, its history is {past[refill_id]}"


def _completions(rows: StoredRows, lines: list[Line]) -> Iterator[str]:
    """A refill that was said to be completed is, under one token, and stays so."""
    stored = {refill.refill_id: refill for refill in rows.refills}
    tokens = defaultdict[int, set[str]](set)
    for line in lines:
        if line.get("call") == "complete" and line["status"] == 200:
            tokens[line["refill"]].add(line["token"])
        elif "call" in line and line["status"] not in {200, 409}:
            yield f"{line['call']} of refill {line['refill']} was answered {line['status']}"
    for refill_id, given in tokens.items():
        refill = stored.get(refill_id)
        if refill is None or not _completed_under(refill, given):
            yield f"refill {refill_id} was completed under {given}, and is {refill}"


def _completed_under(refill: Refill, tokens: set[str]) -> bool:
    return refill.state == "completed" and tokens == {refill.done_token}
