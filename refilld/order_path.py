"""The id of an order in a URL."""

from werkzeug.routing import BaseConverter


class OrderId(BaseConverter):
    """The id is chosen by the panel, and may contain slashes."""

    regex = ".+?"
    part_isolating = False
