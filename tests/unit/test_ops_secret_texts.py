"""What nobody marked as secret: told by its name, its shape or its randomness; and what is none stays readable."""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
import time

import pytest

from slipway_ops.ink import Ink
from slipway_ops.masking import MASK, Masker
from slipway_ops.randomness import without_random
from slipway_rules.secret_names import is_collection, is_secret_name

WORD = "Tr0ub4dor"
"""A password that people make up: only its place tells."""
INK = Ink(Masker())

NAMED = {
    "environment file": "A=1\nexport DB_PASSWORD={}!,x;y\nB=2",
    "in a setting of another": 'cannot read {{"line":"host=db password={} port=1"}}',
    "JSON in JSON": 'cannot read {{"setting":"{{\\"apiKey\\":\\"{}\\"}}"}}',
    "a quote in it": 'password="a\\"{}"',
    "no second quote": 'token: "{}',
    "bytes": "{{'password': b'{}'}}",
    "go": "map[a:1 password:{} b:2]",
    "yaml block": "secret: |\n  one\n  {}\nnext: 1",
    "yaml block within JSON": '{{"values": "secret: |\\n  one\\n  {}\\nnext: 1"}}',
    "yaml below": "password:\n  {}\nnext: 1",
    "yaml list": "passwords:\n  - one\n  - {}\nnext: 1",
    "yaml map": "secrets:\n  db: one\n  api: {}\nnext: 1",
    "JSON collection": 'cannot read {{"credentials":{{"a":"b","c":"{}"}}}}',
    "value before name": "- value: {}\n  name: DB_PASSWORD",
    "capitals": '[{{"Name": "DB_PASSWORD", "Value": "{}"}}]',
    "npm": "//registry.npmjs.org/:_authToken={}",
    "netrc": "machine example.com login bot password {}",
    "pgpass": "db:5432:chat:shop:{}",
    "terraform": 'db_password = "old" -> "{}"',
    "xml": "<password>{}</password>",
    "php": "'password' => '{}',",
    "shell of Windows": "$env:DB_PASSWORD = '{}'",
    "dockerfile": "ENV DB_PASSWORD {}",
    "address": "https://example.com/login?password={}&next=1",
    "address in an address": "https://example.com/?to=a%3Ftoken%3D{}%26b",
    "address with slashes escaped": '{{"u":"postgres:\\/\\/u:{}@db"}}',
    "address, slash and @": "postgres://u:a/b@{}@db/x",
    "address, @ in the user": "postgres://u@corp:{}@db/x",
    "address, quote": "postgres://u:a'{}@db/x",
    "dsn of Go": "shop:{}@tcp(db:3306)/x",
    "oracle": "jdbc:oracle:thin:shop/{}@db:1521:x",
    "curl": "curl -u admin:{} https://example.com",
    "curl's header": "curl -H 'Authorization: Basic {}' https://example.com",
    "cookies": "Cookie: a=b; session={}; c=d",
    "digest": 'Authorization: Digest username="u", response="{}"',
    "mysql": "mysql -h db -uroot -p{} shop",
    "sshpass": "sshpass -p {} ssh db",
    "kubectl": "kubectl create secret generic x --from-literal=foo={}",
    "pulumi": "pulumi config set --secret shop:key {}",
    "words of a command": 'cannot run ["shop", "--db-password", "{}"]',
    "words of a command, yaml": "args:\n- --token\n- {}\n",
    "sql": "CREATE USER shop WITH PASSWORD '{}'",
    "mysql's sql": "CREATE USER shop IDENTIFIED BY '{}'",
    "sentence": "invalid password '{}' for user x",
    "sentence, value first": "cannot parse '{}' for key password",
    "sentence without quotes": "the access token is {}",
    "sentence with got": "masterUserPassword must be longer, got {}",
    "sentence with a colon": "Incorrect API key provided: {}.",
    "pydantic": "password\n  String too short [type=short, input_value='{}', input_type=str]",
    "html": "&quot;password&quot;:&quot;{}&quot;",
    "javascript": "\\x22password\\x22:\\x22{}\\x22",
}


@pytest.mark.parametrize("where", NAMED)
def test_behind_its_name(where: str) -> None:
    text = NAMED[where].format(WORD)
    assert WORD not in INK.plain(text)
    assert WORD not in json.dumps(Masker().tree({"text": text}))
    assert INK.plain(INK.plain(text)) == INK.plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "token=no.{}",
        "password: 123.{}",
        "password=true,{}",
        "connect user=x password=true,{} port=1",
        "?password=none.{}&a=b",
        "secret: yes {}",
        "secret: not {}",
        "secret: |\n  yes\n  {}\nnext: 1",
        '"password": "123 horse {}"',
        'password: "none" -> "{}"',
        "password: none -> {}",
        'spec.token: Invalid value: "{}": must be shorter',
        'error: spec.token: Invalid value: "{}": must be shorter',
    ],
)
def test_a_value_may_begin_with_a_word_that_says_nothing(text: str) -> None:
    said = INK.plain(text.format(WORD))
    assert WORD not in said
    assert MASK in said
    assert INK.plain(said) == said
    assert not said.endswith("shorter") or said == text.format(MASK)


