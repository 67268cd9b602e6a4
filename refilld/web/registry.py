"""All pages, in the order of the navigation."""

from refilld.web.page import DeskPage
from refilld.web.pages import (
    account,
    alert,
    alerts,
    audit,
    bulk_action,
    bulk_actions,
    buyer,
    delivery,
    order,
    order_chart,
    queue,
    settings,
    sign_in,
    silences,
    sources,
    today,
    webhook,
    webhooks,
)

PAGES: tuple[DeskPage, ...] = (
    today.PAGE,
    order.PAGE,
    order_chart.PAGE,
    queue.PAGE,
    bulk_actions.PAGE,
    bulk_action.PAGE,
    sources.PAGE,
    alerts.PAGE,
    alert.PAGE,
    silences.PAGE,
    webhooks.PAGE,
    webhook.PAGE,
    delivery.PAGE,
    audit.PAGE,
    settings.PAGE,
    account.PAGE,
    buyer.PAGE,
    sign_in.PAGE,
)
