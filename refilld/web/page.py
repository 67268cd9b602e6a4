"""What a page is, and what it is given for one request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from flask import Response, redirect, render_template

from monitor.errors import BadInputError
from monitor.model.role import Role
from refilld.answers.texts import Texts, shipped_texts
from refilld.services.look_obstacle import EnabledSources
from refilld.services.source_forecast import KeptForecasts
from refilld.settings.settings import Settings
from refilld.web import flashes
from refilld.web.oidc_flow import KeptFlow
from refilld.web.reader import gettext
from refilld.web.report_cache import ReportCache
from refilld.web.visitor import Visitor
from refilld.web.what_if_runs import WhatIfRuns
from storage.engine import Database, Transaction
from storage.errors import NotFoundError, OpenRefillError, WrongStateError


class NavGroup(StrEnum):
    """The groups of the navigation, from the first to the last."""

    WORK = "Work"
    MONITOR = "Monitor"
    SYSTEM = "System"


@dataclass(frozen=True, slots=True)
class Desk:
    """What all pages share."""

    settings: Settings
    origins: Mapping[tuple[str, ...], str]
    """Where each key of the configuration comes from; keys that are not in it have their defaults."""
    database: Database
    clock: Callable[[], datetime]
    texts: Texts = field(default_factory=shipped_texts)
    """The sentences that answer customers."""
    enabled: EnabledSources | None = None
    """The sources of the process; None if it is not known whether they can look."""
    reports: ReportCache = field(default_factory=ReportCache)
    forecasts: KeptForecasts = field(default_factory=KeptForecasts)
    what_ifs: WhatIfRuns = field(default_factory=WhatIfRuns)
    oidc: KeptFlow = field(default_factory=KeptFlow)


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is given: the desk, the time of the request, and who asks."""

    desk: Desk
    now: datetime
    visitor: Visitor

    @property
    def settings(self) -> Settings:
        return self.desk.settings

    @property
    def database(self) -> Database:
        return self.desk.database

    def render(self, template: str, **values: object) -> str:
        """The page of a template, which gets these values."""
        return render_template(template, **values)

    def carry_out(self, change: Callable[[Transaction], str], path: str) -> Response:
        """The answer to an action: back to a page, which tells what was changed or why it was refused."""
        try:
            with self.database.write() as tx:
                message = change(tx)
        except BadInputError as error:
            return self._not_done(error.problem, path)
        except (NotFoundError, OpenRefillError, WrongStateError) as error:
            return self._not_done(str(error), path)
        return self.done(message, path)

    def _not_done(self, why: str, path: str) -> Response:
        return self.refused(gettext("Not done: {why}.", why=why.removesuffix(".")), path)

    def done(self, message: str, path: str) -> Response:
        """The answer to an action: back to a page, which shows the message."""
        flashes.add(flashes.FlashLevel.DONE, message)
        return _see(path)

    def refused(self, message: str, path: str) -> Response:
        """The answer to an action that was not carried out."""
        flashes.add(flashes.FlashLevel.REFUSED, message)
        return _see(path)

    def see(self, path: str) -> Response:
        """The answer whose result is another page."""
        return _see(path)


def _see(path: str) -> Response:
    answer = redirect(path, 303)
    assert isinstance(answer, Response)  # noqa: S101  # of this application
    return answer


Answer: TypeAlias = str | Response
View: TypeAlias = Callable[..., Answer]
"""Is called with a PageContext, and with what the path contains."""


@dataclass(frozen=True, slots=True)
class PageAction:
    """A form that changes something, sent to the path of its page with the name of the action below."""

    name: str
    view: View
    role: Role = Role.OPERATOR


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page of the desk."""

    name: str
    """Names its route and its template."""
    path: str
    title: str
    view: View
    role: Role = Role.VIEWER
    group: NavGroup | None = None
    """Its group of the navigation; None if it is not in there."""
    letter: str = ""
    """The key that opens it, after `g`."""
    actions: tuple[PageAction, ...] = ()