def test_only_the_secret_goes() -> None:
    said = INK.plain(NAMED["environment file"].format(WORD))
    assert said == f"A=1\nexport DB_PASSWORD={MASK}\nB=2"
    assert INK.plain(NAMED["yaml map"].format(WORD)) == f"secrets:\n  {MASK}\nnext: 1"
    assert INK.plain(NAMED["terraform"].format(WORD)) == f'db_password = "{MASK}" -> "{MASK}"'


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"command": ["run", "--password", WORD, "x"]}, {"command": ["run", "--password", MASK, "x"]}),
        ({"secrets": [{"name": "a", "value": WORD}]}, {"secrets": [{"name": "a", "value": MASK}]}),
        ({"apiKeys": [{"id": "a", "key": WORD}]}, {"apiKeys": [{"id": "a", "key": MASK}]}),
        (
            {"name": "/chat/db", "type": "SecureString", "value": WORD},
            {"name": "/chat/db", "type": "SecureString", "value": MASK},
        ),
        (
            {"headers": [{"Name": "Authorization", "Value": WORD}]},
            {"headers": [{"Name": "Authorization", "Value": MASK}]},
        ),
        ({"imagePullSecrets": [{"name": "registry"}]}, {"imagePullSecrets": [{"name": "registry"}]}),
        (
            {"secrets": [{"name": "a", "valueFrom": "arn:aws:ssm:x"}]},
            {"secrets": [{"name": "a", "valueFrom": "arn:aws:ssm:x"}]},
        ),
        ({"proxyAuth": "true", "token": ""}, {"proxyAuth": "true", "token": ""}),
    ],
)
def test_in_properties(properties: object, said: object) -> None:
    assert Masker().tree(properties) == said


def test_a_generated_password() -> None:
    assert Masker().tree({"result": WORD, "length": 9}, "random:index/randomPassword:RandomPassword") == {
        "result": MASK,
        "length": 9,
    }


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASS",
        "PGPASSWORD",
        "REDIS_AUTH",
        "dbpassword",
        "Authorization",
        "set-cookie",
        "clientKey",
        "client-key-data",
        "tls.key",
        "APP_KEY",
        "psk",
        "SECRET_KEY_BASE",
        "passwordHash",
        "recoveryCode",
        "accessCode",
        "seedPhrase",
        ".npmrc",
        "id_rsa",
        "webhookUrl",
        "sesSmtpPasswordV4",
        "privateKeyOpenssh",
        "ConnectionStrings__Default",
        "spring.datasource.password",
        "customData",
        "newPassword",
        "GITHUB_PAT",
    ],
)
def test_more_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    "maxTokens automountServiceAccountToken tokenUrl partitionKey statusCode authMode compass cookieName tls.crt httpHash".split(),  # noqa: SIM905
)
def test_more_names_of_none(name: str) -> None:
    assert not is_secret_name(name)
    assert not is_collection(name)


def _random(alphabet: str, length: int, seed: int) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=length))  # noqa: S311  (the same each time)


@pytest.mark.parametrize(
    "form", ["{}", "/opt/{}/x", "x_{}", "app-{}-1", "cannot use {}, it is bad", 'a="{}"']
)
@pytest.mark.parametrize("length", [32, 40, 64])
def test_most_random_keys_are_found(form: str, length: int) -> None:
    keys = [_random(string.ascii_letters + string.digits, length, seed) for seed in range(200)]
    left = [key for key in keys if key in without_random(form.format(key), MASK)]
    assert len(left) <= 200 * 0.06


@pytest.mark.parametrize(
    "alphabet", [string.ascii_lowercase + string.digits, string.ascii_uppercase + "234567"]
)
def test_those_of_one_case_are_found(alphabet: str) -> None:
    keys = [_random(alphabet, 52, seed) for seed in range(100)]
    assert sum(key in without_random(key, MASK) for key in keys) <= 12


@pytest.mark.parametrize(
    "token",
    [
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCY9Zq3LpT0Kd",
        "squ_d4a455b817a151dd64b338ec80cc5c0b3aa41660",
        "dop_v1_d4a455b817a151dd64b338ec80cc5c0b3aa41660d4a455b817a151dd64b338ec",
        "xoxc-" + "495660536630-B5kBh0fzK4xDXkiadJjP",
        "glft-" + "qNfngAFTCloiADN5RpVI",
        "gsk_" + "lHXoTlmMf1f4MUFWrlniNQTO",
        "dp.pt." + "ardttpzyzbiqitmidnixpxpdqftljxxzv",
        "a6a9421cc1c93016f1c4261e5351d30b-us12",
        "eyJhbGciOiJkaXIifQ..aaaaaaaaaaaaaaaa.bbbbbbbb.cccccccc",
        "$apr1$6OVNSCjL$ck11RTODuKrX63IDbsv5wb",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nabc\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        "https://discord.com/api/v10/webhooks/156758780368212345/abcdefghijk",
        "https://hooks.zapier.com/hooks/catch/3238134/PgmHQ1/",
        "https://abcd1234abcd1234abcd@github.com/x",
    ],
)
def test_shapes_of_more_issuers(token: str) -> None:
    secret = (
        token.removeprefix("https://").split("/", 1)[-1] if "://" in token and "@" not in token else token
    )
    assert secret not in INK.plain(f"cannot use {token}, it is bad")


