"""The API server over one connection: JSON in and out.

By the standard library, because loading a Kubernetes client takes longer than moving the traffic does.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import tempfile
import time
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from slipway_ops import kubeconfig
from slipway_ops.errors import OperatorError
from slipway_ops.kubeconfig import Access

Object = dict[str, Any]

_TIMEOUT = 10.0
_TRIES = 3
_LONGEST_PAUSE = 2.0


def encoded(path: str) -> str:
    """A path as it is sent; what is encoded already stays as it is."""
    return quote(path, safe="/?&=%:@!$'()*+,;")


class UnreachableError(OperatorError):
    """The API server did not answer; whether it did what was asked is not known."""


class RefusedError(OperatorError):
    """The API server answered and did nothing."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status

    @property
    def is_conflict(self) -> bool:
        """Somebody else wrote first."""
        return self.status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)


class Api:
    """One connection, opened with the first call and again when the server has closed it. Not for two threads."""

    def __init__(self, access: Access | None = None) -> None:
        self.access = access or kubeconfig.read()
        self._connection: http.client.HTTPConnection | None = None
        self._headers: dict[str, str] = {}
        self._used = False

    def get(self, path: str, **query: str) -> Object | None:
        """An object or a list; None when it is not there."""
        try:
            return self.call("GET", f"{path}?{urlencode(query)}" if query else path)
        except RefusedError as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Object:
        """One request; RefusedError when the answer is no."""
        status, text = self.ask(method, path, body, kind)
        try:
            answer: Any = json.loads(text)
        except ValueError:
            answer = None
        if status < HTTPStatus.MULTIPLE_CHOICES and isinstance(answer, dict):
            return cast("Object", answer)
        if status < HTTPStatus.BAD_REQUEST:  # as a proxy's page for logging in
            raise UnreachableError(
                f"{self.access} answers {method} {path} with what is no object of Kubernetes ({status}): {text[:100]!r}\n"
                "  to do: see that KUBECONFIG names the API server itself, and that no proxy answers in its place"
            )
        try:
            said = answer["message"]
        except (KeyError, TypeError):
            said = text[:200]
        raise RefusedError(
            f"{self.access} refuses {method} {path}: {said} ({status}){_advice(status)}", status
        )

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, str]:
        """Status and text of any answer. What is throttled, and what met a connection that the server had closed, is tried again."""
        payload = None if body is None else json.dumps(body)
        for attempt in range(1, _TRIES + 1):
            reused = self._used
            try:
                status, text, pause = self._send(method, path, payload, kind)
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if reused and isinstance(error, (ConnectionError, http.client.RemoteDisconnected)):
                    continue
                raise UnreachableError(self._silence(error)) from None
            if status == HTTPStatus.UNAUTHORIZED and attempt == 1 and "exec" in self.access.user:
                self.close()  # an expired login: its program is asked anew
            elif status == HTTPStatus.TOO_MANY_REQUESTS and attempt < _TRIES:
                time.sleep(pause)
            else:
                return status, text
        raise UnreachableError(self._silence(ConnectionError("it closes every connection")))

    def close(self) -> None:
        """Ends the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._used = None, False

    def _send(self, method: str, path: str, payload: str | None, kind: str) -> tuple[int, str, float]:
        if self._connection is None:
            self._connection = self._connect()
        headers = {"Accept": "application/json", **self._headers}
        if payload is not None:
            headers["Content-Type"] = kind
        self._connection.request(method, encoded(path), payload, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode(errors="replace")
        self._used = True
        return answer.status, text, _pause(answer.headers.get("Retry-After"))

    def _connect(self) -> http.client.HTTPConnection:
        server = self.access.server
        credential = self.access.credential()
        self._headers = {"User-Agent": "slipway"}
        if "token" in credential:
            self._headers["Authorization"] = f"Bearer {credential['token']}"
        host, port = server.hostname or "", server.port
        via = self._proxy(host)
        at, at_port = (via.hostname or "", via.port) if via else (host, port)
        if server.scheme == "http":
            connection = http.client.HTTPConnection(at, at_port, timeout=_TIMEOUT)
        else:
            connection = http.client.HTTPSConnection(
                at, at_port, timeout=_TIMEOUT, context=_tls(self.access, credential)
            )
        if via:
            connection.set_tunnel(host, port)
        return connection

    def _proxy(self, host: str) -> SplitResult | None:
        scheme = self.access.server.scheme
        named = self.access.cluster.get("proxy-url")
        direct = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",")
        if not named and host not in direct and f"{scheme}_proxy" in map(str.lower, os.environ):
            from urllib.request import getproxies, proxy_bypass

            named = None if proxy_bypass(host) else getproxies().get(scheme)
        return urlsplit(named) if named else None

    def _silence(self, error: Exception) -> str:
        return (
            f"the API server {self.access} does not answer: {error or type(error).__name__}\n"
            "  to do: see that KUBECONFIG names the stack's cluster and that it can be reached from here"
        )


def _tls(access: Access, credential: dict[str, str]) -> ssl.SSLContext:
    authority = access.pem("certificate-authority")
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
    except (ValueError, ssl.SSLError) as error:
        raise OperatorError(f"the certificate-authority of {access} is no certificate: {error}") from None
    if access.cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "certificate" in credential:
        # OpenSSL takes these from a file alone; it is the user's own, and gone at once.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(f"{credential['certificate']}\n{credential['key']}\n")
            pair.flush()
            try:
                context.load_cert_chain(pair.name)
            except ssl.SSLError as error:
                raise OperatorError(f"the client certificate of {access} is none: {error}") from None
    return context


def _pause(said: str | None) -> float:
    """Seconds to wait; it may say a date, too."""
    return min(float(said), _LONGEST_PAUSE) if said and said.isdecimal() else 1


def _advice(status: int) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "\n  to do: log in to the cluster anew"
    if status == HTTPStatus.FORBIDDEN:
        return "\n  to do: have the cluster's administrator give you this right, or use another login"
    return ""
