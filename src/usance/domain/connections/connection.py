"""A connection: another system that counts usage, and what is called what there and here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from usance.domain.calendar import FIRST_DAY
from usance.domain.errors import Conflict, Problem, refuse_if
from usance.domain.ids import REF, ConnectionId, CustomerId, FeatureId

URL = re.compile(
    r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(/[A-Za-z0-9._~%/-]*)?"
)
ODD_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")  # an address, to whoever resolves it
LAST_PORT = 65_535
LONGEST_URL = 500
LONGEST_KEY = 500
MOST_NAMES = 10_000


class ConnectionExists(Conflict):
    """There is a connection of that id already."""

    code = "ConnectionExists"

    def __init__(self, connection_id: str) -> None:
        super().__init__(f"There is a connection {connection_id!r} already; change it instead.")


class HistoryKind(StrEnum):
    """What the points of the other side's history say."""

    RUNNING = "RUNNING"  # the count so far, from zero again at each reset point
    AMOUNTS = "AMOUNTS"  # what was used from this point to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where usage is counted, and how it comes here. The key to it is kept apart.

    `customers` and `features` say what something there is called here; None: it is left out on
    purpose. What they do not name has the same id here; when there is none, it is created if
    `creates_customers` or `creates_features` says so, and otherwise told as a problem. Raises
    Invalid.
    """

    id: ConnectionId
    url: str
    since: datetime
    kind: HistoryKind = HistoryKind.RUNNING
    customers: Mapping[str, CustomerId | None] = field(default_factory=dict)
    features: Mapping[str, FeatureId | None] = field(default_factory=dict)
    creates_customers: bool = True
    creates_features: bool = True
    is_enabled: bool = True

    def __post_init__(self) -> None:
        problems = list(_url_problems(self.url))
        if not REF.fullmatch(self.id):
            expected = "1 to 255 letters, digits and _ | . : @ -, beginning with a letter or digit"
            problems.append(Problem("InvalidId", "id", ascii(self.id)[:80], expected))
        problems += _names_problems(self.customers, "customers")
        problems += _names_problems(self.features, "features")
        if self.since.tzinfo is None or self.since.astimezone(UTC).date() < FIRST_DAY:
            expected = f"an instant with its offset, from {FIRST_DAY} on"
            problems.append(Problem("InvalidTimestamp", "since", str(self.since), expected))
        refuse_if(problems)

    def customer_here(self, there: str) -> CustomerId | None:
        """What a customer there is called here; None: it is left out on purpose."""
        return self.customers[there] if there in self.customers else CustomerId(there)

    def feature_here(self, there: str) -> FeatureId | None:
        """What a feature there is called here; None: it is left out on purpose."""
        return self.features[there] if there in self.features else FeatureId(there)


def key_problems(key: str) -> Iterator[Problem]:
    """What is wrong with the key to the other side; the key itself is never repeated."""
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        expected = f"the other side's server key: 1 to {LONGEST_KEY} printable characters"
        yield Problem("InvalidKey", "key", "", expected)


def _url_problems(url: str) -> Iterator[Problem]:
    found = URL.fullmatch(url)
    if found is None or len(url) > LONGEST_URL or int(found["port"] or 0) > LAST_PORT:
        expected = "http://host or https://host, without user, password, query or fragment"
        yield Problem("InvalidUrl", "url", "", expected)  # it is not shown: it may hold a password
    elif _is_of_the_machine_room(found["host"].strip("[]")):
        expected = "the address of a server, not one that only this machine's network knows"
        yield Problem("InvalidUrl", "url", url[:80], expected)


def _is_of_the_machine_room(host: str) -> bool:
    """Link-local addresses, where clouds keep their machines' secrets; and no address at all."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ODD_NUMBER.fullmatch(host.rpartition(".")[2]) is not None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return address.is_link_local or address.is_multicast or address.is_unspecified


def _names_problems(names: Mapping[str, str | None], path: str) -> Iterator[Problem]:
    if len(names) > MOST_NAMES:
        yield Problem("TooMany", path, f"{len(names)} of them", f"at most {MOST_NAMES}")
        return
    for there, here in names.items():
        if not there or len(there) > 255 or not there.isprintable():
            expected = "an id of the other side: 1 to 255 printable characters"
            yield Problem("InvalidId", path, ascii(there)[:80], expected)
        elif here is not None and not REF.fullmatch(here):
            expected = "an id of ours, or null to leave it out"
            yield Problem("InvalidId", f"{path}.{there}", ascii(here)[:80], expected)
