"""Texts that look like credentials, whoever made them: prefixes that their issuers chose so that they can be found."""

from __future__ import annotations

import re

from slipway_rules.secret_names import is_secret_name

_PRIVATE_KEY = re.compile(
    r"(?P<dashes>-{4,5} ?)BEGIN (?P<kind>[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?) ?-{4,5}.*?(?:(?P=dashes)END (?P=kind) ?-{4,5}|\Z)"
    r"|(?<=Private-Lines: )\d+\s.*?(?=Private-MAC|\Z)",
    re.DOTALL,
)
# What is random in them, `randomness` finds; these are for short ones, those of one case, and for what stands beside it.
_TOKENS = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}               # AWS access keys
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_\w{20,}   # GitHub
    | gl[a-z]{2,6}-[\w-]{16,}(?:\.[\w-]+)* | GR1348941[\w-]{20}  # GitLab
    | xox[a-z](?:\.xox[a-z])?-[\w%/+-]{10,} | xapp-[\w-]{10,}  # Slack
    | (?:sk|rk|pk|rzp|shippo)_(?:live|test)_\w{10,} | whsec_\w{16,}  # payments
    | sk-[\w-]{20,} | gsk_\w{20,} | pplx-\w{20,} | xai-\w{20,} | r8_\w{20,} | nvapi-[\w-]{20,} | hf_[A-Za-z0-9]{20,}  # models
    | AIza[\w-]{30,} | AQ\.[\w-]{30,} | GOCSPX-[\w-]{20,} | ya29\.[\w-]{20,} | 1//0[\w-]{20,}  # Google
    | npm_\w{30,} | pypi-[\w-]{30,} | rubygems_\w{30,} | dckr_[a-z]{3}_[\w-]{20,}  # registries
    | pul-[0-9a-f]{32,} | (?:hv)?[sbr]\.[\w-]{24,} | [A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}  # Pulumi, HashiCorp
    | SG\.[\w-]{16,}\.[\w-]{16,} | SK[0-9a-f]{32} | key-[0-9a-f]{32} | [0-9a-f]{32}-(?:us\d+|[0-9a-f]{8}-[0-9a-f]{8})  # mail
    | dapi[0-9a-f]{32}(?:-\d)? | NRAK-[A-Z0-9]{20,} | [0-9a-f]{36}FFFFNRAL | PMAK-[\w-]{40,}  # other services
    | tskey-[a-z]+-[\w-]{16,} | dp\.[a-z]{2,6}\.[\w.-]{30,} | dt0[a-z]\d\d\.[A-Z0-9]{20,}\.[A-Z0-9]{40,}
    | A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,6}){5} | v1\.0-[0-9a-f]{24}-[0-9a-f]{64,} | (?:EZ[AT]K|LTAI|AKID|AKLT)\w{20,} | SCW[A-Z0-9]{17}
    | access-(?:sandbox|development|production)-[0-9a-f-]{36} | access_token\$\w+\$\w+\$[0-9a-f]{32} | 1/\d{10,}:[0-9a-f]{32}
    | pat\w{14}\.[0-9a-f]{64} | lin_api_\w{20,} | AGE-SECRET-KEY-1[0-9A-Z]{30,}
    | ey[JK][\w-]{8,}(?:\.[\w-]*){2,4}                  # JSON web tokens
    | \d{8,10}:AA[\w-]{30,}                             # Telegram
    | [MNO][\w-]{22,30}\.[\w-]{6}\.[\w-]{27,}           # Discord
    | \$(?:2[aby]\$\d\d|argon2id?|apr1|[156y])\$[./\w$=,+-]{20,} | \{SSHA\d*\}[\w+/=]{20,}  # passwords, hashed
    | pbkdf2_\w+\$\d+\$[\w$+/=]{20,} | SCRAM-SHA-\d+\$[\w:$+/=]{20,} | django-insecure-\S{20,}
    )""",
    re.VERBOSE,
)
_HOOKS = re.compile(
    r"(https?://(?:hooks?\.[\w.-]+/|[\w.:-]+/(?:[\w.%-]+/){0,5}(?:webhooks?|webhookb2|integration)/))[^\s\"'<>`]*\d[^\s\"'<>`]*",
    re.IGNORECASE,
)
# A slash in a password is not allowed, and is why an address that has one is refused and printed; after digits it ends a port.
# A quote may be one when it does not end a value.
_IN_USER = r"(?:[^\s/\"']|[\"'](?![,;:)}\]\s]))"
_PASSWORD_IN_URL = re.compile(
    rf"(?P<before>:(?:\\?/){{2}}[^\s:/\"'<>]*:)(?:(?!\d*/)[^\s\"'<>]+|{_IN_USER}+)(?=@)|(?P<thin>:thin:[\w.-]+/)[^\s@]+(?=@)|(?P<dsn>(?<![\w.-])[\w.-]+:)[^\s@/:]+(?=@(?:tcp|unix)\()"
)
_TOKEN_IN_URL = re.compile(r"(?<=://)(?=[^\s:/@]*\d)[^\s:/@\"'<>]{16,}(?=(?::[^\s/@]*)?@)")
_SIGNED = re.compile(
    r"(?i)((?:[?&]|&amp;|\\u0026)(?:x-amz-(?:signature|security-token|credential)|x-goog-signature|sig|signature|access_token|code|key)=)[^&\s\"'<>#`\\]+"
)
_HEADER = re.compile(r"(?i)\b((?:bearer|basic|token|apikey)\s+)(?=[\w.~+/-]*[\d+/=_.-])[\w.~+/-]{12,}=*")
_COMMAND = re.compile(
    r"""(?<![\w-])(?P<before>(?:-u|--user)[ =]?["']?[^\s:"']+:
        |--from-literal[ =]["']?[^\s=]+=
        |config\s+set\s[^\n|;]{0,80}?--secret\s+\S+\s+
        |(?:sshpass|mysql\w*|redis-cli|login)\s(?:[^\n|;]{0,200}?\s)?-[pa]\s?)
        (?!\d+\b)(?P<value>["'][^"']*["']|[^\s"']+)""",
    re.VERBOSE,
)
_BEHIND = re.compile(
    r"(?im)(\blogin\s+\S+\s+password\s+|\bidentified\s+(?:with\s+\S+\s+)?by\s+|^[\w.*-]+:(?:\d{4,5}|\*):[\w*.-]+:[\w*.-]+:)\S+"
)
"""As .netrc, SQL and .pgpass have it."""
_PAIR = re.compile(
    r"""(?P<before>\b(?:name|key)[\\"']{0,16}[ \t]*[:=][ \t]*[\\"']{0,16}(?P<name>[\w.-]+)[\\"']{0,16}[\s,]*
        [\\"']{0,16}value[\\"']{0,16}[ \t]*[:=][ \t]*)
        (?P<value>(?P<quote>\\{0,16}["'])(?:(?!(?P=quote)).)*(?P=quote) | [^\s"',;&}\])]+)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_PAIR_TURNED = re.compile(
    r"""(?P<before>\bvalue[\\"']{0,16}[ \t]*[:=][ \t]*)
        (?P<value>(?P<quote>\\{0,16}["'])(?:(?!(?P=quote)).)*?(?P=quote) | [^\s"',;&}\])]{1,4096}+)
        (?P<after>[\s,]*[\\"']{0,16}\b(?:name|key)[\\"']{0,16}[ \t]*[:=][ \t]*[\\"']{0,16}(?P<name>[\w.-]+))""",
    re.VERBOSE | re.IGNORECASE,
)
"""What others write may be long and of one character: nothing here goes back over it again and again."""


def without_shapes(text: str, mask: str) -> str:
    """The text, with everything replaced that looks like a credential."""

    def beside_name(found: re.Match[str]) -> str:
        quote = found["quote"] or ""
        return f"{found['before']}{quote}{mask}{quote}" if is_secret_name(found["name"]) else found[0]

    def before_name(found: re.Match[str]) -> str:
        quote = found["quote"] or ""
        return (
            f"{found['before']}{quote}{mask}{quote}{found['after']}"
            if is_secret_name(found["name"])
            else found[0]
        )

    text = _PRIVATE_KEY.sub(mask, text)
    text = _TOKENS.sub(mask, text)
    if "@" in text:
        text = _TOKEN_IN_URL.sub(mask, text)
        text = _PASSWORD_IN_URL.sub(
            lambda found: f"{found['before'] or found['thin'] or found['dsn']}{mask}", text
        )
    if "://" in text:
        text = _HOOKS.sub(rf"\1{mask}", text)
    if "=" in text:
        text = _SIGNED.sub(rf"\1{mask}", text)
    text = _HEADER.sub(rf"\1{mask}", text)
    if "-" in text:
        text = _COMMAND.sub(rf"\g<before>{mask}", text)
    text = _BEHIND.sub(rf"\1{mask}", text)
    if "value" not in text.lower():
        return text
    return _PAIR_TURNED.sub(before_name, _PAIR.sub(beside_name, text))
