"""All pages, in the order of the navigation."""

from refilld.web.page import DeskPage
from refilld.web.pages import (
    account,
    alert,
    alerts,
    audit,
    buyer,
    delivery,
    order,
    order_chart,
    retention,
    retention_what_if,
    settings,
    sign_in,
    silences,
    sources,
    today,
    users,
    webhook,
    webhooks,
)

PAGES: tuple[DeskPage, ...] = (
    today.PAGE,
    order.PAGE,
    order_chart.PAGE,
    sources.PAGE,
    retention.PAGE,
    retention_what_if.PAGE,
    alerts.PAGE,
    alert.PAGE,
    silences.PAGE,
    webhooks.PAGE,
    webhook.PAGE,
    delivery.PAGE,
    audit.PAGE,
    users.PAGE,
    settings.PAGE,
    account.PAGE,
    buyer.PAGE,
    sign_in.PAGE,
)
