"""What a subscription would cost, before anybody asks for it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from pydantic import Field

from usance.api.caller import Asked
from usance.api.catalog.wire import Figure
from usance.api.envelope import Instant, Single, Wire
from usance.api.fields import called
from usance.api.route import resource
from usance.api.subscriptions.bodies import PreviewBody
from usance.api.subscriptions.reading import PAYER, payer_particulars, previewed_request
from usance.domain.calendar import Instants
from usance.domain.invoicing.invoice import InvoiceLine
from usance.domain.money import Money
from usance.domain.subscriptions.terms import AppliedCoupon
from usance.flows.plays.preview_subscription import (
    Preview,
    PreviewedInvoice,
    line_discount,
    preview_subscription,
)

router = resource("subscriptions", tag="Subscriptions")

FINEST = Decimal("1e-12")  # of a price that only comes out as an average


class RangeWire(Wire):
    """From an instant until before another."""

    start: Instant
    end: Instant

    @classmethod
    def of(cls, period: Instants) -> RangeWire:
        """As it travels."""
        return cls(start=period.start, end=period.end)


class DiscountWire(Wire):
    """What comes off."""

    amount: Figure
    currency: str
    description: str


class DiscountDetailsWire(Wire):
    """The coupon that takes it off: so many percent, or an amount of the invoice's currency."""

    code: str | None = Field(description="Its id; null of a discount made for this subscription.")
    fixed_amount: Figure | None
    percentage: Figure | None

    @classmethod
    def of(cls, coupon: AppliedCoupon, currency: str) -> DiscountDetailsWire:
        """As it travels."""
        return cls(
            code=coupon.id,
            fixed_amount=dict(coupon.amounts_off).get(currency),
            percentage=coupon.percent_off,
        )


class FreeItemWire(Wire):
    """An add-on that is given away."""

    id: str
    quantity: int


class PreviewedLineWire(Wire):
    """A line of the invoice."""

    description: str
    quantity: Figure
    unit_price: Figure = Field(description="An average, where one price does not tell.")
    sub_total: Figure = Field(description="Before discounts and tax.")
    currency: str

    @classmethod
    def of(cls, line: InvoiceLine) -> PreviewedLineWire:
        """As it travels."""
        whole = (line.net + line_discount(line)).amount
        return cls(
            description=line.description,
            quantity=line.quantity,
            unit_price=_unit_price(line, whole),
            sub_total=whole,
            currency=_code(line.net),
        )


class PreviewedWire(Wire):
    """An invoice as it would be; in major units of `currency`."""

    sub_total: Figure = Field(description="Before discounts and tax.")
    discount: Figure
    discounts: list[DiscountWire]
    discount_details: DiscountDetailsWire | None = Field(description="Null: nothing comes off.")
    tax: Figure
    total: Figure
    currency: str | None = Field(description="Null: nothing is due.")
    lines: list[PreviewedLineWire]
    billing_period_range: RangeWire | None

    @classmethod
    def of(cls, invoice: PreviewedInvoice | None, coupon: AppliedCoupon | None) -> PreviewedWire:
        """As it travels; of zero when nothing is due."""
        if invoice is None:
            nothing = Decimal(0)
            return cls(
                sub_total=nothing,
                discount=nothing,
                discounts=[],
                discount_details=None,
                tax=nothing,
                total=nothing,
                currency=None,
                lines=[],
                billing_period_range=None,
            )
        code = _code(invoice.total)
        off = [(line, line_discount(line)) for line in invoice.lines]
        return cls(
            sub_total=invoice.subtotal.amount,
            discount=invoice.discount.amount,
            discounts=[
                DiscountWire(amount=less.amount, currency=code, description=line.description)
                for line, less in off
                if less.minor
            ],
            discount_details=None
            if coupon is None or invoice.discount.is_zero
            else DiscountDetailsWire.of(coupon, invoice.total.currency.code),
            tax=invoice.tax.amount,
            total=invoice.total.amount,
            currency=code,
            lines=[PreviewedLineWire.of(line) for line in invoice.lines],
            billing_period_range=RangeWire.of(invoice.period),
        )


class PreviewWire(Wire):
    """What is due at once, and what each whole period then."""

    immediate_invoice: PreviewedWire
    recurring_invoice: PreviewedWire | None = Field(description="Null: nothing recurs.")
    billing_period_range: RangeWire | None
    free_items: list[FreeItemWire] = Field(
        description="Always empty: nothing is given away unasked."
    )
    has_scheduled_updates: bool = Field(description="Changes still to come, which it would drop.")
    is_plan_downgrade: bool

    @classmethod
    def of(cls, preview: Preview) -> PreviewWire:
        """As it travels."""
        recurring, coupon = preview.recurring, preview.coupon
        return cls(
            immediate_invoice=PreviewedWire.of(preview.immediate, coupon),
            recurring_invoice=None if recurring is None else PreviewedWire.of(recurring, coupon),
            billing_period_range=None if preview.period is None else RangeWire.of(preview.period),
            free_items=[],
            has_scheduled_updates=preview.has_scheduled_updates,
            is_plan_downgrade=preview.is_downgrade,
        )


@router.post("/preview", operation_id="previewSubscription", summary="Preview a subscription")
def preview(caller: Asked, body: PreviewBody) -> Single[PreviewWire]:
    """As provisioning it would be billed, to the cent, to the address that is sent along; nothing
    of it is kept. Without a legal entity nobody bills, and all is zero.
    """
    request, payer = previewed_request(body), payer_particulars(body.billing_information)
    with called(PAYER):
        found = preview_subscription(caller.runtime, caller.scope, request, payer)
    return Single(data=PreviewWire.of(found))


def _unit_price(line: InvoiceLine, whole: Decimal) -> Decimal:
    if line.unit_amount is not None:
        return line.unit_amount
    if not line.quantity:
        return whole
    return (whole / line.quantity).quantize(FINEST, ROUND_HALF_UP).normalize()


def _code(money: Money) -> str:
    return money.currency.code.lower()
