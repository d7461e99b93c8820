"""Exchange rates: what one currency cost in another on a day, by whom it was said.

Owns: quotes of a source, the rate of a day (direct, inverse or crossed), converting an amount.
Does not own: what is billed. Rates are for reports, and for what the law wants displayed.

Always true:
- a rate and its inverse multiply to one;
- no rate is of a later day than it is asked for, or older than the bound;
- an amount converted into its own currency is the same amount.

Rates are exact fractions; what is converted is rounded once, half away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from usance.domain.errors import Invalid, NotAllowedNow, Problem
from usance.domain.money import Currency, Money, round_minor
from usance.domain.rounding import RoundingMode, round_to

ECB = "ECB"  # the European Central Bank, whose rates the EU's VAT law names
MAX_AGE_DAYS = 10  # beyond it a rate is none
STALE_AFTER_DAYS = 5  # Easter: quoted on Thursday, and next on Tuesday
ONE = Fraction(1)
SIGNIFICANT = 8  # digits of a rate when it is written; never fewer than 6 (finance.md section 1)

Pair = tuple[str, str]


class FxRateMissing(NotAllowedNow):
    """There is no exchange rate for that pair of currencies around that day."""

    code = "FxRateMissing"

    def __init__(self, base: Currency, quote: Currency, on: date) -> None:
        super().__init__(
            f"No rate of {base} in {quote} of {on} or the {MAX_AGE_DAYS} days before is known; "
            "import some."
        )


@dataclass(frozen=True, slots=True)
class FxQuote:
    """As a source says it: one unit of `base` cost `rate` of `quote` on that day."""

    base: Currency
    quote: Currency
    day: date
    rate: Decimal

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise Invalid(Problem("InvalidFxRate", "rate", f"{self.rate:f}", "more than zero"))
        if self.base == self.quote:
            expected = "another currency than the base"
            raise Invalid(Problem("InvalidFxRate", "quote", self.quote.code, expected))

    @property
    def key(self) -> tuple[str, str, date]:
        """What it is the rate of; a source says one thing about it."""
        return self.base.code, self.quote.code, self.day


@dataclass(frozen=True, slots=True)
class FxRate:
    """One unit of `base` in `quote`, with its evidence: whose quotes, of which day."""

    base: Currency
    quote: Currency
    rate: Fraction
    day: date
    source: str

    def is_stale(self, on: date) -> bool:
        """True when it is older than weekends and holidays explain."""
        return (on - self.day).days > STALE_AFTER_DAYS

    def converted(self, money: Money) -> Money:
        """An amount of `base` in `quote`, rounded once."""
        assert money.currency == self.base, f"{money} is not in {self.base}"
        return round_minor(money.amount, self.quote, self.rate)

    @property
    def text(self) -> str:
        """As it is written: to 8 significant digits, without zeros at the end."""
        written = f"{self.written:f}"
        return written.rstrip("0").rstrip(".") if "." in written else written

    @property
    def written(self) -> Decimal:
        """The rate to 8 significant digits: exact for what a source quotes."""
        magnitude = (Decimal(self.rate.numerator) / Decimal(self.rate.denominator)).adjusted()
        return round_to(self.rate, max(SIGNIFICANT - 1 - magnitude, 0), RoundingMode.HALF_UP)


class Rates:
    """The quotes of one source.

    Asked for a pair it takes the last day within the bound that has it: as quoted, else the other
    way round, else across a currency that both were quoted in.
    """

    def __init__(self, source: str, quotes: Iterable[FxQuote] = ()) -> None:
        self.source = source
        self._days: dict[Pair, dict[date, Fraction]] = {}
        for each in quotes:
            of_pair = self._days.setdefault((each.base.code, each.quote.code), {})
            of_pair[each.day] = Fraction(each.rate)
        self._bases = sorted({base for base, _ in self._days})

    def rate(self, base: Currency, quote: Currency, on: date) -> FxRate:
        """One unit of `base` in `quote` that day, or as last known before. Raises FxRateMissing."""
        if base == quote:
            return FxRate(base, quote, ONE, on, self.source)
        for age in range(MAX_AGE_DAYS + 1):
            day = on - timedelta(days=age)
            found = next(self._of_day(base.code, quote.code, day), None)
            if found is not None:
                return FxRate(base, quote, found, day, self.source)
        raise FxRateMissing(base, quote, on)

    def convert(self, money: Money, to: Currency, on: date) -> Money:
        """The amount in another currency, rounded once. Raises FxRateMissing."""
        return self.rate(money.currency, to, on).converted(money)

    def _of_day(self, base: str, quote: str, day: date) -> Iterator[Fraction]:
        direct = self._quoted(base, quote, day)
        if direct is not None:
            yield direct
        for pivot in self._bases:
            into, out = self._quoted(pivot, base, day), self._quoted(pivot, quote, day)
            if into is not None and out is not None:
                yield out / into

    def _quoted(self, base: str, quote: str, day: date) -> Fraction | None:
        """As quoted, or the inverse of what was quoted the other way round."""
        straight = self._days.get((base, quote), {}).get(day)
        if straight is not None:
            return straight
        inverse = self._days.get((quote, base), {}).get(day)
        return None if inverse is None else 1 / inverse


def new_quotes(
    known: Mapping[tuple[str, str, date], Decimal],
    quotes: Iterable[FxQuote],
    *,
    may_restate: bool,
) -> list[FxQuote]:
    """Those that say something not known yet.

    Raises Invalid: FxRateAlreadyKnown where one says otherwise and that was not said to be a
    restatement; DuplicateFxRate where two are of one pair and day.
    """
    new: dict[tuple[str, str, date], FxQuote] = {}
    problems: list[Problem] = []
    seen: set[tuple[str, str, date]] = set()
    for each in quotes:
        path = f"{each.base}/{each.quote} {each.day}"
        if each.key in seen:
            problems.append(Problem("DuplicateFxRate", path, f"{each.rate:f}", "each once"))
        seen.add(each.key)
        before = known.get(each.key)
        if before is None or (before != each.rate and may_restate):
            new[each.key] = each
        elif before != each.rate:
            expected = f"{before:f}, as imported before; or say that it was restated"
            problems.append(Problem("FxRateAlreadyKnown", path, f"{each.rate:f}", expected))
    if problems:
        raise Invalid(*problems[:100])
    return list(new.values())
