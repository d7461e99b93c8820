"""Namesakes: events that share customer, name and key, and yet are not the same event.

Stigg's API tells events apart by timestamp, customer, resource, event name and key. So an event
whose key is taken by one of another moment or resource is another event. It is kept under a key of
its own, which says whose namesake it is and is the same however often it is sent. An event that
states no moment is the one that has its key: a sender who leaves the moment out does so when trying
again, too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from hashlib import sha256

from usance.domain.catalog import MAX_NAME
from usance.domain.metering.events import UsageEvent

LETTERS = 24  # of the hash: more than chance will ever give twice


def under_its_own_key(event: UsageEvent) -> UsageEvent:
    """The event under a key that no event of another moment or resource has: `request-7~5f0c…`."""
    moment = "" if event.occurred_at is None else event.occurred_at.astimezone(UTC).isoformat()
    told_apart = "\n".join((event.idempotency_key, moment, event.resource_id or ""))
    digest = sha256(told_apart.encode()).hexdigest()[:LETTERS]
    start = event.idempotency_key[: MAX_NAME - LETTERS - 1]
    return replace(event, idempotency_key=f"{start}~{digest}")