@pytest.mark.parametrize("secret", ['p@ss/w0rd "x"', "pässwörd-x"])
def test_a_known_secret_in_more_codings(secret: str) -> None:
    ink = Ink(Masker([secret]))
    for coded in (
        "".join(f"\\u{ord(one):04x}" for one in secret),
        "".join(f"&#{ord(one)};" for one in secret),
        "".join(f"\\x{byte:02x}" for byte in secret.encode()),
        secret.encode().hex(),
        secret.encode().hex(":"),
        json.dumps(json.dumps(json.dumps(secret))).replace(" ", "\\u0020"),
        base64.b64encode(secret.encode("utf-16-le")).decode(),
        base64.b64encode(gzip.compress(secret.encode())).decode(),
        secret.upper(),
        f"{secret[:3]}\u200b{secret[3:]}",
        f"{secret[:3]}\x1b[1m{secret[3:]}",
        "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in secret),
    ):
        assert ink.plain(coded) == MASK, coded
    assert ink.plain("a\u200bb") == "a\\u{200b}b"


@pytest.mark.parametrize(
    "text",
    [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/slipway/chat-token:v1.2.3",
        "docker.io/bitnami/sealed-secrets:0.27",
        "image=ghcr.io/acme/my_app:main-0123456789abcdef0123456789abcdef01234567, green",
        "acme/my_app:main-0123456789abcdef0123456789abcdef01234567 ended",
        "ghcr.io/acme/chat:build_0123456789abcdef0123456789abcdef01234567",
        'serves "127.0.0.1:5000/chat:Rel2026Q4b7-Win32X64-Hotfix9a"',
        "my_key arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/chat/db-AbCdEf",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
        "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        "https://0123456789ABCDEF0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com",
        "urn:pulumi:prod::shop::slipway:index:Secrets$aws:secretsmanager/secretVersion:SecretVersion::db-password",
        "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation",
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "3639ac514e785e898d2646601fa951d5.acm-validations.aws",
        "chat-blue-5d8f7b9c6-x2k4j",
        "sha512-9VGjrSsG1vePBOaVJGWi1ROfa+YBqNHcs0KvLnQnHZr0Pz5zlVTUPpuYgBNpV9gTQPQ3uCqPzLVfmZMJlHdHEA==",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1kZjNhc2RmYXNkZmFzZGZhc2RmYXNkZmFzZGZhc2Rm me@host",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPPyVUnPJ8hiIRfOa1x\n-----END PUBLIC KEY-----",
        'secret "chat-tls" not found',
        'secrets "chat" is forbidden: User "x" cannot get resource "secrets" in the namespace "chat"',
        'password authentication failed for user "shop"',
        "password must be at least 8 characters",
        "missing required property 'password'",
        "secret: yes",
        "kept secrets: 3, new ones: 2",
        "secret: yes.",
        '{"secret": true, "a": "b"}',
        "Config{password=null,user=shop}",
        "password:  16 bytes",
        "password: must be at least 8 characters",
        "token: no such file",
        "secret: arn:aws:secretsmanager:eu-central-1:123456789012:secret:a1b2c3 -> arn:aws:secretsmanager:x:y:secret:d4e5f6",
        "token: expired",
        "httpTokens: required",
        "https://docs.github.com/webhooks/",
        "https://user@host.example.com/x",
        "git@github.com:acme/app.git",
        "Content-Security-Policy: default-src 'self'; script-src 'self'",
        "iam:PassRole, ecr:GetAuthorizationToken",
        'File "/app/components/slipway/secrets.py", line 12, in _token',
    ],
)
def test_what_is_none_stays_readable(text: str) -> None:
    assert INK.plain(text) == text
    assert Masker().tree({"text": text}) == {"text": text}


@pytest.mark.parametrize(
    "word",
    [
        "password ",
        'password="',
        "password: |\n ",
        "secret=[",
        "--token ",
        "aB3",
        "://a:",
        "name=password value=",
        "mysql -x ",
        "a@",
    ],
)
def test_a_long_text_takes_no_time(word: str) -> None:
    assert _seconds(word * (40_000 // len(word))) < 5


@pytest.mark.parametrize(
    "text",
    [
        "value name=x" + "\\" * 200_000,
        "value=" * 33_000,
        "token=arn:" * 20_000,
        "value name=x" + "\\'" * 100_000,
    ],
)
def test_a_very_long_text_is_read_once(text: str) -> None:
    """What went back over it for each of its characters would take minutes."""
    assert _seconds(text) < 20


def _seconds(text: str) -> float:
    began = time.process_time()
    Masker().text(text)
    return time.process_time() - began
