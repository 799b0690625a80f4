"""Thirty secrets of fifteen kinds, and a preview that has them where people leave them. None of them is real."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

SEALED = {
    "password": "correct-horse-battery",
    "odd": 'a"b&c<d>/e\\f g',
    "pem": "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUc9a8\nq7Xb2kPzLw0Tn5Yv8RmUeS4dQ\n-----END CERTIFICATE-----\n",
    "json": json.dumps({"user": "shop", "secretWord": "nobody-knows-4711"}),
    "pin": "70412",
    "unicode": "pässwörd-日本-x",
}
"""What the stack itself calls secret."""
MADE = {"generated": "Zk3uW9qLxT", "token": "made-by-the-cloud-0815"}
"""What the state calls secret."""

_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAv1\nx8Qz0Lr7s3\n-----END RSA PRIVATE KEY-----"
SHAPED = {
    "aws": "AKIAQ3EGRZ7K4PLANTED"[:20],
    "github": "ghp_" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5",
    "slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1g",
    "npm": "npm_" + "0123456789abcdefghijABCDEFGHIJ012345",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "openai": "sk-proj-" + "abcdefghijklmnopqrstuvwx1234",
    "key": _KEY,
    "hook": "T0AAAAAAA/B0BBBBBBB/pLaNtEdHoOk12345",
}
"""What nobody marked, and its shape tells."""
NAMED = {
    "DB_PASSWORD": "hunter2-plain",
    "apiKey": "0badc0de0badc0de",
    "clientSecret": "c1i3nt-s3cret",
    "auth_token": "t0k3n-t0k3n",
}
"""What nobody marked, and its name tells."""
IN_URL = "pw-in-url-99"
SIGNATURE = "9f86d081884c7d659a2feaa0c55ad015"
FLAG = "flag-value-77"
IN_SECRET = base64.b64encode(b"kubernetes-value-55").decode()


def words() -> list[str]:
    """Every text that must not be seen anywhere, in clear or in the coding that it was planted in."""
    plain = [
        *SEALED.values(),
        *MADE.values(),
        *SHAPED.values(),
        *NAMED.values(),
        IN_URL,
        SIGNATURE,
        FLAG,
        IN_SECRET,
    ]
    lines = [
        line for text in (SEALED["pem"], _KEY) for line in text.splitlines() if not line.startswith("-----")
    ]
    return [*plain, *lines, "nobody-knows-4711", *codings()]


def codings() -> list[str]:
    """As other programs write them."""
    odd, made = SEALED["odd"], MADE["generated"]
    return [
        base64.b64encode(SEALED["password"].encode()).decode(),
        base64.b64encode(f"shop:{SEALED['password']}".encode()).decode(),
        base64.urlsafe_b64encode(odd.encode()).decode(),
        base64.b64encode(base64.b64encode(SEALED["password"].encode())).decode(),
        base64.encodebytes(f"{'x' * 70}{SEALED['password']}{'y' * 40}".encode()).decode(),
        SEALED["password"].encode().hex(),
        quote(odd, safe=""),
        json.dumps(odd)[1:-1],
        json.dumps(json.dumps(odd))[1:-1],
        base64.b64encode(SHAPED["github"].encode()).decode(),
        json.dumps(SEALED["pem"])[1:-1],
        f"made%3D{quote(made)}",
    ]


def properties() -> dict[str, Any]:
    """A resource's inputs, full of them."""
    codes = codings()
    return {
        "env": [
            {"name": "DB_PASSWORD", "value": NAMED["DB_PASSWORD"]},
            {"name": "PLAIN", "value": "shown-value"},
        ],
        "apiKey": NAMED["apiKey"],
        "settings": json.dumps({"clientSecret": NAMED["clientSecret"], "shown": "shown-setting"}),
        "userData": f"#!/bin/sh\nexport auth_token={NAMED['auth_token']}\nrun --password {FLAG}\n",
        "url": f"postgres://shop:{IN_URL}@db:5432/shop?sslmode=require",
        "download": f"https://bucket.s3.amazonaws.com/x?X-Amz-Signature={SIGNATURE}&X-Amz-Expires=60",
        "hook": f"https://hooks.slack.com/services/{SHAPED['hook']}",
        "script": f"line one\nkey: {SHAPED['key']}\nlast line",
        "text": f"it is {SEALED['password']}, pin {SEALED['pin']}, {SEALED['unicode']}; made {MADE['generated']} {MADE['token']}",
        "shapes": [text for name, text in SHAPED.items() if name not in ("key", "hook")],
        "codes": codes,
        "path": f"https://host/a/b/{codes[0]}/c",
        f"key-{SEALED['password']}": "a name of a property",
        "odd": SEALED["odd"],
        "pem": SEALED["pem"],
        "json": SEALED["json"],
    }


def texts() -> list[str]:
    """Messages, as a program and its policies say them."""
    return [
        f"cannot log in with {SEALED['password']} at https://shop:{IN_URL}@registry",
        f"Traceback: ValueError({SEALED['odd']!r}) and {json.dumps(SEALED)}",
        f"Authorization: Bearer {SHAPED['jwt']}\nAuthorization: Basic {codings()[1]}",
        f"\x1b[31m{SEALED['password'][:8]}\x1b[0m{SEALED['password'][8:]} in colours",
        "\n".join(codings()),
    ]
