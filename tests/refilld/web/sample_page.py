"""A page that uses every part of `macros.html`."""

from datetime import timedelta
from decimal import Decimal

from flask import render_template_string, request

from refilld.web.list_query import FilterField, ListColumn, read_list_query
from refilld.web.page import Answer, DeskPage, NavGroup, PageAction, PageContext

MARKUP = "<b>&\"'\N{RIGHT-TO-LEFT OVERRIDE}"
COLUMNS = (
    ListColumn("id", "Order", sort=True),
    ListColumn("units", "Units", sort=True, numeric=True),
    ListColumn("at", "At", sort=True),
    ListColumn("why", "Why"),
)
FILTERS = (FilterField("state", "State", (("held", "held"), ("queued", "queued"))), FilterField("q", "Text"))
TEMPLATE = """\
{% extends "layout.html" %}
{% import "macros.html" as ui with context %}
{% block content %}
{{ ui.filters(query, filters) }}
{% call ui.live("rows", query.url, 5) %}
{% call ui.table(columns, query, "Orders", select=true) %}
{% for id in ids %}
<tr>{{ ui.pick(id) }}
<td data-label="Order"><a href="/sample?q={{ id }}">{{ id }}</a></td>
{{ ui.cell(columns[1], 1234567|number) }}
{{ ui.cell(columns[2], now|time_to_second) }}
{{ ui.cell(columns[3], markup) }}</tr>
{% endfor %}
{% endcall %}
{% endcall %}
{{ ui.paging(query, total, "order", "orders") }}
<form id="selection" class="bar" method="post" action="/sample/act">
{{ ui.token() }}<button>Approve</button></form>
{{ ui.facts([("Held", ui.badge("held", "wait")), ("Change", -12|signed), ("Price", price|money("EUR"))]) }}
<p>{{ now|since(later) }} {{ later|since(now) }} {{ hour|duration }} {{ none|time }} {{ total|capped }}</p>
{{ ui.empty("Nothing fell.") }}
{{ ui.action("/sample/act", "Check now", {"id": markup}) }}
{% call ui.confirmation("/sample/act", [("Orders", 3)], "Release", "/sample", {"id": 1}, danger=true) %}
<label>Note <input name="note"></label>
{% endcall %}
{% endblock %}
"""


def _show(context: PageContext) -> str:
    query = read_list_query("/sample", request.args, FILTERS, COLUMNS, "-at")
    return render_template_string(
        TEMPLATE,
        query=query,
        filters=FILTERS,
        columns=COLUMNS,
        ids=["17", "18", MARKUP],
        markup=MARKUP,
        now=context.now,
        later=context.now + timedelta(hours=3),
        hour=timedelta(hours=1),
        price=Decimal("1234.5"),
        total=1_001,
    )


def _act(context: PageContext) -> Answer:
    return context.done(f"done: {', '.join(request.form.getlist('id'))}", "/sample")


SAMPLE = DeskPage(
    "sample", "/sample", "Sample", _show, group=NavGroup.WORK, letter="s", actions=(PageAction("act", _act),)
)
