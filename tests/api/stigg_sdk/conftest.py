"""Stigg's published SDK, pointed at our server; each answer is checked against its models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stigg import AsyncStigg, Stigg

from tests.api.conftest import Desk, desk, server, stranger

__all__ = ["desk", "server", "stranger"]


@pytest.fixture
def stigg(desk: Desk) -> Iterator[Stigg]:
    """The SDK with the key of the example environment."""
    with Stigg(
        base_url=str(desk.http.base_url),
        api_key=desk.http.headers["x-api-key"],
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


def async_stigg(desk: Desk) -> AsyncStigg:
    """The asynchronous one."""
    return AsyncStigg(
        base_url=str(desk.http.base_url),
        api_key=desk.http.headers["x-api-key"],
        max_retries=0,
        _strict_response_validation=True,
    )
