"""The orders file: CSV or JSON Lines in, orders and refusals with their line numbers out, in bounded memory.

Whatever is wrong with one row refuses that row; whatever is wrong with the file as a whole (its header,
its encoding, a mapping that names nothing) is one BadInputError.
"""

from refilld.orders_file.headings import FIELDS, NEEDED
from refilld.orders_file.order import parse_file, parse_order, parse_rows
from refilld.orders_file.reader import OrdersFile, read_rows
from refilld.orders_file.rejects import RejectsFile
from refilld.orders_file.rows import RawRow, Refused

__all__ = [
    "FIELDS",
    "NEEDED",
    "OrdersFile",
    "RawRow",
    "Refused",
    "RejectsFile",
    "parse_file",
    "parse_order",
    "parse_rows",
    "read_rows",
]
