"""How much tax is on a document: by category, rate and jurisdiction, and each line's share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from msgspec import Struct

from usance.domain.money import Currency, Money, round_minor
from usance.domain.rounding import BY_RATE, RoundingMode, TaxLevel, TaxRounding, divide
from usance.domain.tax.inclusive import split_inclusive
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxComponent, TaxTreatment

Key = tuple[TaxCategory, Decimal, str]  # category, percentage, jurisdiction
Place = tuple[int, int]  # which line, which of its taxes


class TaxedAmount(Struct, frozen=True, gc=False):
    """A line amount and what it bears. `net` is the gross amount where it includes the tax.

    `known`: its tax is not computed but known, one amount a component of its treatment: what goes
    back with a credit (`credited_tax`), to the minor unit.
    """

    net: Money
    treatment: TaxTreatment
    includes_tax: bool = False
    known: tuple[Money, ...] | None = None


class TaxRow(Struct, frozen=True, gc=False):
    """The tax of one category, rate and jurisdiction on a document: its base, amount, and why."""

    category: TaxCategory
    percent: Decimal
    taxable: Money
    tax: Money
    reason: str
    jurisdiction: str = ""


class LineTax(Struct, frozen=True, gc=False):
    """One line without and with its tax; `parts` are the taxes of its components, if it has any."""

    net: Money
    tax: Money
    parts: tuple[Money, ...] = ()


class TaxedDocument(NamedTuple):
    """The tax rows of a document, and each line's net and share of them, in order."""

    rows: tuple[TaxRow, ...]
    lines: tuple[LineTax, ...]


def document_tax(
    lines: Sequence[TaxedAmount], currency: Currency, rounding: TaxRounding = BY_RATE
) -> tuple[tuple[TaxRow, ...], list[Money]]:
    """The tax rows of a document, and each line's share of them, in the order of `lines`.

    By default per category and rate: base = sum of the lines, tax = base x percent, rounded once,
    half away from zero (EN 16931 BR-CO-17). 25 and 25.00 are one rate. Shares by largest remainder.
    """
    taxed = tax_lines(lines, currency, rounding)
    return taxed.rows, [line.tax for line in taxed.lines]


def tax_lines(
    lines: Sequence[TaxedAmount], currency: Currency, rounding: TaxRounding = BY_RATE
) -> TaxedDocument:
    """The same, with the net of lines that include their tax, and the parts of several taxes.

    A line that includes its tax is taken apart by itself, so that its gross stays what was agreed.
    Compound taxes come last, on the net and the other taxes of their line.
    """
    if rounding.level is TaxLevel.RATE and all(map(_is_usual, lines)):
        return _one_tax_a_line(lines, currency, rounding.mode)
    sheet = _Sheet(lines, rounding)
    sheet.compute()
    made = [
        LineTax(
            Money(net, currency),
            Money(sum(parts), currency),
            tuple(Money(part, currency) for part in parts) if line.treatment.components else (),
        )
        for line, net, parts in zip(lines, sheet.nets, sheet.parts, strict=True)
    ]
    return TaxedDocument(_rows(lines, sheet, currency), tuple(made))


def _is_usual(line: TaxedAmount) -> bool:
    return not line.includes_tax and line.known is None and not line.treatment.components


def _one_tax_a_line(
    lines: Sequence[TaxedAmount], currency: Currency, mode: RoundingMode
) -> TaxedDocument:
    """What nearly every document is, in a third of the time: the same rows and shares."""
    groups: dict[tuple[TaxCategory, Decimal], list[int]] = {}
    known, alike = None, list[int]()
    for index, line in enumerate(lines):
        if line.treatment is not known:  # lines of one document mostly share theirs
            known = line.treatment
            alike = groups.setdefault((known.category, known.percent), [])
        alike.append(index)
    rows: list[TaxRow] = []
    taxes = [0] * len(lines)
    for (category, percent), members in groups.items():
        nets = [lines[index].net.minor for index in members]
        taxable = sum(nets)
        numerator, denominator = percent.as_integer_ratio()
        tax = divide(taxable * numerator, 100 * denominator, mode)
        why = " ".join(dict.fromkeys(filter(None, [lines[i].treatment.reason for i in members])))
        rows.append(TaxRow(category, percent, Money(taxable, currency), Money(tax, currency), why))
        if len(members) == 1:
            taxes[members[0]] = tax
        elif numerator:  # lines that cancel out still bear what one without the other would
            shares = _dealt(tax, [net * numerator for net in nets], 100 * denominator)
            for index, share in zip(members, shares, strict=True):
                taxes[index] = share
    made = [LineTax(line.net, Money(tax, currency)) for line, tax in zip(lines, taxes, strict=True)]
    return TaxedDocument(tuple(rows), tuple(made))


