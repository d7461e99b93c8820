"""Reading a body: within the limit, and exactly: no float, no field twice, no broken text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from email.message import Message
from typing import Annotated, Any, NoReturn

import msgspec
from fastapi import Depends, Request

from usance.api.errors import BodyTooLarge, UnreadableBody, UnsupportedMediaType
from usance.documents.plain_json import field_count
from usance.domain.errors import Invalid, Problem

JSON = "application/json"
DEEPEST = 32  # of lists and objects in each other
BROKEN = re.compile("[\x00\ud800-\udfff]")
TOO_DEEP = -(10**12)
ODD = object()
FURTHEST = 1000  # digits from the point; whoever writes 1e999999999 wants our memory


def _number(text: str) -> Decimal:
    """Raises ValueError for one that is longer than any that means something."""
    number = Decimal(text)
    if abs(number.adjusted()) > FURTHEST:
        raise ValueError(f"{text[:80]} is too long")
    return number


QUICK = msgspec.json.Decoder(float_hook=_number)


class ReadRequest(Request):
    """A request whose body was read and parsed already, for handlers to take either."""

    def __init__(self, request: Request, content: bytes, plain: object) -> None:
        super().__init__(request.scope, request.receive)
        self._content = content
        self._plain = plain

    async def body(self) -> bytes:
        """The bytes as sent."""
        return self._content

    async def json(self) -> Any:
        """The JSON in them, numbers with a point as Decimal."""
        return self._plain


async def content_of(request: Request) -> bytes:
    """The body as sent, for routes that keep it."""
    return await request.body()


async def plain_of(request: Request) -> Any:
    """The JSON of the body, for routes that read it by a notation's own reader."""
    return await request.json()


Content = Annotated[bytes, Depends(content_of)]
Plain = Annotated[Any, Depends(plain_of)]


async def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as it is known to be, declared or chunked."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > limit:
        raise BodyTooLarge(limit)
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        parts.append(chunk)
    return b"".join(parts)


def refuse_nul(request: Request) -> None:
    """No database takes NUL, and no id or name has it. Raises Invalid (InvalidText)."""
    for name, value in request.query_params.multi_items():
        if "\0" in name + value:
            expected = "text without NUL characters"
            raise Invalid(Problem("InvalidText", ascii(name)[1:-1], ascii(value)[1:81], expected))


def media_type_of(request: Request) -> str:
    """What the body says it is, without parameters; empty when it does not say."""
    said = Message()
    said["content-type"] = request.headers.get("content-type", "")
    return said.get_content_type() if request.headers.get("content-type") else ""


def refuse_other_media(media_type: str, accepted: tuple[str, ...]) -> None:
    """Raises UnsupportedMediaType unless it is one of `accepted`."""
    if media_type not in accepted:
        wanted = " or ".join(accepted)
        raise UnsupportedMediaType(f"Send the body as {wanted} and say so in Content-Type.")


def read_json(content: bytes) -> object:
    """The value in a JSON text, numbers with a point as Decimal. Raises UnreadableBody."""
    found = _read_quickly(content)
    return _read_carefully(content) if found is ODD else found


def _read_quickly(content: bytes) -> object:
    """The same, several times as fast, for a text with nothing odd in it; ODD for any other.

    As often as fields are written (documents/plain_json.py), its objects have to have them: then
    none was written twice.
    """
    written = field_count(content)
    if written is None:
        return ODD
    try:
        content.decode("utf-8")
        plain = QUICK.decode(content)
    except (ValueError, RecursionError):
        return ODD
    return plain if written == _field_count(plain, depth=0) else ODD


def _field_count(plain: object, *, depth: int) -> int:
    """How many fields its objects have; far less than none when some lie too deep."""
    if depth > DEEPEST:
        return TOO_DEEP
    count = 0
    inner: Iterable[object] = ()
    if type(plain) is dict:
        count, inner = len(plain), plain.values()
    elif type(plain) is list:
        inner = plain
    for value in inner:
        if type(value) is dict or type(value) is list:
            count += _field_count(value, depth=depth + 1)
    return count


def _read_carefully(content: bytes) -> object:
    try:
        plain = json.loads(
            content.decode("utf-8"),
            parse_float=_number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise UnreadableBody("The body is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UnreadableBody(f"The body is not JSON: {error.msg} at {where}.") from None
    except (ValueError, RecursionError):
        raise UnreadableBody("The body holds a number too long or lists too deep.") from None
    _check(plain, depth=0)
    return plain


def _refuse_constant(word: str) -> NoReturn:
    raise UnreadableBody(f"The body is not JSON: {word} is no number.")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableBody("The body names a field twice in one object.")
    return found


def _check(plain: object, *, depth: int) -> None:
    """JSON may hide NUL and halves of surrogate pairs behind \\u; no database takes them."""
    if depth > DEEPEST:
        raise UnreadableBody(f"The body has more than {DEEPEST} lists and objects in each other.")
    if isinstance(plain, str):
        if BROKEN.search(plain):
            raise UnreadableBody("The body holds NUL or half a character (a lone surrogate).")
    elif isinstance(plain, dict):
        for key, value in plain.items():
            _check(key, depth=depth)
            _check(value, depth=depth + 1)
    elif isinstance(plain, list):
        for value in plain:
            _check(value, depth=depth + 1)
