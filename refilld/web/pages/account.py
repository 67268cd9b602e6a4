"""*Your account*: one's own password, second factor and sessions."""

from collections.abc import Callable
from http import HTTPStatus

import segno
from flask import Response, make_response, redirect
from markupsafe import Markup

from monitor.errors import BadInputError
from monitor.model.role import Role
from monitor.model.whole_number import whole_number
from refilld.services import passwords, totp
from refilld.services.input_limits import LARGEST_ID
from refilld.services.sign_in import SignInOutcome, once_proved
from refilld.translations.catalogue import LANGUAGES
from refilld.web.access import SIGN_IN
from refilld.web.list_fields import ListColumn
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.pages.sign_in import refusal, typed, typed_credentials
from refilld.web.reader import gettext, read_in
from refilld.web.visitors import remove_cookie, set_cookie
from storage import user_sessions, users
from storage.engine import Transaction
from storage.errors import NotFoundError
from storage.user_sessions import SessionLife
from storage.users import UserRow

PATH = "/account"
_COLUMNS = (
    ListColumn("browser", "Browser"),
    ListColumn("peer", "Address"),
    ListColumn("created_at", "Signed in"),
    ListColumn("seen_at", "Last used"),
    ListColumn("end", ""),
)


def show(context: PageContext) -> Answer:
    """The page; somebody whom a proxy has signed in has nothing to change here."""
    if context.visitor.user_id is None:
        return context.render("account.html", user=None)
    idle = context.settings.web.session_idle
    with context.database.read() as tx:
        user = users.get(tx, context.visitor.user_id)
        sessions = user_sessions.listed(tx, user.user_id, idle, context.now)
    return context.render(
        "account.html",
        user=user,
        sessions=sessions,
        columns=_COLUMNS,
        shortest=passwords.SHORTEST,
        languages=LANGUAGES,
    )


def password(context: PageContext) -> Answer:
    """Change the password; all other sessions end, and this one is replaced."""
    if typed("new") != typed("again"):
        return context.refused(gettext("The new passwords are not the same."), PATH)
    try:
        new = passwords.checked(typed("new"), context.visitor.name)
    except BadInputError as error:
        return context.refused(gettext("The new password {problem}.", problem=error.problem), PATH)
    new_hash, web = passwords.hashed(new), context.settings.web
    made: list[str] = []

    def change(tx: Transaction, user: UserRow) -> None:
        users.set_password(tx, user.user_id, new_hash, context.now)
        life = SessionLife(web.session_idle, web.session_lifetime)
        credentials = typed_credentials(user.name)
        made.append(
            user_sessions.begin(tx, user.user_id, credentials.peer, credentials.browser, life, context.now)
        )

    done = gettext("Your password is changed. Your other sessions have ended.")
    answer = _once_proved(context, change, done)
    for token in made:
        set_cookie(answer, web, token)
    return answer


def add_totp(context: PageContext) -> Answer:
    """Show a new secret, which is stored only once a code shows that the app has it."""
    secret = totp.new_secret()
    code = segno.make(totp.uri(secret, context.visitor.name), micro=False)
    picture = Markup(code.svg_inline(scale=4, border=2, dark="#000", light="#fff"))  # noqa: S704  # of ours
    return context.render("account_totp.html", secret=secret, picture=picture)


def confirm_totp(context: PageContext) -> Answer:
    """Ask for a code at each sign-in from now on."""
    secret = typed("secret")
    step = totp.step_of(secret, typed("new_code"), context.now) if totp.is_secret(secret) else None
    if step is None:
        return context.refused(gettext("The code is wrong. Set the second factor up again."), PATH)

    def change(tx: Transaction, user: UserRow) -> None:
        users.set_totp(tx, user.user_id, secret, step, context.now)

    return _once_proved(context, change, gettext("From now on you are asked for a code when you sign in."))


def remove_totp(context: PageContext) -> Answer:
    """Ask for no code any more; all sessions end."""

    def change(tx: Transaction, user: UserRow) -> None:
        users.remove_totp(tx, user.user_id, context.now)

    return _once_proved(context, change, gettext("You are asked for no code any more. Sign in again."))


def end(context: PageContext) -> Answer:
    """End one of one's own sessions."""
    session_id = whole_number(typed("session_id"), LARGEST_ID) or 0
    with context.database.write() as tx:
        if not user_sessions.end(tx, _user_id(context), session_id):
            raise NotFoundError(gettext("You have no such session. It may have ended already."))
    return context.done(gettext("The session has ended."), PATH)


def end_others(context: PageContext) -> Answer:
    """Sign out everywhere else."""
    with context.database.write() as tx:
        kept = context.visitor.session_id or 0
        user_sessions.end_others(tx, _user_id(context), kept, context.now)
    return context.done(gettext("You are signed out everywhere else."), PATH)


def language(context: PageContext) -> Answer:
    """Choose the language of the pages; nothing chosen leaves it to the browser."""
    chosen = typed("language")
    with context.database.write() as tx:
        users.set_language(tx, _user_id(context), chosen if chosen in LANGUAGES else None)
    if chosen in LANGUAGES:
        read_in(chosen)
    return context.done(gettext("Your language is saved."), PATH)


def sign_out(context: PageContext) -> Answer:
    """End this session."""
    if context.visitor.user_id is not None and context.visitor.session_id is not None:
        with context.database.write() as tx:
            user_sessions.end(tx, context.visitor.user_id, context.visitor.session_id)
    answer: Response = make_response(redirect(SIGN_IN, HTTPStatus.SEE_OTHER))
    remove_cookie(answer, context.settings.web)
    return answer


def _once_proved(context: PageContext, change: Callable[[Transaction, UserRow], None], done: str) -> Response:
    """Change something if the password that was typed with it is right."""
    _user_id(context)
    credentials = typed_credentials(context.visitor.name)
    outcome = once_proved(context.database, credentials, context.now, change)
    if outcome is not SignInOutcome.DONE:
        return context.refused(refusal(outcome), PATH)
    return context.done(done, PATH)


def _user_id(context: PageContext) -> int:
    if context.visitor.user_id is None:
        raise BadInputError("account", gettext("a proxy has signed you in; change this where it does"))
    return context.visitor.user_id


_ACTIONS = {
    "password": password,
    "add-totp": add_totp,
    "confirm-totp": confirm_totp,
    "remove-totp": remove_totp,
    "end": end,
    "end-others": end_others,
    "sign-out": sign_out,
    "language": language,
}
PAGE = DeskPage(
    "account",
    PATH,
    "Your account",
    show,
    actions=tuple(PageAction(name, view, Role.VIEWER) for name, view in _ACTIONS.items()),
)
