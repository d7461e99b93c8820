"""The notation of prices: plain values, the same in order forms, API and database.

`{"model": "PER_UNIT", "unitAmount": "30.00", "included": "10"}`. The keys are the fields of the
price's class in camelCase. Decimals are text; integers and `Decimal` are read too, floats never.
Every unknown, missing or mistyped key is refused by its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, cast

from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.money import exact_decimal
from usance.domain.rating.prices import (
    Cell,
    Discount,
    Flat,
    Graduated,
    GraduatedPackage,
    GraduatedPercentage,
    Matrix,
    Multiplier,
    Package,
    PackageRounding,
    PackageTier,
    Percentage,
    PerUnit,
    Price,
    Pricing,
    RateTier,
    Tier,
    TierBound,
    Volume,
    VolumePackage,
)

MODELS: dict[str, type[Price]] = {
    "FLAT": Flat,
    "PER_UNIT": PerUnit,
    "GRADUATED": Graduated,
    "VOLUME": Volume,
    "PACKAGE": Package,
    "PERCENTAGE": Percentage,
    "GRADUATED_PERCENTAGE": GraduatedPercentage,
    "GRADUATED_PACKAGE": GraduatedPackage,
    "VOLUME_PACKAGE": VolumePackage,
    "MULTIPLIER": Multiplier,
    "MATRIX": Matrix,
}
MODEL_OF = {kind: model for model, kind in MODELS.items()}
_FIELDS: dict[type[Any], dict[str, Field[Any]]] = {}  # filled as classes are met
BOUNDS = ("included", "minimum", "maximum", "discounts")


def pricing_from(plain: Mapping[str, object], *, path: str = "") -> Pricing:
    """The price written in `plain`. Raises Invalid with all problems, their paths under `path`."""
    return cast(Pricing, _under(path, _read_pricing, plain))


def plain_pricing(pricing: Pricing) -> dict[str, object]:
    """The price as plain values: `pricing_from(plain_pricing(p)) == p`. Defaults are left out."""
    bounds = _write(pricing)
    del bounds["price"]
    return {"model": MODEL_OF[type(pricing.price)], **_write(pricing.price), **bounds}


class _Kind(NamedTuple):
    """How one type of field is read from a plain value and written as one."""

    read: Callable[[Any], object]
    write: Callable[[Any], object]


def _read_pricing(plain: object) -> Pricing:
    keys = _object(plain)
    model = keys.pop("model", None)
    kind = MODELS.get(model) if isinstance(model, str) else None
    if kind is None:
        code = "MissingField" if model is None else "UnknownPriceModel"
        raise Invalid(Problem(code, "model", str(model or ""), " or ".join(MODELS)))
    bounds = {key: keys.pop(key) for key in BOUNDS if key in keys}
    price: Price | None = None
    problems: list[Problem] = []
    try:
        price = cast(Price, _read(kind, keys))
    except Invalid as refused:
        problems += refused.problems
    found = _values(Pricing, bounds, problems, given=("price",))
    refuse_if(problems)
    return Pricing(price=cast(Price, price), **found)


def _read(kind: type[Any], plain: object) -> object:
    """One object of that class. Raises Invalid with every problem of its keys."""
    keys = _object(plain)
    problems: list[Problem] = []
    if kind is Tier and not keys.keys() & {"unitAmount", "flatAmount"}:
        problems.append(Problem("MissingField", "unitAmount", "", "a unitAmount or a flatAmount"))
    found = _values(kind, keys, problems)
    refuse_if(problems)
    return kind(**found)


def _values(
    kind: type[Any], keys: dict[str, object], problems: list[Problem], given: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The field values of `kind` under `keys`; what is wrong with them goes to `problems`."""
    found: dict[str, object] = {}
    for key, field in _fields(kind).items():
        if key in given:
            continue
        if key in keys:
            try:
                found[field.name] = _under(key, _KINDS[str(field.type)].read, keys.pop(key))
            except Invalid as refused:
                problems += refused.problems
        elif field.default is MISSING:
            problems.append(Problem("MissingField", key, "", "a value"))
    for key, value in keys.items():
        known = ", ".join(_fields(kind))
        problems.append(Problem("UnknownField", key, str(value), f"only the keys {known}"))
    return found


