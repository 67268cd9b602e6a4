"""The fields of an order in an orders file."""

NEEDED = ("order_id", "service", "link", "quantity", "status")
"""Every file needs these columns; whether `completed_at` is needed depends on the row."""
FIELDS = (
    *NEEDED,
    "completed_at",
    "created_at",
    "start_count",
    "remains",
    "metric",
    "terms",
    "owner",
    "provider",
    "customer",
    "price",
    "currency",
    "language",
)
LEFT_OUT = ""
"""What a column is mapped to that is not to be read."""
