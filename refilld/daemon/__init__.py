"""The process of `refilld run` and `refilld serve`: jobs and HTTP composed, supervision, systemd."""