def _write(value: object) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, field in _fields(type(value)).items():
        held = getattr(value, field.name)
        if held != field.default:
            plain[key] = _KINDS[str(field.type)].write(held)
    if isinstance(value, Tier) and not plain.keys() & {"unitAmount", "flatAmount"}:
        plain["unitAmount"] = "0"  # a free tier says so
    return plain


def _fields(kind: type[Any]) -> dict[str, Field[Any]]:
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = {_camel(field.name): field for field in fields(kind)}
    return found


def _camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


def _under(path: str, read: Callable[[Any], object], plain: object) -> object:
    """What `read` makes of `plain`; its problems are moved under `path`."""
    if not path:
        return read(plain)
    try:
        return read(plain)
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None


def _object(plain: object) -> dict[str, object]:
    if not isinstance(plain, Mapping):
        raise Invalid(Problem("InvalidPrice", "", str(plain), "an object with the keys of a price"))
    return {str(key): value for key, value in plain.items()}


def _list(plain: object) -> list[object] | tuple[object, ...]:
    if not isinstance(plain, list | tuple):
        raise Invalid(Problem("InvalidPrice", "", str(plain), "a list"))
    return plain


def _truth(plain: object) -> bool:
    if not isinstance(plain, bool):
        raise Invalid(Problem("InvalidPrice", "", str(plain), "true or false"))
    return plain


def _whole(plain: str | int | Decimal) -> int:
    number = exact_decimal(plain)
    if number != number.to_integral_value():
        raise Invalid(Problem("InvalidNumber", "", str(plain), "a whole number"))
    return int(number)


def _word(plain: object) -> str:
    if not isinstance(plain, str):
        raise Invalid(Problem("InvalidPrice", "", str(plain), "text"))
    return plain


def _text(number: Decimal) -> str:
    return f"{number:f}"


def _same(value: object) -> object:
    return value


def _optional(kind: _Kind) -> _Kind:
    return _Kind(
        lambda plain: None if plain is None else kind.read(plain),
        lambda value: None if value is None else kind.write(value),
    )


def _option(kind: type[StrEnum]) -> _Kind:
    def read(plain: object) -> StrEnum:
        if plain not in list(kind):
            raise Invalid(Problem("InvalidPrice", "", str(plain), " or ".join(kind)))
        return kind(str(plain))

    return _Kind(read, str)


def _many(kind: _Kind) -> _Kind:
    def read(plain: object) -> tuple[object, ...]:
        read_all: list[object] = []
        problems: list[Problem] = []
        for index, one in enumerate(_list(plain)):
            try:
                read_all.append(_under(f"[{index}]", kind.read, one))
            except Invalid as refused:
                problems += refused.problems
        refuse_if(problems)
        return tuple(read_all)

    return _Kind(read, lambda values: [kind.write(value) for value in values])


def _nested(kind: type[Any]) -> _Kind:
    return _Kind(lambda plain: _read(kind, plain), _write)


_DECIMAL = _Kind(exact_decimal, _text)
_KINDS: dict[str, _Kind] = {
    "Decimal": _DECIMAL,
    "Decimal | None": _optional(_DECIMAL),
    "int | None": _optional(_Kind(_whole, _same)),
    "bool": _Kind(_truth, _same),
    "str": _Kind(_word, _same),
    "PackageRounding": _option(PackageRounding),
    "TierBound": _option(TierBound),
    "tuple[Tier, ...]": _many(_nested(Tier)),
    "tuple[RateTier, ...]": _many(_nested(RateTier)),
    "tuple[PackageTier, ...]": _many(_nested(PackageTier)),
    "tuple[Cell, ...]": _many(_nested(Cell)),
    "tuple[Discount, ...]": _many(_nested(Discount)),
    "tuple[str, ...]": _many(_Kind(_word, _same)),
    "tuple[str | None, ...]": _many(_optional(_Kind(_word, _same))),
    "Price": _Kind(_same, _same),
}
