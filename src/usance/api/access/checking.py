"""The check: may they? Decided from what this process knows, if one statement says it is still so.

That statement is put after the request came, and it also says whether the key may still ask, so no
answer is older than its question. What is not known, or is not so any more, is read anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request

from usance.api.access.known import Cache, Known, KnownFeature
from usance.api.access.question import Question
from usance.api.access.reader import Reader
from usance.api.access.wire import denied_credit, denied_feature, feature_entitlement
from usance.api.admission import rule_for
from usance.api.caller import ACTOR, CUSTOMER_TOKEN, Caller
from usance.api.errors import Unauthenticated
from usance.api.route import Door
from usance.domain.entitlements.access import DenialReason
from usance.domain.entitlements.holdings import Counted, entitled, standing_of
from usance.domain.ids import CustomerId
from usance.store import access, access_usage, access_views, features
from usance.store.access_reading import Wanted
from usance.store.access_views import Asked

PATH = "/{id}/entitlements/check"
RULE = rule_for(f"/api/v1/customers{PATH}", "GET")
A_MINUTE = timedelta(minutes=1)  # after it, that a key was used is written down again
ATTEMPTS = 3
MOST_KEYS = 1000
LOOKED_AT = (CUSTOMER_TOKEN, ACTOR)  # headers that may be refused, each time they come

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """Who was let in, and until when only the database's word is needed that the key is open."""

    caller: Caller
    key_id: str
    until: datetime


