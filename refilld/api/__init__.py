"""The HTTP interface: routes, request and response schemas, authentication, the server."""
