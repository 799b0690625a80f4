"""Names under which only secrets stand: DB_PASSWORD, apiKey, private-key-pem, authToken."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "authkey",
    "secretkey",
    "privatekey",
    "kubeconfig",
)
"""How a last word ends, also where words are written together: `dbpassword`."""
_ALONE = _words(
    "pass pwd pw passcode pin otp totp jwt psk pat sas cvv auth bearer authorization cookie mnemonic pepper "
    "dbpw requirepass masterauth userdata htpasswd pgpass netrc npmrc dockercfg dockerconfigjson"
)
_BEFORE = {
    "key": _words(
        "access account admin aes ai anthropic api app application auth client consumer cookie crypto decryption deploy "
        "encryption gpg hmac integration jwt license login master openai pgp preshared private root rsa sa secret server "
        "session shared signing ssh ssl storage stripe tls token unlock unseal webhook"
    ),
    "code": _words("access recovery backup pin verification"),
    "url": frozenset({"webhook", "hook", "sas"}),
}
_PAIRS = frozenset(
    {
        ("connection", "string"),
        ("user", "data"),
        ("custom", "data"),
        ("cloud", "init"),
        ("key", "pem"),
        ("key", "base"),
        ("seed", "phrase"),
        ("totp", "seed"),
        ("snmp", "community"),
        ("card", "number"),
        ("access", "signature"),
        ("id", "rsa"),
        ("id", "ed"),
        ("id", "ecdsa"),
    }
)
_FORMS = _words(
    "pem openssh pkcs base64 b64 b json raw plain plaintext value wo der hex hash salt data string binary v "
    "old new current previous default"
)
"""What a secret's name may end in, and be no less a secret's."""
_COUNTED = frozenset({"max", "min", "num", "count", "total", "automount"})


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Whether a value of this name is to be hidden, whatever it looks like. By its last words: `secretName` names, it hides nothing."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[0] in _COUNTED:
        return False
    while not _is_secret(words):
        if len(words) < 2 or not (words[-1] in _FORMS or words[-1].isdigit()):  # noqa: PLR2004  (a form of something)
            return False
        words.pop()
    return True


def is_collection(name: str) -> bool:
    """Whether everything below this name is a secret: `secrets`, `apiKeys`."""
    return name.endswith("s") and is_secret_name(name) and not name.endswith("pass")


def _is_secret(words: list[str]) -> bool:
    *before, last = words
    one = last.removesuffix("s")
    if last in _ALONE or one.endswith(_ENDINGS):
        return True
    if not before:
        return False
    return before[-1] in _BEFORE.get(one, ()) or (before[-1], one) in _PAIRS
