"""All pages, in the order of the navigation."""

from refilld.web.page import DeskPage
from refilld.web.pages import settings

PAGES: tuple[DeskPage, ...] = (settings.PAGE,)
