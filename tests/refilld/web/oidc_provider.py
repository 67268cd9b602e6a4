"""A small OpenID provider on loopback: it signs with a key of its own, and people sign in by being named."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from werkzeug.serving import make_server

CLIENT, SECRET = "refilld", "hunter2 & co"


@dataclass
class OidcProvider:
    """What it says, and whom it signs in."""

    now: int
    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "first"}))
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "17", "preferred_username": "Alice", "groups": ["staff"]}
    )
    claims: dict[str, Any] = field(default_factory=dict)
    """Replace those of the ID token; None removes one."""
    by_userinfo: bool = False
    """Whether name and groups are in the userinfo only."""
    document: dict[str, Any] = field(default_factory=dict)
    """Replaces keys of the discovery document."""
    signs_with: ECKey | None = None
    """Another key than the published one."""
    asked: list[str] = field(default_factory=list)
    """Paths of requests."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, url: str) -> str:
        """Sign the person in whose browser was led here; the URL that it is sent back to."""
        given = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert given["response_type"] == "code"
        assert given["code_challenge_method"] == "S256"
        code = f"code{len(self._codes)}"
        self._codes[code] = given
        return f"{given['redirect_uri']}?code={code}&state={given['state']}"

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.before_request
        def note() -> None:
            self.asked.append(request.path)

        @app.get("/.well-known/openid-configuration")
        def discovery() -> Response:
            return jsonify(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "scopes_supported": ["openid", "profile", "groups"],
                }
                | self.document
            )

        app.post("/token")(self._token)
        app.get("/keys")(lambda: jsonify(KeySet([self.key]).as_dict(private=False)))
        app.get("/userinfo")(self._userinfo)
        return app

    def _token(self) -> tuple[Response, int]:
        given = self._codes.pop(request.form["code"], None)
        if given is None or not self._is_client() or not self._proves(given):
            return jsonify({"error": "invalid_grant"}), 400
        known = {"sub": self.person["sub"]} if self.by_userinfo else self.person
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "exp": self.now + 300,
            "iat": self.now,
            "nonce": given["nonce"],
            **known,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "ES256", "kid": "first"}, claims, self.signs_with or self.key)
        return jsonify({"access_token": "access", "token_type": "Bearer", "id_token": token}), 200

    def _is_client(self) -> bool:
        sent = request.headers.get("Authorization", "").removeprefix("Basic ")
        if not sent:
            return (request.form.get("client_id"), request.form.get("client_secret")) == (CLIENT, SECRET)
        return b64decode(sent).decode() == f"{CLIENT}:{SECRET}"

    @staticmethod
    def _proves(given: dict[str, str]) -> bool:
        made = urlsafe_b64encode(sha256(request.form["code_verifier"].encode()).digest()).decode().rstrip("=")
        return made == given["code_challenge"] and request.form["redirect_uri"] == given["redirect_uri"]

    def _userinfo(self) -> tuple[Response, int]:
        if request.headers.get("Authorization") != "Bearer access":
            return jsonify({}), 401
        return jsonify(self.person), 200


@contextmanager
def oidc_provider(now: int) -> Iterator[OidcProvider]:
    """Serve a provider on a free port."""
    provider = OidcProvider(now)
    server = make_server("127.0.0.1", 0, provider.app(), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
