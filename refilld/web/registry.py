"""All pages, in the order of the navigation."""

from refilld.web.page import DeskPage
from refilld.web.pages import account, settings, sign_in

PAGES: tuple[DeskPage, ...] = (
    settings.PAGE,
    account.PAGE,
    sign_in.PAGE,
)
