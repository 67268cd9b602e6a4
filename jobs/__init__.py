"""The scheduled jobs: what runs at an interval. Only this package uses APScheduler."""