class _Sheet:
    """The document while it is computed, in minor units: `parts` are each line's taxes."""

    def __init__(self, lines: Sequence[TaxedAmount], rounding: TaxRounding) -> None:
        self.lines = lines
        self.rounding = rounding
        self.nets = [line.net.minor for line in lines]
        self.parts = [[0] * (len(line.treatment.components) or 1) for line in lines]

    def compute(self) -> None:
        """Fill in `nets` and `parts`."""
        plain: dict[Key, list[Place]] = {}
        compound: dict[Key, list[Place]] = {}
        for index, line in enumerate(self.lines):
            bears = line.treatment
            if line.known is not None:
                assert len(line.known) == len(self.parts[index]), "one amount a component"
                self.parts[index] = [tax.minor for tax in line.known]
                continue
            if line.includes_tax:
                self._take_apart(index, line)
                continue
            if not bears.components:
                plain.setdefault((bears.category, bears.percent, ""), []).append((index, 0))
            for place, part in enumerate(bears.components):
                groups = compound if part.is_compound else plain
                key = (bears.category, part.percent, part.jurisdiction)
                groups.setdefault(key, []).append((index, place))
        if self.rounding.level is TaxLevel.DOCUMENT:
            self._round_the_document([*plain.items(), *compound.items()])
            return
        for groups in (plain, compound):
            bases = [net + sum(parts) for net, parts in zip(self.nets, self.parts, strict=True)]
            for (_, percent, _), members in groups.items():
                if percent:
                    self._round_the_rate(percent, members, bases if groups is compound else None)

    def _round_the_rate(
        self, percent: Decimal, members: list[Place], bases: list[int] | None
    ) -> None:
        known = self.nets if bases is None else bases
        nets = [known[index] for index, _ in members]
        numerator, denominator = percent.as_integer_ratio()
        mode = self.rounding.mode
        if self.rounding.level is TaxLevel.LINE:
            shares = [divide(net * numerator, 100 * denominator, mode) for net in nets]
        else:
            tax = divide(sum(nets) * numerator, 100 * denominator, mode)
            shares = _dealt(tax, [net * numerator for net in nets], 100 * denominator)
        for (index, place), share in zip(members, shares, strict=True):
            self.parts[index][place] = share

    def _round_the_document(self, groups: list[tuple[Key, list[Place]]]) -> None:
        """One rounding for all: the total is dealt to the rates, and from them to the lines."""
        exact = [
            [_exact(self.lines[index], place) for index, place in members] for _, members in groups
        ]
        per_rate = [sum(each, Fraction(0)) for each in exact]
        tax = divide(*sum(per_rate, Fraction(0)).as_integer_ratio(), self.rounding.mode)
        for (_, members), parts, share in zip(
            groups, exact, _dealt_exactly(tax, per_rate), strict=True
        ):
            for (index, place), part in zip(members, _dealt_exactly(share, parts), strict=True):
                self.parts[index][place] = part

    def _take_apart(self, index: int, line: TaxedAmount) -> None:
        """A directed mode is about the tax, so there the tax is rounded and the net is the rest."""
        mode = self.rounding.mode
        net, tax = split_inclusive(
            line.net, line.treatment.percent, mode, is_tax_rounded=mode.is_directed
        )
        self.nets[index] = net.minor
        if not line.treatment.components:
            self.parts[index] = [tax.minor]
            return
        whole = Fraction(line.treatment.percent)
        weights = [_times(line.treatment, part) * tax.minor for part in line.treatment.components]
        self.parts[index] = _dealt_exactly(
            tax.minor, [weight / whole if whole else Fraction(0) for weight in weights]
        )


