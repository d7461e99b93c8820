"""Credit notes: what of an issued invoice is given back, line by line, tax included.

A line is given back by amount, by units, or whole. Its tax goes back with it as the line bore it,
and the last part takes what is left: so all credits of a line together give back exactly what it
billed, to the minor unit, and never more. Source: finance.md section 6, EN 16931 BT-25.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from usance.domain.catalog import is_storable
from usance.domain.due_items import Grouping, Source
from usance.domain.errors import Invalid, NotAllowedNow, Problem, refuse_if
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.invoice import (
    Disposition,
    DocumentType,
    Draft,
    Finding,
    InvoiceLine,
    Issued,
    Severity,
)
from usance.domain.money import Currency, Money
from usance.domain.rating.working import Working
from usance.domain.rounding import divide
from usance.domain.tax.amounts import TaxRow
from usance.domain.tax.credits import TaxedPart, credited_tax
from usance.domain.tax.rates import TaxCategory

LONGEST_NOTE = 500
NO_UNITS = Decimal(0)


class CreditReason(StrEnum):
    """Why something is given back, as an auditor sorts it."""

    PRICE_ERROR = "PRICE_ERROR"
    SERVICE_NOT_DELIVERED = "SERVICE_NOT_DELIVERED"
    GOODWILL = "GOODWILL"
    CANCELLATION = "CANCELLATION"
    DUPLICATE = "DUPLICATE"
    SLA_CREDIT = "SLA_CREDIT"
    OTHER = "OTHER"


class NotCreditable(NotAllowedNow):
    """Only an invoice is credited: a credit note is made void instead."""

    code = "NotCreditable"

    def __init__(self, number: str) -> None:
        super().__init__(f"{number} is a credit note itself; make it void instead.")


class LineCredit(NamedTuple):
    """A wish: so much net of that line, or so many of its units; neither: all that is left."""

    position: int
    amount: Money | None = None
    quantity: Decimal | None = None


class GivenBackOf(NamedTuple):
    """What earlier documents gave back of a line: net, tax and units, signed as the line is."""

    net: Money
    tax: Money
    units: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWish:
    """What is to be given back of an invoice, why, and what becomes of it.

    `lines` None: everything that is left. Raises Invalid (InvalidNote).
    """

    reason: CreditReason
    note: str = ""
    lines: tuple[LineCredit, ...] | None = None
    disposition: Disposition = Disposition.APPLY

    def __post_init__(self) -> None:
        if len(self.note) > LONGEST_NOTE or not is_storable(self.note):
            expected = f"at most {LONGEST_NOTE} characters, none of them NUL"
            raise Invalid(Problem("InvalidNote", "note", ascii(self.note[:80])[1:-1], expected))
        if self.reason is CreditReason.OTHER and not self.note.strip():
            raise Invalid(Problem("NoteMissing", "note", "", "what the reason is, in words"))

    @property
    def text(self) -> str:
        """Code and words as a document keeps them."""
        return f"{self.reason}: {self.note}" if self.note.strip() else self.reason.value


class Part(NamedTuple):
    """So much of a line: net, tax, and how many of its units where it was told by units."""

    net: Money
    tax: Money
    units: Decimal | None


def credit(
    source: Issued,
    given_back: Mapping[int, GivenBackOf],
    wish: CreditWish,
    *,
    invoice_id: InvoiceId,
    on: date,
) -> Draft:
    """The draft of a credit note for `source`; `on` is a day of the legal entity.

    `given_back`: by position, what stands against a line already; missing: nothing. Raises
    NotCreditable; Invalid with all problems, their paths below `lines`: UnknownLine, CreditedTwice,
    AmountOrQuantity, OtherCurrency, AmountNotPositive, QuantityNotPositive, CreditExceedsLine,
    NothingToCredit.
    """
    if source.draft.type is DocumentType.CREDIT_NOTE:
        raise NotCreditable(source.number)
    sheet = _Sheet(source, given_back)
    parts = sheet.everything() if wish.lines is None else sheet.asked(wish.lines)
    lines = tuple(_line(source, position, part) for position, part in parts)
    net = _sum([line.net for line in lines], source.draft.currency)
    tax = _sum([line.tax for line in lines], source.draft.currency)
    _refuse_nothing(net + tax)
    grouping = source.draft.grouping._replace(alone=invoice_id, is_po_required=False)
    return Draft(
        id=invoice_id,
        legal_entity_id=source.draft.legal_entity_id,
        customer_id=source.draft.customer_id,
        currency=source.draft.currency,
        bill_on=on,
        grouping=grouping,
        lines=lines,
        taxes=tax_rows_of(lines),
        net=net,
        tax=tax,
        gross=net + tax,
        findings=(),
        input_hash=hash_of(lines, grouping),
        type=DocumentType.CREDIT_NOTE,
        reason=wish.text,
        disposition=wish.disposition,
    )


def reason_of(draft: Draft) -> tuple[str, str]:
    """The reason code of a credit note, and the words beside it; empty for one that fell due."""
    code, _, note = draft.reason.partition(": ")
    return code, note


def tax_rows_of(lines: Sequence[InvoiceLine]) -> tuple[TaxRow, ...]:
    """The taxes of lines whose shares are decided: their sums by category, rate, jurisdiction."""
    taxable: dict[tuple[TaxCategory, Decimal, str], int] = {}
    taxes: dict[tuple[TaxCategory, Decimal, str], int] = {}
    reasons: dict[tuple[TaxCategory, Decimal, str], dict[str, None]] = {}
    for line in lines:
        for percent, jurisdiction, share in _shares(line):
            key = (line.treatment.category, percent, jurisdiction)
            taxable[key] = taxable.get(key, 0) + line.net.minor
            taxes[key] = taxes.get(key, 0) + share.minor
            reasons.setdefault(key, {})[line.treatment.reason] = None
    of = lines[0].net.currency
    return tuple(
        TaxRow(
            category,
            percent,
            Money(base, of),
            Money(taxes[key], of),
            " ".join(filter(None, reasons[key])),
            jurisdiction,
        )
        for key, base in taxable.items()
        for category, percent, jurisdiction in [key]
    )


def _shares(line: InvoiceLine) -> list[tuple[Decimal, str, Money]]:
    """A line's tax by rate and jurisdiction: one, or in proportion to several."""
    if not line.tax_parts:
        return [(line.treatment.percent, "", line.tax)]
    pairs = zip(line.treatment.components, line.tax_parts, strict=True)
    return [(each.percent, each.jurisdiction, share) for each, share in pairs]


