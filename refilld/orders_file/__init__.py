"""Reads an orders file (CSV or JSON Lines): orders and refused rows with line numbers, in bounded memory.

A fault of one row refuses that row only. A fault of the whole file (its header, its encoding, a mapping
to a missing column) raises BadInputError. Saving the orders is the task of `refilld.services.order_import`.
"""

from refilld.order_fields import FIELDS, NEEDED
from refilld.orders_file.conventions import Conventions, conventions_of
from refilld.orders_file.duplicates import without_conflicts
from refilld.orders_file.notes import Notes
from refilld.orders_file.order import ParsedRow, parse_file, parse_order, parse_rows
from refilld.orders_file.reader import OrdersFile, read_rows
from refilld.orders_file.rejects import RejectsFile
from refilld.orders_file.rows import Ignored, RawRow, Refused

__all__ = [
    "FIELDS",
    "NEEDED",
    "Conventions",
    "Ignored",
    "Notes",
    "OrdersFile",
    "ParsedRow",
    "RawRow",
    "Refused",
    "RejectsFile",
    "conventions_of",
    "parse_file",
    "parse_order",
    "parse_rows",
    "read_rows",
    "without_conflicts",
]
