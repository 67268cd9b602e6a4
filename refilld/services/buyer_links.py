"""Links that let a buyer see one order without a sign-in: signed, of a revision, and revocable."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from datetime import datetime
from hmac import compare_digest, digest

from monitor.errors import BadInputError
from refilld.services.refill_requests import request_refill
from refilld.settings.settings import Settings
from storage import buyer_links, orders, targets
from storage.engine import Transaction
from storage.errors import NotFoundError

PATH = "/buyer/"
LONGEST = 600
"""Characters of the signed part of a link."""
_SIGNATURE = 24
"""Bytes of the signature that a link has."""
TURN_ON = "buyer_pages = true"


def buyer_link(tx: Transaction, settings: Settings, order_id: str, now: datetime) -> str:
    """The link of an order; raises NotFoundError, or BadInputError if the pages are off."""
    if not settings.web.buyer_pages:
        raise BadInputError("web.buyer_pages", f"the pages of buyers are off; write under [web]: {TURN_ON}")
    orders.get(tx, order_id)
    return _link(settings, buyer_links.ensure_key(tx, now), order_id, buyer_links.revision(tx, order_id))


def known_link(tx: Transaction, settings: Settings, order_id: str) -> str | None:
    """The link of an order; None if the pages are off, or no link was ever made."""
    key = buyer_links.key(tx) if settings.web.buyer_pages else None
    return None if key is None else _link(settings, key, order_id, buyer_links.revision(tx, order_id))


def order_of_link(tx: Transaction, signed: str) -> str:
    """The order of the signed part of a link; raises NotFoundError.

    A wrong signature and an unknown order take the same steps, so neither answer nor time tells which ids
    exist.
    """
    order_id, signature = _parts(signed)
    key, revision = buyer_links.key(tx), buyer_links.revision(tx, order_id)
    genuine = compare_digest(signature, _signature(key or "", order_id, revision))
    if not genuine or key is None:
        raise NotFoundError("there is no such link")
    return order_id


def ask_for_refill(tx: Transaction, order_id: str, now: datetime) -> bool:
    """Record a customer's request; False if there were too many today. Raises NotFoundError."""
    targets.of_order(tx, order_id, lock=True)  # before other rows, as every request
    if not buyer_links.may_ask(tx, order_id, now):
        return False
    request_refill(tx, order_id, now)
    return True


def _link(settings: Settings, key: str, order_id: str, revision: int) -> str:
    base = settings.web.public_url or f"http://{settings.http.listen}"
    named = urlsafe_b64encode(order_id.encode()).decode().rstrip("=")
    signature = urlsafe_b64encode(_signature(key, order_id, revision)).decode()
    return f"{base}{PATH}{named}.{signature}"


def _signature(key: str, order_id: str, revision: int) -> bytes:
    return digest(key.encode(), f"buyer link {revision} {order_id}".encode(), "sha256")[:_SIGNATURE]


def _parts(signed: str) -> tuple[str, bytes]:
    """Order id and signature; both empty if the text has another form."""
    named, _, signature = signed.partition(".")
    try:
        if len(signed) > LONGEST or not signed.isascii():
            return "", b""
        order_id = urlsafe_b64decode(named + "=" * (-len(named) % 4)).decode()
        return order_id.replace("\0", ""), urlsafe_b64decode(signature)
    except (Error, ValueError):
        return "", b""
