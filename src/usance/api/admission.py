"""Who is let in where: the scope each route needs, and what publishable keys reach.

One table each, by the paths of routes; what is in neither is for keys with FULL_ACCESS alone. It is
asked for every route, in api/route.py; routes outside of FastAPI ask `Door.admit` themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from usance.api.caller import Caller
from usance.domain.api_keys.publishable import CustomerTokenMissing, NotForPublishableKeys
from usance.domain.api_keys.scopes import (
    Access,
    Area,
    ForbiddenScope,
    KeyScope,
    allows,
    needed_for,
)
from usance.domain.errors import NotFound
from usance.domain.ids import REF
from usance.store import subscriptions

BASE = re.compile(r"/api/[^/]+/")  # and a version: v1, v2, v1-beta
V1 = "/api/v1/"  # nothing else is for publishable keys
NAMED = re.compile(r"\{[^}]*\}")
READING = ("GET", "HEAD")

# The longest path that a route's begins with says its area; `{}` is any one step.
AREAS: Mapping[str, Area] = {
    "access": Area.ENTITLEMENTS,
    "addons": Area.CATALOGUE,
    "api-keys": Area.KEYS,
    "billing-runs": Area.CONTRACTS,
    "clock": Area.ENVIRONMENT,
    "connections": Area.ENVIRONMENT,
    "contracts": Area.CONTRACTS,
    "coupons": Area.COUPONS,
    "credit-notes": Area.CONTRACTS,
    "customers": Area.CUSTOMERS,
    "customers/{}/balance": Area.CONTRACTS,
    "customers/{}/contracts": Area.CONTRACTS,
    "customers/{}/entitlements": Area.ENTITLEMENTS,
    "customers/{}/invoices": Area.CONTRACTS,
    "customers/{}/promotional-entitlements": Area.ENTITLEMENTS,
    "customers/{}/upcoming-invoices": Area.CONTRACTS,
    "events": Area.USAGE,
    "features": Area.CATALOGUE,
    "fx-rates": Area.CONTRACTS,
    "invoices": Area.CONTRACTS,
    "ledger": Area.CONTRACTS,
    "legal-entities": Area.CONTRACTS,
    "orders": Area.CONTRACTS,
    "payments": Area.CONTRACTS,
    "plans": Area.CATALOGUE,
    "price-indices": Area.CONTRACTS,
    "products": Area.CATALOGUE,
    "rate-cards": Area.CONTRACTS,
    "refunds": Area.CONTRACTS,
    "signing-secret": Area.KEYS,
    "subscriptions": Area.SUBSCRIPTIONS,
    "tasks": Area.CATALOGUE,
    "usage": Area.USAGE,
}
# POSTs that change nothing.
ONLY_ASK = frozenset(
    {
        "contracts/{}/simulate",
        "contracts/{}/what-if",
        "events/estimate",
        "subscriptions/preview",
        "usage/estimate",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of whoever calls it; `area` None: FULL_ACCESS."""

    area: Area | None
    access: Access
    reach: Callable[[Request, Caller], None] | None  # of publishable keys; None: none

    @property
    def scope(self) -> KeyScope:
        """The narrowest scope that will do."""
        area = self.area
        return KeyScope.FULL_ACCESS if area is None else needed_for(area, self.access)


def rule_for(path: str, method: str) -> Rule:
    """The rule of a route by its path, as `/api/v1/customers/{id}`, and a method it takes."""
    steps = NAMED.sub("{}", BASE.sub("", path, count=1))
    reads = method in READING or steps in ONLY_ASK
    is_open = method in READING and path.startswith(V1)
    reach = FOR_PUBLISHABLE_KEYS.get(steps) if is_open else None
    return Rule(_area_of(steps), Access.READ if reads else Access.WRITE, reach)


def refuse_beyond(rule: Rule, request: Request, caller: Caller) -> None:
    """Raises ForbiddenScope; for a publishable key NotForPublishableKeys, CustomerTokenMissing,
    and NotFound for what another customer has, whether there is such a one or not.
    """
    rights = caller.rights
    if rights.is_publishable:
        if rule.reach is None:
            raise NotForPublishableKeys
        _refuse_other_customers(request, caller)
        rule.reach(request, caller)
    elif KeyScope.FULL_ACCESS not in rights.scopes and (
        rule.area is None or not allows(rights.scopes, rule.area, rule.access)
    ):
        raise ForbiddenScope(rule.scope)


def _area_of(steps: str) -> Area | None:
    path = steps
    while path:
        if path in AREAS:
            return AREAS[path]
        path = path.rpartition("/")[0]
    return None


def _own(caller: Caller) -> str:
    """The customer of the token. Raises CustomerTokenMissing."""
    if caller.rights.customer_id is None:
        raise CustomerTokenMissing
    return caller.rights.customer_id


def _refuse_other_customers(request: Request, caller: Caller) -> None:
    """Whatever a query calls a customer, and however often: it is the token's."""
    for name, value in request.query_params.multi_items():
        if "customer" in name.lower() and value != _own(caller):
            raise NotFound("customer", value[:255])


def _published(_request: Request, _caller: Caller) -> None:
    """Anybody may see it; handlers show it as published (`Caller.sees_drafts`)."""


def _in_path(request: Request, caller: Caller) -> None:
    """The customer is named in the path."""
    asked = request.path_params["id"]
    if asked != _own(caller):
        raise NotFound("customer", str(asked)[:255])


def _in_query(request: Request, caller: Caller) -> None:
    """The customer is named in the query, once; that it is the token's is seen to for all."""
    own = _own(caller)
    if request.query_params.getlist("customerId") != [own]:
        raise NotFound("customer", "")


def _subscription(request: Request, caller: Caller) -> None:
    """A subscription of the customer, named in the path."""
    own, asked = _own(caller), str(request.path_params["id"])[:255]
    if not REF.fullmatch(asked):
        raise NotFound("subscription", asked)
    with caller.transaction() as tx:
        if subscriptions.one(tx, asked).subscription.customer_id != own:
            raise NotFound("subscription", asked)


FOR_PUBLISHABLE_KEYS: Mapping[str, Callable[[Request, Caller], None]] = {
    "access/snapshot": _in_query,
    "access/stream": _in_query,
    "addons": _published,
    "addons/{}": _published,
    "addons/{}/charges": _published,
    "addons/{}/entitlements": _published,
    "customers/{}": _in_path,
    "customers/{}/entitlements": _in_path,
    "customers/{}/entitlements/check": _in_path,
    "features": _published,
    "features/{}": _published,
    "plans": _published,
    "plans/{}": _published,
    "plans/{}/charges": _published,
    "plans/{}/entitlements": _published,
    "plans/{}/overage-charges": _published,
    "products": _published,
    "subscriptions": _in_query,
    "subscriptions/{}": _subscription,
}
