"""Names under which only secrets stand: DB_PASSWORD, apiKey, private-key-pem, authToken."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ALONE = frozenset(
    {
        "password",
        "passwords",
        "passwd",
        "pwd",
        "passphrase",
        "passphrases",
        "secret",
        "secrets",
        "token",
        "tokens",
        "credential",
        "credentials",
        "apikey",
        "apikeys",
        "accesskey",
        "secretkey",
        "privatekey",
        "authtoken",
        "kubeconfig",
        "kubeconfigs",
        "dockerconfigjson",
        "htpasswd",
        "pin",
        "otp",
        "jwt",
    }
)
_BEFORE_KEY = frozenset(
    {
        "api",
        "access",
        "account",
        "secret",
        "private",
        "auth",
        "encryption",
        "signing",
        "master",
        "session",
        "storage",
        "ssh",
        "deploy",
        "license",
        "shared",
        "webhook",
    }
)
_ENDINGS = frozenset({("secret", "string"), ("secret", "binary"), ("connection", "string"), ("user", "data")})
_FORMS = frozenset({"pem", "base64", "b64", "json", "raw", "plain", "plaintext", "value", "wo", "der", "hex"})


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a value of this name is to be hidden, whatever it looks like. By its last words: `secretName` names, it hides nothing."""
    words = [word.lower() for word in _WORDS.findall(name)]
    while len(words) > 1 and (words[-1] in _FORMS or words[-1].isdigit()):
        words.pop()
    if not words:
        return False
    if words[-1] in _ALONE or tuple(words[-2:]) in _ENDINGS:
        return True
    return words[-1] in ("key", "keys") and len(words) > 1 and words[-2] in _BEFORE_KEY
