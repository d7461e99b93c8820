"""Plain values read strictly: every field known, of its type, and named by its path when not.

A reader is a function of a value and its path that gives a domain value or raises Invalid with
whole paths. `Fields` reads one mapping and goes on after a refusal, so that a sender sees all
problems at once; `made` raises them, or makes the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar, cast

from usance.domain.calendar import Cadence, Period, Unit, parse_day
from usance.domain.customer import check_name
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import parse_ref
from usance.domain.money import MAX_MINOR, Currency, Money, exact_decimal
from usance.domain.money import currency as currency_of

T = TypeVar("T")
D = TypeVar("D")
E = TypeVar("E", bound=StrEnum)
Reader = Callable[[object, str], T]

LONGEST = 1000  # characters of one text
MOST_PROBLEMS = 100  # reported of one document
SHOWN = 80  # characters of a refused value
ODD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Fields:
    """One mapping while it is read.

    A field that is refused is noted in `problems` and yields its default (None, when it has none)
    so that reading goes on; nothing is made of it, for `made` raises first.
    """

    def __init__(self, plain: object, path: str = "") -> None:
        if not isinstance(plain, Mapping):
            raise refusal("WrongType", path, plain, "a mapping of field names to values")
        self.path = path
        self.problems: list[Problem] = []
        self._plain = plain
        self._known: list[str] = []

    def has(self, key: str) -> bool:
        """True when the field is given, not null."""
        return self._plain.get(key) is not None

    def at(self, key: str) -> str:
        """The path of a field."""
        return f"{self.path}.{key}" if self.path else key

    def need(self, key: str, read: Reader[T], stand_in: T | None = None) -> T:
        """A field that must be given (MissingField). Refused, it yields `stand_in`."""
        if not self.has(key):
            self.refuse("MissingField", key, "", f"the field {key}")
        return cast(T, self.take(key, read, stand_in))

    def take(self, key: str, read: Reader[T], default: D) -> T | D:
        """A field that may be left out, or null."""
        self._known.append(key)
        value = self._plain.get(key)
        if value is None:
            return default
        try:
            return read(value, self.at(key))
        except Invalid as refused:
            self.problems += refused.problems
            return default

    def refuse(self, code: str, key: str, value: object, expected: str) -> None:
        """Note a problem of a field."""
        self.problems.append(Problem(code, self.at(key), shown(value), expected))

    def refuse_given(self, keys: Iterable[str], code: str, expected: str) -> None:
        """Note a problem for each of `keys` that is given."""
        for key in keys:
            self._known.append(key)
            if self.has(key):
                self.refuse(code, key, self._plain[key], expected)

    def allow(self, keys: Iterable[str]) -> None:
        """Fields that may be there, though nothing is made of them."""
        self._known += keys

    def close(self) -> None:
        """Note the fields nobody asked for. Call it when all others were read."""
        unknown = [key for key in self._plain if key not in self._known]
        for key in unknown[:MOST_PROBLEMS]:
            expected = "one of " + ", ".join(self._known)
            self.refuse("UnknownField", shown(key), self._plain[key], expected)

    def made(self, make: Callable[[], T]) -> T:
        """What `make` returns. Raises Invalid with every problem of this mapping."""
        self.close()
        raise_all(self.problems)
        try:
            return make()
        except Invalid as refused:
            raise Invalid(*(under(self.path, problem) for problem in refused.problems)) from None

    def attempt(self, make: Callable[[], T], stand_in: D) -> T | D:
        """What `make` returns, while reading goes on; refused, its problems are noted."""
        try:
            return make()
        except Invalid as refused:
            self.problems += (under(self.path, problem) for problem in refused.problems)
            return stand_in


def under(path: str, problem: Problem) -> Problem:
    """The problem seen from the document that holds its mapping at `path`."""
    return problem.under(path) if path else problem


def raise_all(problems: Collection[Problem]) -> None:
    """Raise Invalid with the first hundred of `problems`, if there are any."""
    if problems:
        first = list(problems)[:MOST_PROBLEMS]
        raise Invalid(*(replace(each, value=shown(each.value)) for each in first))


def refusal(code: str, path: str, value: object, expected: str) -> Invalid:
    """An Invalid of one problem, its value cut to what a person reads."""
    return Invalid(Problem(code, path, shown(value), expected))


def shown(value: object) -> str:
    """A refused value as one short printable text; a list or mapping by its size."""
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value[: SHOWN + 1] if isinstance(value, str) else str(value)
    text = ODD.sub(lambda odd: ascii(odd.group())[1:-1], text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def text(value: object, path: str) -> str:
    """One line of text of at most 1,000 characters."""
    if not isinstance(value, str):
        raise refusal("WrongType", path, value, "text (in YAML, put it in quotes)")
    if len(value) > LONGEST:
        raise refusal("TextTooLong", path, value, f"at most {LONGEST} characters")
    if ODD.search(value):
        raise refusal("InvalidText", path, value, "text on one line, without control characters")
    return value


def name(value: object, path: str) -> str:
    """Text of 1 to 255 characters that are not all blank."""
    written = text(value, path)
    check_name(written, path)
    return written


def ref(value: object, path: str) -> str:
    """A reference the user chose (`ids.parse_ref`)."""
    return parse_ref(cast(str, value), path=path)


def truth(value: object, path: str) -> bool:
    """True or false, and nothing like it."""
    if not isinstance(value, bool):
        raise refusal("WrongType", path, value, "true or false")
    return value


def whole(value: object, path: str) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise refusal("WrongType", path, value, "a whole number")
    if abs(value) >= MAX_MINOR:
        raise refusal("InvalidNumber", path, "more than 17 digits", f"less than {MAX_MINOR}")
    return value


def number(value: object, path: str) -> Decimal:
    """An exact decimal, written as text or as a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise refusal("WrongType", path, value, 'a decimal number as text, such as "1200.00"')
    if isinstance(value, int):
        value = whole(value, path)
    try:
        return exact_decimal(value)
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None


