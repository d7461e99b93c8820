"""What mappings read from a case, and how their results compare with what it expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from usance.domain.calendar import Instants, Period
from usance.domain.money import Currency, Money, currency

Inputs = Mapping[str, Any]
Found = Mapping[str, object]


class UnmappedError(Exception):
    """No mapping reads a case of this shape."""


class Unordered(list[object]):
    """Results that a case may list in any order: the rows of a tax breakdown."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case as a mapping sees it: never its id, never the figures it expects.

    `asked` are the names of the expected figures, each with its length when it is a list;
    `begins` is the day from which a list of lines is asked for, for cases without a start.
    """

    topic: str
    publisher: str
    inputs: Inputs
    asked: Mapping[str, int]
    begins: date | None = None

    def __contains__(self, key: str) -> bool:
        return key in self.inputs

    def __getitem__(self, key: str) -> Any:
        if key not in self.inputs:
            raise UnmappedError(f"no input {key!r}")
        return self.inputs[key]

    def has(self, *keys: str) -> bool:
        """True when all these inputs are there and not null."""
        return all(self.inputs.get(key) is not None for key in keys)

    def number(self, *keys: str, default: str | None = None) -> Decimal:
        """The first of these inputs that is there, as an exact number."""
        for key in keys:
            if self.inputs.get(key) is not None:
                return decimal(self.inputs[key])
        if default is None:
            raise UnmappedError(f"no input {' or '.join(map(repr, keys))}")
        return Decimal(default)

    @property
    def currency(self) -> Currency:
        """The case's currency; USD where it names none."""
        return currency(self.inputs.get("currency", "USD"))

    def in_currency(self, key: str) -> Currency:
        """The currency this input names."""
        return currency(self[key])

    def money(self, *keys: str) -> Money:
        """The first of these inputs, as an amount in the case's currency."""
        return Money.parse(str(self.number(*keys)), self.currency)

    def day(self, *keys: str) -> date:
        """The first of these inputs, as a day."""
        for key in keys:
            if self.inputs.get(key) is not None:
                return day(self.inputs[key])
        raise UnmappedError(f"no input {' or '.join(map(repr, keys))}")

    def period(self, *keys: str) -> Period:
        """The first of these inputs, as the days [start, end)."""
        for key in keys:
            if self.inputs.get(key) is not None:
                start, end = self.inputs[key]
                return Period(day(start), day(end))
        raise UnmappedError(f"no input {' or '.join(map(repr, keys))}")


def decimal(plain: object) -> Decimal:
    """The number as the case writes it."""
    return Decimal(str(plain))


def day(plain: str) -> date:
    """The day of a date or of an instant, as written."""
    return date.fromisoformat(plain[:10])


def instant(plain: str) -> datetime:
    """The instant; a date alone is its midnight in UTC."""
    found = datetime.fromisoformat(plain)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_instant(plain: object) -> bool:
    """True for a date with a time of day."""
    return isinstance(plain, str) and "T" in plain


def agrees(expected: object, got: object, digits: int) -> bool:
    """True when `got` is what is expected, after rounding it to the decimals written there.

    Amounts are compared exactly or from `digits` decimals on, so 10.4 is never 10.
    """
    got = _plain(got)
    if isinstance(expected, dict):
        return isinstance(got, Mapping) and all(
            key in got and agrees(value, got[key], digits) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(got, Unordered):
        return _agree_in_some_order(expected, got, digits)
    if isinstance(expected, list):
        return (
            isinstance(got, list)
            and len(got) == len(expected)
            and all(agrees(one, other, digits) for one, other in zip(expected, got, strict=True))
        )
    if isinstance(got, Decimal | Fraction | int) and not isinstance(got, bool):
        return _same_number(expected, Fraction(got), digits)
    return bool(expected == got)


def _agree_in_some_order(expected: list[object], got: Unordered, digits: int) -> bool:
    left = list(got)
    for one in expected:
        match = next((other for other in left if agrees(one, other, digits)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def shown(got: object) -> object:
    """A result as plain values for a report."""
    plain = _plain(got)
    if isinstance(plain, Mapping):
        return {key: shown(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [shown(value) for value in plain]
    if isinstance(plain, Fraction):
        return f"{plain} ({Decimal(plain.numerator) / plain.denominator:.12f})"
    return f"{plain:f}" if isinstance(plain, Decimal) else plain


def _plain(got: object) -> object:
    match got:
        case Money():
            return got.amount
        case datetime():
            return got.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return got.isoformat()
        case Period() | Instants():
            return [_plain(got.start), _plain(got.end)]
        case Unordered():
            return got
        case list() | tuple():
            return list(got)
    return got


def _same_number(expected: object, got: Fraction, digits: int) -> bool:
    try:
        wanted = Decimal(str(expected))
    except InvalidOperation:
        return False
    if Fraction(wanted) == got:
        return True
    exponent = wanted.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    if decimals < max(digits, 1):
        return False
    scaled = abs(got) * 10**decimals
    rounded = (scaled * 2 + 1).numerator // ((scaled * 2 + 1).denominator * 2)
    return Decimal(rounded if got >= 0 else -rounded) == wanted.scaleb(decimals).quantize(
        Decimal(1), ROUND_HALF_UP
    )