def _rows(lines: Sequence[TaxedAmount], sheet: _Sheet, currency: Currency) -> tuple[TaxRow, ...]:
    """The taxes of all lines, added up by category, rate and jurisdiction, as they come."""
    taxable: dict[Key, int] = {}
    taxes: dict[Key, int] = {}
    reasons: dict[Key, dict[str, None]] = {}
    for line, net, parts in zip(lines, sheet.nets, sheet.parts, strict=True):
        bears = line.treatment
        components = bears.components or (TaxComponent("", bears.percent),)
        others = sum(
            part for each, part in zip(components, parts, strict=True) if not each.is_compound
        )
        for each, part in zip(components, parts, strict=True):
            key = (bears.category, each.percent, each.jurisdiction)
            taxable[key] = taxable.get(key, 0) + net + (others if each.is_compound else 0)
            taxes[key] = taxes.get(key, 0) + part
            reasons.setdefault(key, {})[bears.reason] = None
    return tuple(
        TaxRow(
            category,
            percent,
            Money(base, currency),
            Money(taxes[key], currency),
            " ".join(filter(None, reasons[key])),
            jurisdiction,
        )
        for key, base in taxable.items()
        for category, percent, jurisdiction in [key]
    )


def share_tax(tax: Money, nets: Sequence[int], percent: Decimal) -> list[Money]:
    """`tax` dealt out to lines of `nets` minor units, by largest remainder; negative nets too.

    The shares add up to `tax`, and each is within one minor unit of the line's own exact tax.
    """
    numerator, denominator = percent.as_integer_ratio()
    shares = _dealt(tax.minor, [net * numerator for net in nets], 100 * denominator)
    return [Money(share, tax.currency) for share in shares]


def exact_tax(net: Decimal, percent: Decimal) -> Decimal:
    """The tax of an amount before any rounding: what a working shows."""
    return net * percent.scaleb(-2)


def tax_in(tax: Money, of: Currency, exchange_rate: Decimal) -> Money:
    """The tax in the seller's currency, where the law asks for it (EN 16931 BT-111).

    `exchange_rate`: units of `of` for one of the document's currency. Rounded once, shown beside
    the totals, never in them.
    """
    return round_minor(tax.amount * exchange_rate, of)


def _dealt(total: int, exact: Sequence[int], denominator: int) -> list[int]:
    """`total` as whole shares near `exact / denominator`, by largest remainder."""
    if len(exact) == 1:
        return [total]
    divided = [divmod(each, denominator) for each in exact]
    parts = [whole for whole, _ in divided]
    left = total - sum(parts)
    assert 0 <= left <= len(parts), "a rounded sum is within its lines' floors and ceilings"
    if left:
        by_remainder = sorted(range(len(parts)), key=lambda i: (-divided[i][1], i))
        for index in by_remainder[:left]:
            parts[index] += 1
    return parts


def _dealt_exactly(total: int, exact: Sequence[Fraction]) -> list[int]:
    denominator = lcm(*(each.denominator for each in exact))
    return _dealt(total, [int(each * denominator) for each in exact], denominator)


def _times(bears: TaxTreatment, part: TaxComponent) -> Fraction:
    """How many percent of the net a component is: more than its own where it is compound."""
    if not part.is_compound:
        return Fraction(part.percent)
    plain = sum(Fraction(each.percent) for each in bears.components if not each.is_compound)
    return Fraction(part.percent) * (100 + plain) / 100


def _exact(line: TaxedAmount, place: int) -> Fraction:
    """The tax of one component before rounding, in minor units."""
    bears = line.treatment
    percent = _times(bears, bears.components[place]) if bears.components else bears.percent
    return line.net.minor * Fraction(percent) / 100
