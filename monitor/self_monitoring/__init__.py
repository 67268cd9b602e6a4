"""Whether the monitor itself is blind or stuck: one rule per file, put together by `conditions`."""
