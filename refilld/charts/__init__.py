"""Charts: values in, SVG text, table rows or JSON out. No database, no clock, no web framework.

The values of an order's chart are made by `refilld.timeline`; pages and commands put the results where they
are shown. `static/` has the style sheet and the script that zooms a chart in the browser.
"""
