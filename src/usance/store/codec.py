"""How domain values sit in jsonb columns, and come back through their own constructors.

Dataclasses become objects with the field's own names; decimals and days are text. What msgspec
does not know by itself (time zones) is named here once.
"""

from __future__ import annotations

from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from psycopg.types.json import Jsonb

from usance.domain.calendar import zone
from usance.domain.rating.working import Working

T = TypeVar("T")


def jsonb(value: object) -> Jsonb:
    """A domain value, ready for a jsonb column."""
    return Jsonb(plain_value(value))


def plain_value(value: object) -> object:
    """A domain value as plain ones, to stand within others in a jsonb column."""
    plain: object = msgspec.to_builtins(value, enc_hook=_to_plain)
    return plain


def raw_json(value: object) -> msgspec.Raw:
    """A domain value as JSON, for a jsonb column of `Tx.append_rows`."""
    return msgspec.Raw(msgspec.json.encode(value, enc_hook=_to_plain))


def value_from(plain: object, kind: type[T]) -> T:
    """The domain value of that type; its constructor checks it again."""
    return msgspec.convert(plain, type=kind, strict=False, dec_hook=_from_plain)


def working_from(plain: Any) -> Working:
    """A stored working, its figures as the text they were stored as."""
    return Working(plain["rule"], plain["facts"], tuple(map(working_from, plain["parts"])))


def _to_plain(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value.key
    raise NotImplementedError(f"no plain form for {type(value).__name__}")


def _from_plain(kind: type[Any], plain: Any) -> Any:
    if kind is ZoneInfo:
        return zone(plain)
    raise NotImplementedError(f"no {kind.__name__} from plain values")
