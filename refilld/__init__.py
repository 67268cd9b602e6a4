"""The front door: command line, HTTP, configuration, and the daemon's composition."""
