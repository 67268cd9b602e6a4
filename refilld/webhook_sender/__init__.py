"""Sends messages to webhook endpoints: only where that is allowed, and never for long."""
