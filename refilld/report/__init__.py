"""The report: how the shop and the monitor stand, on one screen.

`load` reads the rows, `figures` and `actions` make values of them without a database, and each format has one
module that renders the values. What changes something does not belong here.
"""
