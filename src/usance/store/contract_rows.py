"""A contract as rows, and rows as a contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus, Version
from usance.domain.contracts.order import Instalment, OrderLine, Segment, Stub, Timing
from usance.domain.contracts.terms import ContractTerms, Scope
from usance.domain.due_items import LineKind, Raised, UsedBy
from usance.domain.ids import LineId
from usance.domain.money import Currency, Money, currency
from usance.domain.rating.notation import plain_pricing, pricing_from
from usance.domain.rating.prices import Pricing
from usance.store.codec import plain_value, value_from
from usance.store.database import Row


class _Versions(msgspec.Struct):
    """Parties and terms that held before, in time, and what was agreed last."""

    earlier: tuple[Version, ...]
    since: date | None
    terminated_on: date | None


def contract_from(row: Row, lines: tuple[ContractLine, ...]) -> Contract:
    """The contract of that row, with its lines."""
    said = None if row.versions is None else value_from(row.versions, _Versions)
    return Contract(
        id=row.id,
        customer_id=row.customer_id,
        legal_entity_id=row.legal_entity_id,
        name=row.name,
        currency=currency(row.currency),
        status=ContractStatus(row.status),
        term=Period(row.starts_on, row.ends_on),
        terms=value_from(row.terms, ContractTerms),
        lines=lines,
        earlier=() if said is None else said.earlier,
        since=None if said is None else said.since,
        terminated_on=None if said is None else said.terminated_on,
    )


def plain_versions(contract: Contract) -> _Versions | None:
    """What held before the contract's latest parties and terms; None: nothing else ever did."""
    if contract.since is None and contract.terminated_on is None:
        return None
    return _Versions(contract.earlier, contract.since, contract.terminated_on)


def plain_line(sold: OrderLine) -> dict[str, object]:
    """A line's terms as plain values; what is as usual is left out."""
    return {
        "name": sold.name,
        "cadence": _plain_cadence(sold.cadence),
        "price_cadence": _plain_cadence(sold.price_cadence),
        "timing": sold.timing,
        "anchor": sold.anchor,
        "unit": sold.unit,
        "tax_code": sold.tax_code,
        "is_separate": sold.is_separate,
        "segments": [_plain_segment(segment) for segment in sold.segments],
    } | {key: value for key, value in _rarer(sold).items() if value}


def _rarer(sold: OrderLine) -> dict[str, object]:
    return {
        "whole": None if sold.whole is None else [sold.whole.start, sold.whole.end],
        "plan": [plain_value(part) for part in sold.plan],
        "plan_until": sold.plan_until,
        "plan_total": None if sold.plan_total is None else [sold.plan_total.minor],
        "first_stub": "" if sold.first_stub is Stub.BILL else sold.first_stub,
        "last_stub": "" if sold.last_stub is Stub.BILL else sold.last_stub,
        "ends_with_contract": sold.ends_with_contract,
        "is_done_later": sold.is_done_later,
        "is_void": sold.is_void,
        "covers": sold.covers,
        "carried": [sold.carried_percent, _plain_cadence(sold.carried_for)]
        if sold.carried_percent
        else None,
        "tier_scope": "" if sold.tier_scope is Scope.PERIOD else sold.tier_scope,
        "tier_group": sold.tier_group,
        "held_until": sold.held_until,
        "used_by": sold.used_by,
        "is_tax_inclusive": sold.is_tax_inclusive,
    }


def _plain_cadence(cadence: Cadence | None) -> list[object] | None:
    return None if cadence is None else [cadence.count, cadence.unit]


def _plain_segment(segment: Segment) -> list[object]:
    """Start, end, quantity, price, key, and who agreed it and how sure it is, where that is to be
    said. The price as text, so that equal ones are read once.
    """
    price = msgspec.json.encode(plain_pricing(segment.pricing)).decode()
    plain = [segment.period.start, segment.period.end, segment.quantity, price, segment.key]
    if segment.order_id is not None or segment.is_provisional or segment.raised:
        raised = [plain_value(each) for each in segment.raised]
        plain += [segment.order_id, segment.is_provisional, raised]
    return plain


def line_from(row: Row, of: Currency) -> ContractLine:
    """The line of that row; amounts of its plan are in the contract's currency."""
    terms = row.terms
    sold = OrderLine(
        ref=row.line_ref,
        name=terms["name"],
        kind=LineKind(row.kind),
        window=Period(row.starts_on, row.ends_on),
        segments=tuple(map(_segment_from, terms["segments"])),
        cadence=_cadence_from(terms["cadence"]),
        price_cadence=_cadence_from(terms["price_cadence"]),
        timing=Timing(terms["timing"]),
        anchor=date.fromisoformat(terms["anchor"]),
        unit=terms["unit"],
        feature_id=row.feature_id,
        tax_code=terms["tax_code"],
        is_separate=terms["is_separate"],
        **(_rarer_from(terms, of) if len(terms) > 9 else {}),
    )
    return ContractLine(LineId(row.id), row.order_id, sold, row.opened_on)


def _rarer_from(terms: dict[str, Any], of: Currency) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: terms[key]
        for key in ("ends_with_contract", "is_done_later", "is_void", "is_tax_inclusive")
        if key in terms
    }
    if "whole" in terms:
        found["whole"] = Period(*map(date.fromisoformat, terms["whole"]))
    if "plan" in terms:
        found["plan"] = tuple(value_from(part, Instalment) for part in terms["plan"])
    if "plan_total" in terms:
        found["plan_total"] = Money(terms["plan_total"][0], of)
    if "carried" in terms:
        percent, cadence = terms["carried"]
        found |= {"carried_percent": Decimal(percent), "carried_for": _cadence_from(cadence)}
    for key in ("plan_until", "held_until"):
        if key in terms:
            found[key] = date.fromisoformat(terms[key])
    for key in ("first_stub", "last_stub"):
        if key in terms:
            found[key] = Stub(terms[key])
    if "tier_scope" in terms:
        found["tier_scope"] = Scope(terms["tier_scope"])
    if "tier_group" in terms:
        found["tier_group"] = terms["tier_group"]
    if "used_by" in terms:
        found["used_by"] = UsedBy(*terms["used_by"])
    if "covers" in terms:
        found["covers"] = tuple(terms["covers"])
    return found


def _cadence_from(plain: Any) -> Cadence | None:
    return None if plain is None else _cadence(plain[0], plain[1])


@lru_cache(maxsize=256)
def _cadence(count: int, unit: str) -> Cadence:
    return Cadence(count, Unit(unit))


def _segment_from(plain: Any) -> Segment:
    start, end, quantity, price, key, *rest = plain
    days = Period(date.fromisoformat(start), date.fromisoformat(end))
    order_id, is_provisional, raised = rest or (None, False, ())
    told = tuple(value_from(each, Raised) for each in raised)
    return Segment(days, _pricing(price), Decimal(quantity), order_id, key, is_provisional, told)


@lru_cache(maxsize=4096)
def _pricing(text: str) -> Pricing:
    """Prices repeat across contracts; a value is read once and shared, as it never changes."""
    return pricing_from(msgspec.json.decode(text))
