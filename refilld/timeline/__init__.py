"""The timeline of an order: its looks and events, loaded from the database, in words and as JSON."""