def hash_of(
    lines: Sequence[InvoiceLine], grouping: Grouping, findings: Sequence[Finding] = ()
) -> str:
    """What a document written by hand says, as a number; its errors are in it."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    said = [(line.description, line.working, line.tax.minor, line.treatment) for line in lines]
    content = msgspec.json.encode((said, grouping.key, errors))
    return blake2b(content, digest_size=16).hexdigest()


class _Sheet:
    """An invoice while it is credited: each line with what was given back of it."""

    def __init__(self, source: Issued, given_back: Mapping[int, GivenBackOf]) -> None:
        self.number = source.number
        self.lines = dict(enumerate(source.draft.lines, start=1))
        zero = Money.zero(source.draft.currency)
        self.before = {
            position: given_back.get(position, GivenBackOf(zero, zero, NO_UNITS))
            for position in self.lines
        }

    def left(self, position: int) -> Money:
        """What of a line's net was not given back."""
        return self.lines[position].net - self.before[position].net

    def everything(self) -> list[tuple[int, Part]]:
        """All that is left. Lines of which nothing is left are left out."""
        return [
            (position, self._rest(position))
            for position in self.lines
            if not (self._rest(position).net.is_zero and self._rest(position).tax.is_zero)
        ]

    def asked(self, wishes: Sequence[LineCredit]) -> list[tuple[int, Part]]:
        """What the wishes ask for; all of it, or it is refused with every problem."""
        problems = [
            problem.under(f"lines[{index}]")
            for index, wish in enumerate(wishes)
            for problem in self._problems(wish, earlier=wishes[:index])
        ]
        refuse_if(problems)
        return [(wish.position, self._part(wish)) for wish in wishes]

    def _rest(self, position: int) -> Part:
        before = self.before[position]
        line = self.lines[position]
        units = None if before.net.minor or before.units else line.quantity
        return Part(self.left(position), line.tax - before.tax, units)

    def _part(self, wish: LineCredit) -> Part:
        if wish.amount is None and wish.quantity is None:
            return self._rest(wish.position)
        net = self._wanted(wish)
        line, before = self.lines[wish.position], self.before[wish.position]
        if line.net.is_negative:  # the rule is told in amounts above zero
            whole, so_far = TaxedPart(-line.net, -line.tax), TaxedPart(-before.net, -before.tax)
            return Part(net, -credited_tax(whole, -net, before=so_far), wish.quantity)
        whole, so_far = TaxedPart(line.net, line.tax), TaxedPart(before.net, before.tax)
        return Part(net, credited_tax(whole, net, before=so_far), wish.quantity)

    def _wanted(self, wish: LineCredit) -> Money:
        """The net a wish comes to. Units are counted from the first one given back, so that all
        units together come to the whole line, whatever each was rounded to.
        """
        if wish.amount is not None:
            return wish.amount
        assert wish.quantity is not None, "a wish names an amount or units"
        line, before = self.lines[wish.position], self.before[wish.position].units
        return _units(line, before + wish.quantity) - _units(line, before)

    def _problems(self, wish: LineCredit, earlier: Sequence[LineCredit]) -> Iterator[Problem]:
        if wish.position not in self.lines:
            expected = f"the position of a line of {self.number}, 1 to {len(self.lines)}"
            yield Problem("UnknownLine", "position", str(wish.position), expected)
            return
        if any(each.position == wish.position for each in earlier):
            yield Problem("CreditedTwice", "position", str(wish.position), "each line once")
        left = self.left(wish.position)
        if left.is_zero:
            expected = "a line of which something is left"
            yield Problem("NothingToCredit", "position", str(wish.position), expected)
        elif wish.amount is not None and wish.quantity is not None:
            yield Problem("AmountOrQuantity", "amount", wish.amount.text, "one of the two")
        elif wish.amount is not None:
            yield from self._amount_problems(wish.position, wish.amount, left)
        elif wish.quantity is not None:
            yield from self._quantity_problems(wish, wish.quantity, left)

    def _amount_problems(self, position: int, amount: Money, left: Money) -> Iterator[Problem]:
        if amount.currency != left.currency:
            expected = f"an amount in {left.currency}, the currency of the invoice"
            yield Problem("OtherCurrency", "amount", str(amount), expected)
        elif amount.is_zero or amount.is_negative is not left.is_negative:
            expected = "less than zero, as the line is" if left.is_negative else "more than zero"
            yield Problem("AmountNotPositive", "amount", amount.text, expected)
        elif abs(amount.minor) > abs(left.minor):
            yield self._exceeds("amount", amount.text, position, left)

    def _quantity_problems(
        self, wish: LineCredit, quantity: Decimal, left: Money
    ) -> Iterator[Problem]:
        line, before = self.lines[wish.position], self.before[wish.position]
        if quantity <= 0 or line.quantity <= 0:
            yield Problem("QuantityNotPositive", "quantity", f"{quantity:f}", "more than zero")
            return
        units_left = line.quantity - before.units
        if quantity > units_left:
            expected = f"at most {units_left:f}, what is left of line {wish.position}"
            yield Problem("CreditExceedsLine", "quantity", f"{quantity:f}", expected)
        elif abs(self._wanted(wish).minor) > abs(left.minor):
            yield self._exceeds("quantity", f"{quantity:f}", wish.position, left)

    def _exceeds(self, path: str, value: str, position: int, left: Money) -> Problem:
        expected = f"at most {left.text} net, what is left of line {position} of {self.number}"
        return Problem("CreditExceedsLine", path, value, expected)


