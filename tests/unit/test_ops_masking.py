"""Secrets do not get past the masks: what the stack calls so, what looks so, what is named so; in any coding."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway_ops.ink import Ink
from slipway_ops.masking import MASK, Masker
from slipway_rules.secret_names import is_secret_name
from tests.support import planted

_PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30)


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker({*planted.SEALED.values(), *planted.MADE.values()})


def test_thirty_of_fifteen_kinds_are_planted() -> None:
    plain = {**planted.SEALED, **planted.MADE, **planted.SHAPED, **planted.NAMED}
    assert len(plain) + 4 + len(planted.codings()) >= 30
    assert len({*plain, "url", "signature", "flag", "kubernetes"}) >= 15


def test_none_is_left_in_properties(masker: Masker) -> None:
    said = json.dumps(masker.tree(planted.properties()), ensure_ascii=False)
    assert [word for word in planted.words() if word in said] == []
    assert "shown-value" in said
    assert "shown-setting" in said


def test_none_is_left_in_messages(masker: Masker) -> None:
    ink = Ink(masker)
    said = "\n".join([*map(ink.plain, planted.texts()), *(ink.block(text) for text in planted.texts())])
    assert [word for word in planted.words() if word in said] == []


@pytest.mark.parametrize("type_", ["kubernetes:core/v1:Secret", "kubernetes:core/v1:SecretPatch"])
def test_a_secret_of_kubernetes_keeps_its_keys_alone(type_: str) -> None:
    secret = {
        "metadata": {"name": "db"},
        "data": {"password": planted.IN_SECRET},
        "stringData": {"a": "b", "c": "d"},
    }
    masked = Masker().tree(secret, type_)
    assert masked == {
        "metadata": {"name": "db"},
        "data": {"password": MASK},
        "stringData": {"a": MASK, "c": MASK},
    }


def test_a_secret_inside_another_object() -> None:
    manifest = {"kind": "Secret", "data": {"a": "Yg=="}}
    assert Masker().tree({"items": [manifest]}) == {"items": [{"kind": "Secret", "data": {"a": MASK}}]}
    applied = {"annotations": {"last-applied": json.dumps(manifest)}}
    (masked,) = Masker().tree(applied)["annotations"].values()
    assert json.loads(masked) == {"kind": "Secret", "data": {"a": MASK}}


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "DB_PASSWORD", "value": "hunter2"}]',
        '{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"hunter2\\"}',
        "- name: DB_PASSWORD\n  value: hunter2\n",
        "{'key': 'apiKey', 'value': 'hunter2'}",
        '[{"value": "hunter2", "name": "DB_PASSWORD"}]',
    ],
)
def test_a_name_beside_its_value(text: str) -> None:
    assert "hunter2" not in json.dumps(Masker().tree({"text": text}))


def test_what_pulumi_has_sealed() -> None:
    sealed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "…"}
    assert Masker().tree({"a": sealed, "b": [sealed]}) == {"a": MASK, "b": [MASK]}


@settings(deadline=None)
@given(_PRINTABLE, st.text(max_size=20), st.text(max_size=20))
def test_a_known_secret_in_any_coding(secret: str, before: str, after: str) -> None:
    masker = Masker([secret])
    whole = f"{before}{secret}{after}"
    for coded in (
        whole,
        json.dumps(whole),
        json.dumps(json.dumps(whole)),
        json.dumps(whole, ensure_ascii=False),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe=""),
    ):
        assert secret not in masker.text(coded)
        for part in (json.dumps(secret)[1:-1], quote(secret, safe="")):
            assert part == secret or part not in masker.text(coded)


@settings(deadline=None)
@given(_PRINTABLE, st.integers(0, 40), st.integers(0, 40))
def test_a_known_secret_within_base64(secret: str, before: int, after: int) -> None:
    masker = Masker([secret])
    whole = f"{'x' * before}{secret}{'y' * after}".encode()
    for coded in (base64.b64encode(whole), base64.urlsafe_b64encode(whole), base64.b16encode(whole)):
        text = f"https://host/path/{coded.decode()}?x"
        assert coded.decode() not in masker.text(text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text: str) -> None:
    masker = Masker(["planted-secret"])
    once = masker.text(text)
    assert masker.text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::000000000000:role/chat",
        "urn:pulumi:dev::slipway::slipway:index:App$kubernetes:core/v1:Secret::chat-secrets",
        "aws:secretsmanager/secret:Secret",
        "127.0.0.1:5000/slipway/chat@sha256:a3d2f0c9b1e84d7f96a5c3b2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2",
        "secretName: chat-tls",
        "the token ended",
        "spec.rules[0].backendRefs[1].weight",
        "docker.io/yidadaa/chatgpt-next-web:v2.16.1",
        "https://example.com:8443/path?page=2",
        "https://example.com:8443/team/@scope",
        "2026-01-01T00:00:00+00:00",
        "4f1c2e0a-7d3b-4b0e-9c58-1f2a3b4c5d6e",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert Masker(["hunter2-hunter2"]).text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "masterUserPassword",
        "apiKey",
        "API_KEY",
        "secretString",
        "tlsPrivateKey",
        "private-key-pem",
        "authToken",
        "clientSecret",
        "kubeconfig",
        "connectionString",
        "secretAccessKey",
        "AWS_SECRET_ACCESS_KEY",
        "slackWebhookKey",
        "token2",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "secretName",
        "secretArn",
        "tokenTtl",
        "publicKey",
        "kmsKeyId",
        "keyName",
        "passwordPolicy",
        "monkey",
        "key",
        "name",
        "secretRef",
        "author",
    ],
)
def test_names_of_none(name: str) -> None:
    assert not is_secret_name(name)


def test_one_that_was_read_from_a_file() -> None:
    assert Masker(["hush-hush\n"]).text("login hush-hush failed") == f"login {MASK} failed"


@pytest.mark.parametrize("password", ["hunter2", "hun/ter2", "h@nter2", "1hun/ter", "hun:ter2"])
def test_a_password_in_an_address(password: str) -> None:
    said = Masker().text(f"invalid port in 'postgres://chat:{password}@db:5432/chat' (P1013)")
    assert said == f"invalid port in 'postgres://chat:{MASK}@db:5432/chat' (P1013)"


@pytest.mark.parametrize("word", ["a", "a-", "a.", "\\", "f0", "\\n"])
def test_a_long_line_takes_no_time(word: str) -> None:
    began = time.process_time()
    Masker().text(word * (40_000 // len(word)) + " https://a 100%;")
    assert time.process_time() - began < 5


def test_what_is_common_is_no_secret() -> None:
    assert Masker(["true", "a", "none"]).text("true a none") == "true a none"


def test_a_short_one_is_masked_as_a_word() -> None:
    assert Masker(["4711"]).text("code 4711, port 47110") == f"code {MASK}, port 47110"
