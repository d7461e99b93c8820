"""JSON over HTTP, as services of others speak it: with timeouts, without surprises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from usance.providers.errors import ProviderError

TIMEOUT = httpx.Timeout(10, connect=3)  # seconds; whoever asks waits, or a worker does
LARGEST = 1_000_000  # bytes of an answer
RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})


def ask_json(
    method: str,
    url: str,
    *,
    service: str,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """The JSON object a service answers with. Raises ProviderError; redirects are not followed."""
    with httpx.Client(timeout=TIMEOUT) as client:
        return ask_through(client, method, url, service=service, query=query, body=body)


def ask_through(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    service: str,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
    largest: int = LARGEST,
) -> dict[str, Any]:
    """The same, through a client of the caller's and of at most `largest` bytes."""
    try:
        with client.stream(method, url, params=query, json=body) as answer:
            content = _content(answer, service, largest)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = f"{service} did not answer: {type(error).__name__}"
        raise ProviderError(reason, retryable=True) from error
    if answer.status_code != 200:
        raise ProviderError(
            f"{service} answered with status {answer.status_code}",
            retryable=answer.status_code in RETRYABLE,
            status=answer.status_code,
            retry_after=_seconds(answer.headers.get("retry-after", "")),
        )
    return _object(content, service)


def _seconds(retry_after: str) -> int | None:
    """A day and time of day instead of seconds is left aside."""
    return int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


def _content(answer: httpx.Response, service: str, largest: int) -> bytes:
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > largest:
            raise ProviderError(f"{service} answered with too much", retryable=False)
    return bytes(content)


def _object(content: bytes, service: str) -> dict[str, Any]:
    """Numbers stay the text they were written as; what no jsonb column holds is no answer."""
    try:
        plain = json.loads(content, parse_float=str, parse_constant=str)
        json.dumps(plain, ensure_ascii=False).encode()
        if b"\\u0000" in content:
            raise ValueError("NUL")
    except ValueError as error:
        raise ProviderError(f"{service} did not answer in JSON", retryable=False) from error
    if not isinstance(plain, dict):
        raise ProviderError(f"{service} did not answer with an object", retryable=False)
    return plain