def _units(line: InvoiceLine, count: Decimal) -> Money:
    """What the first `count` units of a line came to, rounded half away from zero."""
    share, whole = (line.net.minor * count).as_integer_ratio(), line.quantity.as_integer_ratio()
    return Money(divide(share[0] * whole[1], share[1] * whole[0]), line.net.currency)


def _line(source: Issued, position: int, part: Part) -> InvoiceLine:
    """One line of the credit note: the source's, with the sign turned."""
    line = source.draft.lines[position - 1]
    by_units = part.units is not None and line.quantity != 0
    facts: dict[str, Decimal | int | str] = {
        "invoice": source.number,
        "line": position,
        "billed": line.net.text,
        "by": "units" if by_units else "amount",
        "units": part.units if by_units and part.units is not None else 0,
        "net": (-part.net).amount,
        "tax": (-part.tax).amount,
    }
    return InvoiceLine(
        contract_id=line.contract_id,
        line_id=None,  # its days stay billed: only a document made void gives days back
        kind=line.kind,
        description=line.description,
        unit=line.unit if by_units else "",
        service_period=line.service_period,
        quantity=-part.units if by_units and part.units is not None else Decimal(-1),
        unit_amount=line.unit_amount if by_units else part.net.amount,
        net=-part.net,
        tax_code=line.tax_code,
        treatment=line.treatment,
        tax=-part.tax,
        working=Working("credit", facts),
        source=Source(source.draft.id, position),
        tax_parts=_tax_parts(line, -part.tax),
        for_customer_id=line.for_customer_id,
    )


def _tax_parts(line: InvoiceLine, tax: Money) -> tuple[Money, ...]:
    """The tax given back by component, in proportion to what each was; the whole, exactly."""
    weights = [abs(each.minor) for each in line.tax_parts]
    if not any(weights):
        return line.tax_parts
    return tuple(tax.split(weights))


def _sum(parts: Sequence[Money], of: Currency) -> Money:
    return Money(sum(part.minor for part in parts), of)


def _refuse_nothing(gross: Money) -> None:
    if gross.minor >= 0:
        expected = "lines of which something is left, more than nothing in all"
        raise Invalid(Problem("NothingToCredit", "lines", (-gross).text, expected))