def amount(of: Currency) -> Reader[Money]:
    """A reader of amounts in major units of that currency, with no more digits than it has."""

    def read(value: object, path: str) -> Money:
        written = number(value, path)
        try:
            money = Money.parse(f"{written:f}", of)
        except Invalid as refused:
            raise Invalid(*(problem.under(path) for problem in refused.problems)) from None
        if abs(money.minor) >= MAX_MINOR:
            expected = f"an amount below {Money(MAX_MINOR, of)}"
            raise refusal("AmountTooLarge", path, value, expected)
        return money

    return read


def day(value: object, path: str) -> date:
    """A day written YYYY-MM-DD."""
    try:
        return parse_day(cast(str, value))
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None


def currency(value: object, path: str) -> Currency:
    """An ISO 4217 currency code."""
    try:
        return currency_of(cast(str, value))
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None


def period(value: object, path: str) -> Period:
    """`{start, end}`; `end` is the first day not included."""
    fields = Fields(value, path)
    start, end = fields.need("start", day), fields.need("end", day)
    return fields.made(lambda: Period(start, end))


def cadence(value: object, path: str) -> Cadence:
    """`{count, unit}`: every 2 WEEKs, every 1 YEAR."""
    fields = Fields(value, path)
    count, unit = fields.take("count", whole, 1), fields.need("unit", choice(Unit))
    return fields.made(lambda: Cadence(count, unit))


def choice(kind: type[E]) -> Reader[E]:
    """A reader of one of the words of `kind`."""

    def read(value: object, path: str) -> E:
        if not isinstance(value, str) or value not in list(kind):
            raise refusal("UnknownWord", path, value, " or ".join(kind))
        return kind(value)

    return read


def some(
    value: object, path: str, read: Reader[T], *, most: int
) -> tuple[dict[int, T], list[Problem]]:
    """The items of a list that could be read, by their index, and the problems of the others."""
    if not isinstance(value, list | tuple):
        raise refusal("WrongType", path, value, "a list")
    if len(value) > most:
        raise refusal("TooMany", path, f"{len(value)} of them", f"at most {most}")
    found: dict[int, T] = {}
    problems: list[Problem] = []
    for index, item in enumerate(value):
        try:
            found[index] = read(item, f"{path}[{index}]")
        except Invalid as refused:
            problems += refused.problems
    return found, problems


def each(read: Reader[T], *, most: int) -> Reader[tuple[T, ...]]:
    """A reader of a list of at most `most` items, all of which must be right."""

    def read_all(value: object, path: str) -> tuple[T, ...]:
        found, problems = some(value, path, read, most=most)
        raise_all(problems)
        return tuple(found.values())

    return read_all


def given(**fields: object) -> dict[str, object]:
    """A mapping of those fields that say something: not None, not empty."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], {})}
