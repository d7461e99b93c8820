"""Systems that count usage: what one can be asked, whoever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

from usance.domain.connections.history import Point


class ListedCustomer(NamedTuple):
    """A customer there; `said` are its particulars in the notation of the company file."""

    id: str
    created_at: datetime
    said: Mapping[str, object]


class ListedFeature(NamedTuple):
    """A feature there; `said` is the feature in the notation of the company file, without its
    meter.
    """

    id: str
    created_at: datetime
    is_measured: bool
    said: Mapping[str, object]


class UsageSource(Protocol):
    """A system that counts usage, while it is being asked."""

    def customers(self) -> Iterator[ListedCustomer]:
        """All of them that are not archived. Raises ProviderError."""

    def features(self) -> Iterator[ListedFeature]:
        """All of them. Raises ProviderError."""

    def history(
        self, customer_id: str, feature_id: str, *, start: datetime, end: datetime
    ) -> list[list[Point]]:
        """The points of each series from `start` to `end`. Raises ProviderError."""


class Reached(Protocol):
    """Opens a way to the system at an address, with the key to it."""

    def __call__(self, url: str, key: str) -> AbstractContextManager[UsageSource]:
        """Open until the context ends."""
