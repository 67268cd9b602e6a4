"""The operator's desk: pages rendered on the server, for people who work here all day.

One file a page in `pages/`, its template in `templates/`, one line in `registry.py`. A page reads through
`storage` and `refilld.timeline`, acts through `refilld.services`, and decides nothing itself. Every page
works without scripts. `static/` has the style sheet, the script and htmx; nothing is loaded from elsewhere.
"""
