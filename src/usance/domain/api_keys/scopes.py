"""Scopes: which areas a server key may read or write."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from usance.domain.errors import Forbidden, Problem


class Area(StrEnum):
    """A part of the API that a key may be let into."""

    CUSTOMERS = "CUSTOMERS"
    SUBSCRIPTIONS = "SUBSCRIPTIONS"
    ENTITLEMENTS = "ENTITLEMENTS"  # what customers may use, as it comes out
    COUPONS = "COUPONS"
    CATALOGUE = "CATALOGUE"
    CONTRACTS = "CONTRACTS"  # and all that billing them needs and makes
    USAGE = "USAGE"
    KEYS = "KEYS"
    ENVIRONMENT = "ENVIRONMENT"  # a sandbox's clock, connections to other systems


class Access(StrEnum):
    """What is done to an area."""

    READ = "READ"
    WRITE = "WRITE"


class KeyScope(StrEnum):
    """What a server key may do; writing an area implies reading it."""

    FULL_ACCESS = "FULL_ACCESS"  # all there is, and what comes later
    READ_ONLY = "READ_ONLY"  # all there is to read
    CUSTOMERS_READ = "CUSTOMERS_READ"
    CUSTOMERS_WRITE = "CUSTOMERS_WRITE"
    SUBSCRIPTIONS_READ = "SUBSCRIPTIONS_READ"
    SUBSCRIPTIONS_WRITE = "SUBSCRIPTIONS_WRITE"
    ENTITLEMENTS_READ = "ENTITLEMENTS_READ"
    ENTITLEMENTS_WRITE = "ENTITLEMENTS_WRITE"
    COUPONS_READ = "COUPONS_READ"
    COUPONS_WRITE = "COUPONS_WRITE"
    CATALOGUE_READ = "CATALOGUE_READ"
    CATALOGUE_WRITE = "CATALOGUE_WRITE"
    CONTRACTS_READ = "CONTRACTS_READ"
    CONTRACTS_WRITE = "CONTRACTS_WRITE"
    USAGE_READ = "USAGE_READ"
    USAGE_WRITE = "USAGE_WRITE"
    KEYS_READ = "KEYS_READ"
    KEYS_WRITE = "KEYS_WRITE"
    ENVIRONMENT_READ = "ENVIRONMENT_READ"
    ENVIRONMENT_WRITE = "ENVIRONMENT_WRITE"


FULL = frozenset({KeyScope.FULL_ACCESS})
OF_ALL = (KeyScope.FULL_ACCESS, KeyScope.READ_ONLY)
# What whoever can sign customer tokens can come to see with them.
SIGNERS = (KeyScope.CUSTOMERS_READ, KeyScope.SUBSCRIPTIONS_READ, KeyScope.ENTITLEMENTS_READ)


class ForbiddenScope(Forbidden):
    """This key has not the scope that this needs."""

    code = "ForbiddenScope"

    def __init__(self, needed: KeyScope) -> None:
        super().__init__(f"This key's scopes do not allow that; it needs {needed}.")
        self.needed = needed
        self.problems = (Problem(self.code, "X-API-KEY", "", f"a key with the scope {needed}"),)


def needed_for(area: Area, access: Access) -> KeyScope:
    """The narrowest scope that allows it."""
    return KeyScope(f"{area}_{access}")


def allows(held: Collection[KeyScope], area: Area, access: Access) -> bool:
    """Whether a key with these scopes may read, or write, that area."""
    if KeyScope.FULL_ACCESS in held or needed_for(area, Access.WRITE) in held:
        return True
    reads = (KeyScope.READ_ONLY, needed_for(area, Access.READ))
    return access is Access.READ and any(scope in held for scope in reads)


def refuse_beyond(held: Collection[KeyScope], wanted: Iterable[KeyScope]) -> None:
    """Nobody hands on what they have not: raises ForbiddenScope for the first they lack."""
    for scope in wanted:
        if not _covers(held, scope):
            raise ForbiddenScope(scope)


def _covers(held: Collection[KeyScope], scope: KeyScope) -> bool:
    if scope in held or KeyScope.FULL_ACCESS in held:
        return True
    if scope in OF_ALL:
        return False
    area, _, access = scope.rpartition("_")
    return allows(held, Area(area), Access(access))
