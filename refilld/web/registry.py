"""All pages, in the order of the navigation."""

from refilld.web.page import DeskPage
from refilld.web.pages import account, buyer, order, order_chart, settings, sign_in, today

PAGES: tuple[DeskPage, ...] = (
    today.PAGE,
    settings.PAGE,
    order.PAGE,
    order_chart.PAGE,
    account.PAGE,
    buyer.PAGE,
    sign_in.PAGE,
)
