"""*Users*: who may use the pages, for admins; users are added, and get passwords, at the prompt."""

from collections.abc import Callable

from flask import request

from monitor.model.role import Role
from refilld.services import users as user_actions
from refilld.web.formats import label
from refilld.web.list_fields import ListColumn
from refilld.web.page import Answer, DeskPage, NavGroup, PageAction, PageContext
from refilld.web.reader import gettext
from storage import user_sessions, users
from storage.engine import Transaction
from storage.errors import NotFoundError, WrongStateError
from storage.last_sign_ins import SEARCHED, last_sign_ins
from storage.users import UserRow

PATH = "/users"
LONGEST_NAME = 64
_COLUMNS = (
    ListColumn("name", "Name"),
    ListColumn("role", "Role"),
    ListColumn("signed_in", "Last sign-in"),
    ListColumn("seen", "Last used"),
    ListColumn("sessions", "Sessions", numeric=True),
    ListColumn("code", "Second factor"),
    ListColumn("state", "State"),
    ListColumn("actions", ""),
)


def show(context: PageContext) -> str:
    """The page."""
    with context.database.read() as tx:
        listed = users.listed(tx, context.settings.web.session_idle, context.now)
        signed_in = last_sign_ins(tx)
    return context.render(
        "users.html",
        users=listed,
        signed_in=signed_in,
        searched=SEARCHED,
        columns=_COLUMNS,
        roles=tuple(Role),
        now=context.now,
    )


def role(context: PageContext) -> Answer:
    """Give a user another role; their sessions end."""
    chosen = request.form.get("role", "")
    if chosen not in tuple(Role):
        raise NotFoundError(gettext("There is no such role."))

    def change(tx: Transaction, user: UserRow) -> str:
        if user.external:
            raise WrongStateError(
                gettext("the provider signs {name} in, and their groups have the role", name=user.name)
            )
        if user.role.value == chosen:
            return gettext("{name} has the role {role} already.", name=user.name, role=label(Role(chosen)))
        user_actions.require_other_admin(tx, user)
        user_actions.set_role(tx, user.name, Role(chosen), context.now)
        return gettext(
            "{name} has the role {role} now; their sessions have ended.",
            name=user.name,
            role=label(Role(chosen)),
        )

    return _change(context, change)


def disable(context: PageContext) -> Answer:
    """Let a user sign in no more; their sessions end."""

    def change(tx: Transaction, user: UserRow) -> str:
        user_actions.require_other_admin(tx, user)
        user_actions.disable(tx, user.name, context.now)
        return gettext("{name} is disabled; their sessions have ended.", name=user.name)

    return _change(context, change)


def enable(context: PageContext) -> Answer:
    """Let a disabled user sign in again."""

    def change(tx: Transaction, user: UserRow) -> str:
        user_actions.enable(tx, user.name, context.now)
        return gettext("{name} may sign in again.", name=user.name)

    return _change(context, change)


def end_sessions(context: PageContext) -> Answer:
    """End all sessions of a user but the own one."""

    def change(tx: Transaction, user: UserRow) -> str:
        user_sessions.end_others(tx, user.user_id, context.visitor.session_id or 0, context.now)
        if user.user_id == context.visitor.user_id:
            return gettext("Your other sessions have ended.")
        return gettext("The sessions of {name} have ended.", name=user.name)

    return _change(context, change)


def _change(context: PageContext, change: Callable[[Transaction, UserRow], str]) -> Answer:
    """Change a user, and say what was done or why not."""
    name = request.form.get("name", "")[:LONGEST_NAME]
    return context.carry_out(lambda tx: change(tx, user_actions.existing(tx, name)), PATH)


PAGE = DeskPage(
    "users",
    PATH,
    "Users",
    show,
    role=Role.ADMIN,
    group=NavGroup.SYSTEM,
    actions=(
        PageAction("role", role, Role.ADMIN),
        PageAction("disable", disable, Role.ADMIN),
        PageAction("enable", enable, Role.ADMIN),
        PageAction("end-sessions", end_sessions, Role.ADMIN),
    ),
)
