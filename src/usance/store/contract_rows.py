"""A contract as rows, and rows as a contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus
from usance.domain.contracts.order import ContractTerms, OrderLine, Segment, Timing
from usance.domain.due_items import LineKind
from usance.domain.ids import LineId
from usance.domain.money import currency
from usance.domain.rating.notation import plain_pricing, pricing_from
from usance.domain.rating.prices import Pricing
from usance.store.codec import value_from
from usance.store.database import Row


def contract_from(row: Row, lines: tuple[ContractLine, ...]) -> Contract:
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
    )


def plain_line(sold: OrderLine) -> dict[str, object]:
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
    }


def _plain_cadence(cadence: Cadence | None) -> list[object] | None:
    return None if cadence is None else [cadence.count, cadence.unit]


def _plain_segment(segment: Segment) -> list[object]:
    """Start, end, quantity, price: the price as text, so that equal ones are read once."""
    price = msgspec.json.encode(plain_pricing(segment.pricing)).decode()
    return [segment.period.start, segment.period.end, segment.quantity, price]


def line_from(row: Row) -> ContractLine:
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
    )
    return ContractLine(LineId(row.id), row.order_id, sold)


def _cadence_from(plain: Any) -> Cadence | None:
    return None if plain is None else _cadence(plain[0], plain[1])


@lru_cache(maxsize=256)
def _cadence(count: int, unit: str) -> Cadence:
    return Cadence(count, Unit(unit))


def _segment_from(plain: Any) -> Segment:
    start, end, quantity, price = plain
    days = Period(date.fromisoformat(start), date.fromisoformat(end))
    return Segment(days, _pricing(price), Decimal(quantity))


@lru_cache(maxsize=4096)
def _pricing(text: str) -> Pricing:
    """Prices repeat across contracts; a value is read once and shared, as it never changes."""
    return pricing_from(msgspec.json.decode(text))
