"""Billing runs: draft what is due, or see what a run would draft."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Amount, CurrencyCode, Single, Wire
from usance.api.fields import at
from usance.api.route import REPEATS, resource
from usance.domain.calendar import parse_day
from usance.domain.invoicing.invoice import Draft
from usance.flows.plays.bill_subscriptions import bill_subscriptions
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.run_billing import run_billing

MOST = 100  # drafts shown of one run

router = resource("billing-runs", tag="Billing")


class RunBody(Wire):
    """How far, and whether anything is kept."""

    through: str | None = Field(
        default=None, description="By default each legal entity's today.", examples=["2026-01-31"]
    )
    dry_run: bool = False


class EntityDay(Wire):
    """Up to which day a legal entity's dues were drafted."""

    legal_entity_id: str
    through: str


class CurrencyTotal(Wire):
    """What the drafts come to in one currency, tax included."""

    currency: CurrencyCode
    total: Amount


class DraftedWire(Wire):
    """A draft the run made; of a dry run without an id, for it is not kept."""

    id: str | None
    customer_id: str
    legal_entity_id: str
    bill_on: str
    currency: CurrencyCode
    total: Amount
    findings: list[str] = Field(description="Codes of what to look at.")


class RunWire(Wire):
    """What a run did, or would do."""

    dry_run: bool
    through: list[EntityDay]
    refreshed_count: int = Field(description="Held drafts whose usage had moved.")
    draft_count: int
    totals: list[CurrencyTotal]
    drafts: list[DraftedWire] = Field(description=f"The first {MOST}.")


@router.post(
    "",
    operation_id="runBilling",
    summary="Draft what is due",
    openapi_extra={REPEATS: True},
)
def run(caller: Asked, body: RunBody | None = None) -> Single[RunWire]:
    """What subscriptions became by now is taken in, and held drafts are brought up to date first;
    then the missing ones are made. A dry run makes none, and takes nothing in.

    May be called twice, at once, after a crash or weeks late: nothing is billed twice.
    """
    asked = body or RunBody()
    day = asked.through
    through = None if day is None else at("through", lambda: parse_day(day))
    seen: list[Draft] = []

    def see(drafts: Sequence[Draft]) -> None:
        seen.extend(drafts[: MOST - len(seen)])

    runtime, scope = caller.runtime, caller.scope
    if not asked.dry_run:
        bill_subscriptions(runtime, scope)
    refreshed = [] if asked.dry_run else refresh_drafts(runtime, scope)
    done = run_billing(runtime, scope, through=through, is_dry=asked.dry_run, see=see)
    return Single(
        data=RunWire(
            dry_run=done.is_dry,
            through=[
                EntityDay(legal_entity_id=entity_id, through=day.isoformat())
                for entity_id, day in done.through.items()
            ],
            refreshed_count=len(refreshed),
            draft_count=done.draft_count,
            totals=[
                CurrencyTotal(currency=code, total=money.text)
                for code, money in sorted(done.gross.items())
            ],
            drafts=[_drafted(draft, is_kept=not done.is_dry) for draft in seen],
        )
    )


def _drafted(draft: Draft, *, is_kept: bool) -> DraftedWire:
    return DraftedWire(
        id=draft.id if is_kept else None,
        customer_id=draft.customer_id,
        legal_entity_id=draft.legal_entity_id,
        bill_on=draft.bill_on.isoformat(),
        currency=draft.currency.code,
        total=draft.gross.text,
        findings=[finding.code for finding in draft.findings],
    )
