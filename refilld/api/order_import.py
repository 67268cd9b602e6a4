"""Sending orders over HTTP: one or many, and once however often it is repeated."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import Response, g, request

from monitor.errors import BadInputError
from refilld.api.answers import ResultsAnswer
from refilld.api.order_body import OrdersBody
from refilld.api.responses import to_json
from refilld.api.route import JSON, PREFIX, ApiRoute
from refilld.services.input_limits import IDEMPOTENCY_KEY
from refilld.services.sent_orders import OrderReader, RowResult, import_sent
from storage import idempotency
from storage.engine import Database
from storage.orders import ImportResult
from storage.tokens import Scope

KEY = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(IDEMPOTENCY_KEY)


@dataclass(frozen=True, slots=True)
class OrderImport:
    """Adds and updates orders, as the import of a file does."""

    database: Database
    clock: Callable[[], datetime]
    reader: OrderReader

    def send(self, body: OrdersBody) -> Response:
        """All rows in one transaction, together with the answer to the key."""
        key, token_id = _key(), g.token.token_id
        sent = self.reader.parse(body.rows, self.clock())
        if body.malformed:
            sent.require_first()
        with self.database.write() as tx:
            now = self.clock()
            if key is not None:
                earlier = idempotency.take(tx, token_id, key, body.fingerprint, now)
                if earlier is not None:
                    return Response(earlier, mimetype=JSON, headers={REPLAYED: "true"})
            results = import_sent(tx, sent, now)
            text = to_json(_fields(results, sent.notes))
            if key is not None:
                idempotency.keep(tx, token_id, key, text)
        return Response(text, mimetype=JSON)


def _key() -> str | None:
    """The key of the request; None without one."""
    key = request.headers.get(KEY)
    if key is not None and _KEY.fullmatch(key) is None:
        raise BadInputError(KEY, "is not 1 to 255 visible ASCII characters")
    return key


def _fields(results: list[RowResult], notes: tuple[str, ...]) -> dict[str, object]:
    counts = Counter(one.result for one in results)
    numbers = {str(result): counts[result] for result in ImportResult}
    return {"results": [_row(one) for one in results], **numbers, "notes": notes}


def _row(one: RowResult) -> dict[str, object]:
    fields: dict[str, object] = {"row": one.row, "order_id": one.order_id, "result": one.result}
    if one.error is not None:
        fields |= {"field": one.error.field, "detail": one.error.problem}
    return fields


def import_routes(orders: OrderImport) -> tuple[ApiRoute, ...]:
    """The route that takes orders."""
    return (
        ApiRoute(
            "POST",
            f"{PREFIX}/orders",
            orders.send,
            "Add or update one order, or up to 1,000",
            ResultsAnswer,
            scopes=(Scope.ORDERS_WRITE,),
            body=OrdersBody,
            request_headers=(KEY,),
            problems=(HTTPStatus.CONFLICT,),
            headers=(REPLAYED,),
        ),
    )
