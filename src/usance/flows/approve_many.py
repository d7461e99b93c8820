"""Approve many drafts, each for itself: what is refused does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from usance.domain.errors import DomainError
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.review import Decision
from usance.flows.runtime import Runtime, Scope
from usance.store import approvals
from usance.store.approvals import Selection


class Result(StrEnum):
    """What became of one draft."""

    APPROVED = "APPROVED"
    NEEDS_SECOND_APPROVAL = "NEEDS_SECOND_APPROVAL"
    REFUSED = "REFUSED"


class Outcome(NamedTuple):
    """What became of one draft and, where it is not approved, why: a code and a sentence."""

    invoice_id: InvoiceId
    result: Result
    code: str = ""
    message: str = ""


def approve_many(
    runtime: Runtime,
    scope: Scope,
    wanted: Sequence[InvoiceId] | Selection,
    approve: Callable[[InvoiceId], Decision],
    *,
    see: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Outcome]:
    """Have `approve` (a transaction of its own) asked about each draft, those of a selection by
    the day they fell due. Each id counts once. `see` is told how many of how many are done.
    """
    if isinstance(wanted, Selection):
        with runtime.transaction(scope) as tx:
            ids = approvals.held(tx, wanted)
    else:
        ids = list(dict.fromkeys(wanted))
    outcomes: list[Outcome] = []
    for invoice_id in ids:
        outcomes.append(_outcome(invoice_id, approve))
        see(len(outcomes), len(ids))
    return outcomes


def _outcome(invoice_id: InvoiceId, approve: Callable[[InvoiceId], Decision]) -> Outcome:
    try:
        decision = approve(invoice_id)
    except DomainError as refusal:
        return Outcome(invoice_id, Result.REFUSED, refusal.code, str(refusal))
    if decision.is_satisfied:
        return Outcome(invoice_id, Result.APPROVED)
    asking = decision.waits_for
    assert asking is not None, "an approval either satisfies the rules or waits for another's"
    return Outcome(invoice_id, Result.NEEDS_SECOND_APPROVAL, asking.rule, asking.message)
