"""The `instaloader` source: reads Instagram's public pages."""
