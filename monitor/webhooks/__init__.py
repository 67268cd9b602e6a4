"""Webhooks: who gets which event, how messages are signed and retried, and where they may be sent to."""
