"""The lines of an order form: what is sold, when, at which price, billed how.

When a line is billed is `billing_notation`, what it costs is `line_prices`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from usance.documents.billing_notation import (
    Frame,
    billing_from,
    days_from,
    plain_billing,
    plain_cadence,
)
from usance.documents.line_prices import plain_segments, segments_from
from usance.documents.plain import (
    Fields,
    amount,
    cadence,
    choice,
    day,
    each,
    given,
    name,
    number,
    ref,
    refusal,
    text,
    truth,
)
from usance.domain.calendar import Cadence
from usance.domain.contracts.order import OrderLine
from usance.domain.contracts.order_problems import BOUGHT_WHOLE, MAX_LINES
from usance.domain.contracts.terms import Scope
from usance.domain.due_items import LineKind, UsedBy
from usance.domain.ids import CustomerId, FeatureId

NONE = Decimal(0)


class Counting(NamedTuple):
    """What a line counts, and what counts for it, named as in `OrderLine`."""

    feature_id: FeatureId | None
    used_by: UsedBy | None
    covers: tuple[str, ...]
    carried_percent: Decimal
    carried_for: Cadence | None
    tier_scope: Scope
    tier_group: str
    held_until: date | None


def line_from(plain: object, path: str, *, frame: Frame) -> OrderLine:
    """The line in `plain`, of an order with that term and currency.

    Raises Invalid with every problem that shows in the line's own fields; how they fit together is
    `order_problems`.
    """
    fields = Fields(plain, path)
    line_ref, called = fields.need("lineId", ref), fields.need("name", name)
    kind = fields.need("kind", choice(LineKind))
    unit = fields.take("unit", text, "")
    tax_code = fields.take("taxCode", ref, "standard")
    is_tax_inclusive = fields.take("priceIncludesTax", truth, default=False)
    is_separate = fields.take("separateInvoice", truth, default=False)
    control_total = fields.take("total", amount(frame.currency), None)
    price_cadence = fields.take("pricePer", cadence, None)
    counting = _counting(fields, kind)
    days = days_from(fields, kind, frame)
    billing = billing_from(fields, kind, days, frame)
    segments = segments_from(fields, kind, days, frame)
    return fields.made(
        lambda: OrderLine(
            ref=line_ref,
            name=called,
            kind=kind,
            segments=segments,
            price_cadence=price_cadence,
            unit=unit,
            tax_code=tax_code,
            is_tax_inclusive=is_tax_inclusive,
            is_separate=is_separate,
            control_total=control_total,
            **days._asdict(),
            **billing._asdict(),
            **counting._asdict(),
        )
    )


def plain_line(line: OrderLine) -> dict[str, object]:
    """The line in its notation, with every default written out."""
    plain: dict[str, object] = {"lineId": line.ref, "name": line.name, "kind": line.kind.value}
    plain |= plain_segments(line) | plain_billing(line)
    is_scoped = line.tier_scope is not Scope.PERIOD
    return plain | given(
        pricePer=None if line.price_cadence is None else plain_cadence(line.price_cadence),
        unit=line.unit,
        featureId=line.feature_id,
        usedBy=plain_used_by(line.used_by),
        covers=list(line.covers),
        carryOver=_plain_carry_over(line),
        tierScope=line.tier_scope.value if is_scoped else None,
        tierGroup=line.tier_group,
        priceHoldUntil=None if line.held_until is None else line.held_until.isoformat(),
        taxCode=line.tax_code,
        priceIncludesTax=line.is_tax_inclusive or None,
        separateInvoice=line.is_separate,
        total=None if line.control_total is None else line.control_total.text,
    )


def plain_used_by(used_by: UsedBy | None) -> dict[str, object] | None:
    """Whose usage is counted, in its notation."""
    if used_by is None:
        return None
    return {"customerId": used_by.customer_id} | given(resourceId=used_by.resource_id)


def _counting(fields: Fields, kind: LineKind | None) -> Counting:
    feature_id = fields.take("featureId", ref, None)
    used_by = fields.take("usedBy", _used_by, None)
    covers = fields.take("covers", each(ref, most=MAX_LINES), ())
    carried = fields.take("carryOver", _carry_over, (NONE, None))
    tier_scope = fields.take("tierScope", choice(Scope), Scope.PERIOD)
    tier_group = fields.take("tierGroup", ref, "")
    held_until = fields.take("priceHoldUntil", day, None)
    if kind is not None:
        _refuse_of_others(fields, kind)
    return Counting(
        None if feature_id is None else FeatureId(feature_id),
        used_by,
        covers,
        *carried,
        tier_scope,
        tier_group,
        held_until,
    )


def _refuse_of_others(fields: Fields, kind: LineKind) -> None:
    """Note the fields that only lines of other kinds have."""
    refuse = partial(fields.refuse_given, code="NotOfThisKind")
    if kind not in BOUGHT_WHOLE:
        refuse(["covers"], expected="nothing: only COMMITMENT and PREPAID cover other lines")
    if kind is not LineKind.PREPAID:
        refuse(["carryOver"], expected="nothing: only what is PREPAID is carried over")
    if kind is not LineKind.USAGE:
        refuse(["tierScope", "tierGroup"], expected="nothing: only USAGE is counted over time")
        refuse(["usedBy"], expected="nothing: only USAGE is counted")
    if kind not in (LineKind.USAGE, LineKind.RECURRING):
        refuse(["priceHoldUntil"], expected=f"nothing: no uplift raises a {kind} line")


def _used_by(plain: object, path: str) -> UsedBy:
    """`{customerId, resourceId}`: whose usage is counted, and of which of its resources."""
    fields = Fields(plain, path)
    customer_id = fields.need("customerId", ref)
    resource_id = fields.take("resourceId", text, None)
    return fields.made(lambda: UsedBy(CustomerId(customer_id), resource_id))


def _carry_over(plain: object, path: str) -> tuple[Decimal, Cadence | None]:
    """`{percent, for: {count, unit}}`: how much of what is left, and how long it can be used."""
    fields = Fields(plain, path)
    percent = fields.take("percent", _percent, Decimal(100))
    lasting = fields.need("for", cadence)
    return fields.made(lambda: (percent, lasting))


def _percent(value: object, path: str) -> Decimal:
    percent = number(value, path)
    if not 0 <= percent <= 100:
        raise refusal("InvalidPercent", path, value, "0 to 100")
    return percent


def _plain_carry_over(line: OrderLine) -> dict[str, object] | None:
    if line.carried_for is None:
        return None
    percent = f"{line.carried_percent:f}"
    return {"percent": percent, "for": plain_cadence(line.carried_for)}
