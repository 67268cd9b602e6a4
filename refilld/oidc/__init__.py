"""Sign-in at an OpenID provider: the authorization code flow with PKCE, state and nonce.

The protocol is Authlib's, and the checks of signatures are joserfc's; both come with the extra `oidc`.
"""
