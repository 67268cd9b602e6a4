"""The settings: every section and key of the configuration, with default and bounds."""
