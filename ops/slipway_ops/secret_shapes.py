"""Texts that look like credentials, whoever made them: prefixes that their issuers chose so that they can be found."""

from __future__ import annotations

import re

from slipway_rules.secret_names import is_secret_name

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END (?P=kind)-----|\Z)", re.DOTALL
)
_TOKENS = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}               # AWS access keys
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_\w{20,}   # GitHub
    | gl(?:pat|ptt|dt|rt|cbt|soat|agent)-[\w-]{16,}     # GitLab
    | xox[abeoprs]-[\w-]{10,} | xapp-[\w-]{10,}         # Slack
    | (?:sk|rk|pk)_(?:live|test)_\w{10,} | whsec_\w{16,}  # Stripe
    | sk-[\w-]{20,}                                     # OpenAI, Anthropic and others
    | AIza[\w-]{30,} | GOCSPX-[\w-]{20,} | ya29\.[\w-]{20,}  # Google
    | npm_\w{30,} | pypi-[\w-]{30,} | rubygems_\w{30,} | dckr_pat_[\w-]{20,}  # registries
    | pul-[0-9a-f]{32,} | hv[sbr]\.[\w-]{20,} | [A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}  # Pulumi, HashiCorp
    | SG\.[\w-]{16,}\.[\w-]{16,} | SK[0-9a-f]{32} | key-[0-9a-f]{32}  # mail and messages
    | do[opr]_v1_[0-9a-f]{40,} | dapi[0-9a-f]{32} | glsa_\w{30,} | NRAK-[A-Z0-9]{20,} | sntrys_\w{20,}  # other services
    | hf_[A-Za-z0-9]{20,} | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,} | lin_api_\w{20,} | AGE-SECRET-KEY-1[0-9A-Z]{30,}
    | eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*                # JSON web tokens
    | \d{8,10}:AA[\w-]{30,}                             # Telegram
    | \$(?:2[aby]\$\d\d|argon2id?|6|5|y)\$[./\w$=,+-]{20,}  # passwords, hashed
    )""",
    re.VERBOSE,
)
_HOOKS = re.compile(
    r"(https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|[\w.-]+\.webhook\.office\.com/\w+)/)[^\s\"'<>`]+"
)
# A slash in a password is not allowed, and is why an address that has one is refused and printed; after digits it ends a port.
_USER_IN_URL = re.compile(r"(?P<before>://[^\s:/@\"'<>]*:)(?:[^\s/\"'<>]+|(?!\d*/)[^\s@\"'<>]+)(?=@)")
_SIGNED = re.compile(
    r"(?i)([?&](?:x-amz-(?:signature|security-token|credential)|x-goog-signature|sig|signature|access_token|code)=)[^&\s\"'<>#`]+"
)
_HEADER = re.compile(r"(?i)\b((?:bearer|basic|token|apikey)\s+)(?=[\w.~+/-]*[\d+/=_.-])[\w.~+/-]{12,}=*")
_FLAG = re.compile(r"(?<![\w-])(--?(?P<name>[A-Za-z][\w-]*)[ =])(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"']+)")
_NAMED = re.compile(
    r"""(?<![\w/$:])(?P<open>\\{0,16}["']?)(?P<name>[A-Za-z_][\w.-]{0,100})(?P=open)(?P<is>[ \t]*(?::=|=>|[:=])(?!:)[ \t]*)
        (?P<value>(?P<quote>\\*["'])(?:(?!(?P=quote)).)*(?P=quote) | [^\s"',;&}\])]+)""",
    re.VERBOSE | re.DOTALL,
)

_PAIR = re.compile(
    r"""(?P<before>\b(?:name|key)[\\"']*[ \t]*[:=][ \t]*[\\"']*(?P<name>[\w.-]+)[\\"']*[\s,]*
        [\\"']*value[\\"']*[ \t]*[:=][ \t]*)
        (?P<value>(?P<quote>\\*["'])(?:(?!(?P=quote)).)*(?P=quote) | [^\s"',;&}\])]+)""",
    re.VERBOSE | re.DOTALL,
)


def without_shapes(text: str, mask: str) -> str:
    """The text, with everything replaced that looks like a credential or stands under the name of one."""

    def after_name(found: re.Match[str]) -> str:
        value, quote = found["value"], found["quote"] or ""
        if not is_secret_name(found["name"].rsplit(".", 1)[-1]) or mask in value or not value.strip("\\\"'"):
            return found[0]
        return f"{found['open']}{found['name']}{found['open']}{found['is']}{quote}{mask}{quote}"

    def after_flag(found: re.Match[str]) -> str:
        hidden = is_secret_name(found["name"]) and not found["value"].startswith("-")
        return f"{found[1]}{mask}" if hidden else found[0]

    def beside_name(found: re.Match[str]) -> str:
        quote = found["quote"] or ""
        return f"{found['before']}{quote}{mask}{quote}" if is_secret_name(found["name"]) else found[0]

    text = _PRIVATE_KEY.sub(mask, text)
    text = _TOKENS.sub(mask, text)
    if "://" in text:
        text = _HOOKS.sub(rf"\1{mask}", text)
        text = _USER_IN_URL.sub(rf"\g<before>{mask}", text)
    if "=" in text:
        text = _SIGNED.sub(rf"\1{mask}", text)
    text = _HEADER.sub(rf"\1{mask}", text)
    if "-" in text:
        text = _FLAG.sub(after_flag, text)
    if "value" in text:
        text = _PAIR.sub(beside_name, text)
    return _NAMED.sub(after_name, text) if ":" in text or "=" in text else text
