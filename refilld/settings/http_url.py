"""URLs of http and https in the configuration."""

from urllib.parse import urlsplit


def is_http(url: str) -> bool:
    """Whether a URL of http or https can be requested as it is written."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        valid = bool(host) and parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:  # of a port above 65535, or a host that cannot be looked up
        return False
    return valid and url.isprintable() and " " not in url
