"""Finds out who sends a request: by the cookie of a session, or by the header of a trusted proxy."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from secrets import token_urlsafe
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from monitor.model.role import Role, highest
from refilld.settings.networks import in_networks
from refilld.settings.web import TrustedHeaderSection, WebSection
from refilld.web.page import Desk
from refilld.web.reader import gettext
from refilld.web.visitor import Visitor, visitor
from storage import user_sessions
from storage.actor import Actor, become
from storage.errors import UnreachableError

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_NAME = 100
_GROUPS = re.compile(r"[,;|]")
_OF_NO_DOMAIN = re.compile(r"[^.]*|[0-9.]+")


class Visitors:
    """The visitors of a desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._web = desk.settings.web

    def register(self, app: Flask) -> None:
        """Let browsers that are shown a form keep the value that it is bound to."""

        @app.after_request
        def keep(response: Response) -> Response:
            if "form_shown" in g and "new_secret" in g:
                set_cookie(response, self._web, g.new_secret)
            return response

    def find(self) -> Visitor:
        """Who sends the current request; the events that it causes name them."""
        secret = self._secret()
        found = self._by_header(secret) or self._by_session(secret) or Visitor(secret)
        if found.role is not None:
            become(Actor(f"page {found.name}", g.request_id))
        return found

    def _secret(self) -> str:
        """The value of the cookie; a new one is set if there is none."""
        sent = request.cookies.get(cookie_name(self._web), "")
        if _SECRET.fullmatch(sent):
            return sent
        g.new_secret = token_urlsafe(32)
        return str(g.new_secret)

    def _by_header(self, secret: str) -> Visitor | None:
        section = self._web.trusted_header
        name = request.headers.get(section.user, "") if section.user else ""
        if not name or not in_networks(request.remote_addr, section.networks):
            return None
        if not name.isprintable() or "," in name or len(name) > _LONGEST_NAME:
            abort(
                HTTPStatus.FORBIDDEN,
                gettext("The proxy sent a name in {header} that cannot be used.", header=section.user),
            )
        if not _is_sent_to_us(self._web):
            abort(
                HTTPStatus.FORBIDDEN,
                gettext("The Host of this request is not that of web.public_url. Set that."),
            )
        role = _role(section)
        if role is None:
            abort(
                HTTPStatus.FORBIDDEN, gettext("None of your groups has a role here. Ask an admin of refilld.")
            )
        return Visitor(secret, name, role)

    def _by_session(self, secret: str) -> Visitor | None:
        if "new_secret" in g:
            return None
        now = self._desk.clock()
        with self._desk.database.read() as tx:
            user = user_sessions.found(tx, secret, self._web.session_idle, now)
        if user is None:
            return None
        if now - user.seen_at > user_sessions.SEEN_EVERY:
            self._note_use(user.session_id, now)
        return Visitor(secret, user.name, user.role, user.user_id, user.session_id, user.language)

    def _note_use(self, session_id: int, now: datetime) -> None:
        """Note that a session is used; pages are shown even if nothing can be written."""
        with suppress(UnreachableError), self._desk.database.write() as tx:
            user_sessions.seen(tx, session_id, now)


def _is_sent_to_us(web: WebSection) -> bool:
    """Whether a request names our host, an address, or a host without a domain.

    Else somebody's domain may lead here (DNS rebinding), so that their page, in a browser on the machine of
    the proxy, could send the headers of the proxy.
    """
    host = request.host.partition(":")[0].lower()
    return bool(_OF_NO_DOMAIN.fullmatch(host)) or host == urlsplit(web.public_url).hostname


def _role(section: TrustedHeaderSection) -> Role | None:
    """The highest role of the groups that the proxy has sent."""
    groups = {group.strip() for group in _GROUPS.split(request.headers.get(section.groups, ""))}
    return highest(role for group, role in section.roles.items() if group in groups)


def cookie_name(web: WebSection) -> str:
    """The name of the cookie; browsers accept the prefix from the host itself only, and by https only."""
    return "__Host-refilld" if web.secure else "refilld"


def set_cookie(response: Response, web: WebSection, value: str) -> None:
    """Let the browser keep the value of a session, or of a form before the sign-in."""
    g.visitor = replace(visitor(), secret=value)
    response.set_cookie(
        cookie_name(web),
        value,
        max_age=web.session_lifetime,
        secure=web.secure,
        httponly=True,
        samesite="Lax",
    )


def remove_cookie(response: Response, web: WebSection) -> None:
    """Let the browser forget the value."""
    response.delete_cookie(cookie_name(web), secure=web.secure, httponly=True, samesite="Lax")
