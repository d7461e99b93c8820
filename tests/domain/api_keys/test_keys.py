"""Keys: what they begin with, how long they open, what is kept of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from usance.domain.api_keys.keys import Grace, KeyKind, KeyStatus, key_hash, status_of
from usance.domain.api_keys.publishable import CustomerTokenMissing, NotForPublishableKeys

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "status"),
    [
        (None, None, KeyStatus.ACTIVE),
        (NOON + MOMENT, None, KeyStatus.EXPIRING),
        (NOON, None, KeyStatus.EXPIRED),
        (NOON - MOMENT, None, KeyStatus.EXPIRED),
        (None, NOON, KeyStatus.REVOKED),
        (NOON + MOMENT, NOON - MOMENT, KeyStatus.REVOKED),
    ],
)
def test_a_key_is_open_until_it_expires_or_is_revoked(
    expires_at: datetime | None, revoked_at: datetime | None, status: KeyStatus
) -> None:
    assert status_of(expires_at=expires_at, revoked_at=revoked_at, at=NOON) is status


def test_the_graces_are_those_of_stigg() -> None:
    hours = [grace.lasts / timedelta(hours=1) for grace in Grace]
    assert hours == [0, 1, 24, 72, 168]


def test_a_key_says_what_it_is() -> None:
    assert [kind.prefix for kind in KeyKind] == ["server-", "client-"]


def test_of_a_key_a_hash_is_kept() -> None:
    assert len(key_hash("server-a")) == 32
    assert key_hash("server-a") != key_hash("server-b")


def test_a_page_is_told_what_it_lacks() -> None:
    assert "server key" in str(NotForPublishableKeys())
    assert "X-CUSTOMER-KEY" in str(CustomerTokenMissing())
