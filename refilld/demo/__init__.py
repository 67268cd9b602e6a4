"""`refilld demo`: the real daemon against stand-ins for Instagram and Graph, with scripted events.

The stand-ins (`instagram`, `members`, `graph` over `listener`, `proxy`, `tunnel`) answer on loopback in the
shapes of the real services; the tests use them, too. `show` runs the demonstration, `story` is what
happens in it, `shop` invents its orders, `consumer` delivers the refills. Nothing here is used in production.
"""
