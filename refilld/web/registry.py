"""All pages, in the order of the navigation."""

from refilld.web.page import DeskPage
from refilld.web.pages import (
    account,
    alert,
    alerts,
    audit,
    delivery,
    settings,
    sign_in,
    silences,
    sources,
    webhook,
    webhooks,
)

PAGES: tuple[DeskPage, ...] = (
    alerts.PAGE,
    alert.PAGE,
    silences.PAGE,
    sources.PAGE,
    audit.PAGE,
    webhooks.PAGE,
    webhook.PAGE,
    delivery.PAGE,
    settings.PAGE,
    account.PAGE,
    sign_in.PAGE,
)
