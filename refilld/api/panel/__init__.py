"""`POST /api/v2`: the dialect in which panels talk to their providers."""