class Checks:
    """The checks of a process, and what it knows for them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._reader = Reader(door.runtime)
        self._cache = Cache()
        self._passes: dict[str, Pass] = {}

    async def answer(self, request: Request, question: Question) -> Answer:
        """Whether they may. Raises what `Door.admit` does."""
        key = _only_key(request)
        held = self._passes.get(key)
        if held is None or self._door.runtime.clock() >= held.until:
            held = await self._admit(request, key)
        try:
            told = await self._quickly(held, question)
        except Unauthenticated:
            self._passes.pop(key, None)
            raise
        if told is None:
            caller = await self.admit(request)
            told = await run_in_threadpool(thoroughly, caller, question)
        return told

    async def at_once(self, key: str, question: Question) -> Answer | None:
        """The answer, if everything for it is known; None when it takes more.

        Raises Unauthenticated, psycopg.OperationalError.
        """
        held = self._passes.get(key)
        if held is None or self._door.runtime.clock() >= held.until:
            return None
        return await self._quickly(held, question)

    async def admit(self, request: Request) -> Caller:
        """Who asks, by every rule. Raises what `Door.admit` does."""
        return await run_in_threadpool(self._door.admit, request, RULE)

    async def _admit(self, request: Request, key: str) -> Pass:
        """What a publishable key may depends on its customer token, each time."""
        caller = await self.admit(request)
        until = self._door.runtime.clock() + A_MINUTE
        found = Pass(caller, key_id_of(caller), until)
        if key and not caller.rights.is_publishable:
            if len(self._passes) >= MOST_KEYS:
                self._passes.clear()
            self._passes[key] = found
        return found

    async def _quickly(self, held: Pass, question: Question) -> Answer | None:
        """The answer, if what is known and one statement suffice for it."""
        tenant_id = held.caller.scope.tenant_id
        for _ in range(ATTEMPTS):
            known = self._cache.get(tenant_id, question.customer_id)
            if known is None or not _covers(known, question):
                known = await run_in_threadpool(_learn, held.caller, question, known)
                if known is None:
                    return None
                self._cache.keep(tenant_id, question.customer_id, known)
            at = known.holdings.clock_at or self._door.runtime.clock()
            found = _had(known, question, at)
            if known.has_budgets:
                return None
            asked = () if found is None else found.asked
            wanted = Wanted(held.key_id, question.customer_id, asked)
            told = await self._reader.read(tenant_id, wanted)
            if not told.is_key_open:
                raise Unauthenticated
            if told.stamp != known.stamp:
                self._cache.forget(tenant_id, question.customer_id)
                continue
            if found is None:
                return _denied(known, question, at)
            if None in told.used:
                return None
            used = {
                counted: amount or Decimal(0)
                for counted, amount in zip(found.counted, told.used, strict=True)
            }
            return _decided(found, used, question)
        return None


def _only_key(request: Request) -> str:
    """The key of a request that has nothing else to be looked at; empty for any other."""
    keys = request.headers.getlist("x-api-key")
    is_usual = len(keys) == 1 and not any(each in request.headers for each in LOOKED_AT)
    return keys[0] if is_usual else ""


def key_id_of(caller: Caller) -> str:
    """The key that somebody came with, whoever acts through it."""
    return caller.scope.actor.rpartition("key:")[2]


def thoroughly(caller: Caller, question: Question) -> Answer:
    """The answer, from the database alone, in one transaction."""
    now = caller.runtime.clock()
    asked = Asked(CustomerId(question.customer_id), question.resource_id)
    with caller.transaction() as tx:
        read = access.holdings(tx, [asked.customer_id], now=now).get(asked.customer_id)
        if read is None:
            return _refused(DenialReason.CUSTOMER_NOT_FOUND, question, now)
        known = Known(read)
        at = known.holdings.clock_at or now
        reason = standing_of(known.holdings, at=at, resource_id=question.resource_id).denial_reason
        if reason is not None or question.feature_id is None:
            return _refused(reason or DenialReason.ENTITLEMENT_NOT_FOUND, question, at)
        feature = features.some(tx, [question.feature_id]).get(question.feature_id)
        if feature is None:
            return _refused(DenialReason.FEATURE_NOT_FOUND, question, at)
        over = access_views.used_up(tx, known.holdings, asked, now=now)
        had = entitled(
            known.holdings, feature, at=at, resource_id=question.resource_id, used_up=over
        )
        used = access_usage.used(tx, dict.fromkeys(had.counted(at), feature))
    return _decided(KnownFeature(had, at), used, question)


def _covers(known: Known, question: Question) -> bool:
    return question.feature_id is None or known.knows(question.feature_id)


def _learn(caller: Caller, question: Question, known: Known | None) -> Known | None:
    """What there is to know for a question; None without such a customer."""
    customer_id = CustomerId(question.customer_id)
    with caller.transaction() as tx:
        now = caller.runtime.clock()
        read = access.holdings(tx, [customer_id], now=now).get(customer_id)
        if read is None:
            return None
        learnt = Known(read)
        if known is not None and known.stamp == learnt.stamp:
            learnt.others.update(known.others)
        feature_id = question.feature_id
        if feature_id is not None and not learnt.knows(feature_id):
            learnt.learn(feature_id, features.some(tx, [feature_id]).get(feature_id))
    return learnt


def _had(known: Known, question: Question, at: datetime) -> KnownFeature | None:
    """What they have of the feature; None when nothing of it is to be looked at."""
    if question.feature_id is None or known.denial_reason(at, question.resource_id) is not None:
        return None
    feature = known.feature(question.feature_id)
    return None if feature is None else known.entitled(feature, at, question.resource_id)


def _denied(known: Known, question: Question, at: datetime) -> Answer:
    reason = known.denial_reason(at, question.resource_id)
    if reason is None and question.feature_id is None:
        reason = DenialReason.ENTITLEMENT_NOT_FOUND
    return _refused(reason or DenialReason.FEATURE_NOT_FOUND, question, at)


def _refused(reason: DenialReason, question: Question, at: datetime) -> Answer:
    if question.currency_id is not None:
        return denied_credit(reason, question.currency_id, at)
    return denied_feature(reason)


def _decided(found: KnownFeature, used: dict[Counted, Decimal], question: Question) -> Answer:
    had = found.entitled
    decision = had.decide(
        had.usage_of(used, found.at),
        at=found.at,
        requested_usage=question.requested_usage,
        requested_values=question.requested_values,
    )
    return feature_entitlement(had, decision)
