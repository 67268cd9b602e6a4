"""The values that a filter can have: services and providers, each found behind the last one in its index."""

from sqlalchemy import Connection, text

MOST = 200
"""Values that are listed; a shop with more types them."""
_SERVICES = text("""
    WITH RECURSIVE known(name) AS (
        SELECT min(service) FROM orders
        UNION ALL
        SELECT (SELECT min(service) FROM orders WHERE service > known.name) FROM known WHERE name IS NOT NULL
    )
    SELECT name FROM known WHERE name IS NOT NULL LIMIT :most
""")
_PROVIDERS = text("""
    WITH RECURSIVE known(name) AS (
        SELECT min(provider) FROM orders WHERE provider IS NOT NULL
        UNION ALL
        SELECT (SELECT min(provider) FROM orders WHERE provider > known.name)
        FROM known WHERE name IS NOT NULL
    )
    SELECT name FROM known WHERE name IS NOT NULL LIMIT :most
""")


def services(connection: Connection, most: int = MOST) -> list[str]:
    """The services of orders, in their order; at most so many."""
    return list(connection.execute(_SERVICES, {"most": most}).scalars())


def providers(connection: Connection, most: int = MOST) -> list[str]:
    """The providers of orders, in their order; at most so many."""
    return list(connection.execute(_PROVIDERS, {"most": most}).scalars())
