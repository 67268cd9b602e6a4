"""A page that uses every part of `macros.html`."""

from datetime import timedelta
from decimal import Decimal

from flask import render_template_string, request

from refilld.services.refill_query import REFILLS
from refilld.web.cursor_list import read_cursor_list
from refilld.web.list_fields import FilterField, ListColumn
from refilld.web.page import Answer, DeskPage, NavGroup, PageAction, PageContext
from storage.pages import CappedCount, Cursor, Page

MARKUP = "<b>&\"'\N{RIGHT-TO-LEFT OVERRIDE}"
COLUMNS = (
    ListColumn("id", "Order"),
    ListColumn("units", "Units", numeric=True),
    ListColumn("at", "At"),
    ListColumn("why", "Why"),
)
FILTERS = (
    FilterField("state", "State", (("held", "held"), ("queued", "queued"))),
    FilterField("consumer", "Text"),
)
TEMPLATE = """\
{% extends "layout.html" %}
{% import "macros.html" as ui with context %}
{% block content %}
{{ ui.filters(list, filters) }}
{% call ui.live("rows", list.url, 5) %}
{% call ui.table(columns, "Orders", select=true) %}
{% for id in ids %}
<tr>{{ ui.pick(id) }}
<td data-label="Order"><a href="/sample?q={{ id }}">{{ id }}</a></td>
{{ ui.cell(columns[1], 1234567|number) }}
{{ ui.cell(columns[2], now|time_to_second) }}
{{ ui.cell(columns[3], markup) }}</tr>
{% endfor %}
{% endcall %}
{% endcall %}
{{ ui.places(list, found, total, "order", "orders") }}
<form id="selection" class="bar" method="post" action="/sample/act">
{{ ui.token() }}<button>Approve</button></form>
{{ ui.facts([("Held", ui.badge("held", "wait")), ("Change", -12|signed), ("Price", price|money("EUR"))]) }}
<p>{{ now|since(later) }} {{ later|since(now) }} {{ hour|duration }} {{ none|time }}</p>
{{ ui.empty("Nothing fell.") }}
{{ ui.action("/sample/act", "Check now", {"id": markup}) }}
{% call ui.confirmation("/sample/act", [("Orders", 3)], "Release", "/sample", {"id": 1}, danger=true) %}
<label>Note <input name="note"></label>
{% endcall %}
{% endblock %}
"""


def _show(context: PageContext) -> str:
    return render_template_string(
        TEMPLATE,
        list=read_cursor_list("/sample", REFILLS, context.now),
        found=Page((), Cursor(context.now, 17), None),
        filters=FILTERS,
        columns=COLUMNS,
        ids=["17", "18", MARKUP],
        markup=MARKUP,
        now=context.now,
        later=context.now + timedelta(hours=3),
        hour=timedelta(hours=1),
        price=Decimal("1234.5"),
        total=CappedCount(1_000, exact=False),
    )


def _act(context: PageContext) -> Answer:
    return context.done(f"done: {', '.join(request.form.getlist('id'))}", "/sample")


SAMPLE = DeskPage(
    "sample", "/sample", "Sample", _show, group=NavGroup.WORK, letter="s", actions=(PageAction("act", _act),)
)
