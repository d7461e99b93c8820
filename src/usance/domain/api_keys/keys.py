"""Keys: server keys for backends, publishable keys for browsers; open until they expire."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

LONGEST = 200  # characters; ours have 50
LONGEST_NAME = 255


class KeyKind(StrEnum):
    """Who may hold it."""

    SERVER = "SERVER"  # backends: it is a secret
    PUBLISHABLE = "PUBLISHABLE"  # anybody: it stands in a web page

    @property
    def prefix(self) -> str:
        """What its keys begin with, as Stigg's do."""
        return "server-" if self is KeyKind.SERVER else "client-"


class KeyStatus(StrEnum):
    """Whether it opens anything, and for how long."""

    ACTIVE = "ACTIVE"
    EXPIRING = "EXPIRING"  # it opens until a day that is set
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class Grace(StrEnum):
    """How long what was replaced goes on opening."""

    NOW = "NOW"
    ONE_HOUR = "1_HOUR"
    ONE_DAY = "24_HOURS"
    THREE_DAYS = "3_DAYS"
    SEVEN_DAYS = "7_DAYS"

    @property
    def lasts(self) -> timedelta:
        """From the moment it is replaced."""
        return LASTS[self]


LASTS = {
    Grace.NOW: timedelta(),
    Grace.ONE_HOUR: timedelta(hours=1),
    Grace.ONE_DAY: timedelta(days=1),
    Grace.THREE_DAYS: timedelta(days=3),
    Grace.SEVEN_DAYS: timedelta(days=7),
}


def status_of(
    *, expires_at: datetime | None, revoked_at: datetime | None, at: datetime
) -> KeyStatus:
    """A key's status at an instant of the world."""
    if revoked_at is not None:
        return KeyStatus.REVOKED
    if expires_at is None:
        return KeyStatus.ACTIVE
    return KeyStatus.EXPIRING if expires_at > at else KeyStatus.EXPIRED


def key_hash(secret: str) -> bytes:
    """What is kept of a key. It is random enough that a plain hash gives nothing away."""
    return sha256(secret.encode()).digest()
