"""When: the scheduled jobs; APScheduler lives here and only here."""
