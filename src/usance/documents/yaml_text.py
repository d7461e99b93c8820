"""YAML and JSON text to plain values, exactly: no floats, no tags, no aliases, no surprises.

Only the plain values of JSON come out: text, whole numbers, true, false, null, lists, mappings with
text keys. A number with a point or an exponent stays the text it was, so no digit is lost; days
stay text; `on`, `yes` and `no` are words, not truth values, and `01067` is a postal code.

Values are made from the parser's events, one by one and without recursion, so nothing a document
says can name a class, repeat itself a billion times or nest deeper than the limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml

from usance.domain.errors import Invalid, Problem

LARGEST = 1 << 20  # characters; an order form of 500 lines is a tenth of it
DEEPEST = 24  # of lists and mappings in each other
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where the wheel has it


def read_plain(text: str, *, code: str) -> dict[str, object]:
    """The mapping written in `text`, as YAML or as JSON.

    Raises Invalid(code): its path is the line, as `line 7`.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > LARGEST:
        found = f"{len(text)} characters"
        raise _unreadable(code, 1, found, f"a document of at most {LARGEST} characters")
    odd = CONTROL.search(text)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        raise _unreadable(code, line, ascii(odd.group()), "text without control characters")
    plain = _from_json(text, code) if text.lstrip().startswith("{") else None
    if plain is None:
        plain = _from_yaml(text, code)
    if not isinstance(plain, dict):
        raise _unreadable(code, 1, text, "a mapping of field names to values")
    return plain


def _unreadable(code: str, line: int, found: str, expected: str) -> Invalid:
    return Invalid(Problem(code, f"line {line}", found.strip()[:80], expected))


def _from_json(text: str, code: str) -> object:
    """The value, or None where this is no JSON: YAML may begin with a brace too."""
    try:
        plain = json.loads(
            text,
            parse_float=str,
            parse_int=_whole,
            parse_constant=str,
            object_pairs_hook=lambda pairs: _object(pairs, code),
        )
    except (json.JSONDecodeError, RecursionError):
        return None
    _check_texts(plain, code)
    return plain


def _object(pairs: list[tuple[str, object]], code: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _unreadable(code, 1, key, "each field once")
        found[key] = value
    return found


def _check_texts(plain: object, code: str) -> None:
    """JSON may hide control characters and halves of surrogate pairs behind \\u."""
    level, depth = [plain], 0
    while level:
        if depth > DEEPEST:
            raise _too_deep(code, 1)
        below: list[object] = []
        for value in level:
            if isinstance(value, str) and CONTROL.search(value):
                raise _unreadable(code, 1, ascii(value), "text without control characters")
            if isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        level, depth = below, depth + 1


def _too_deep(code: str, line: int) -> Invalid:
    expected = f"at most {DEEPEST} levels of lists and mappings"
    return _unreadable(code, line, "deeper nesting", expected)


def _from_yaml(text: str, code: str) -> object:
    try:
        return _built(yaml.parse(text, Loader=LOADER), code)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        lines = text.splitlines()
        found = lines[line - 1] if line <= len(lines) else ""
        raise _unreadable(code, line, found, f"YAML or JSON ({error.problem})") from None
    except yaml.YAMLError:
        raise _unreadable(code, 1, text, "YAML or JSON") from None


def _built(events: Iterator[yaml.Event], code: str) -> object:
    """The one document of these events; a mapping's key waits on the stack for its value."""
    root: list[object] = []
    open_nodes: list[_Node] = [_Node(root)]
    for event in events:
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        match event:
            case yaml.AliasEvent():
                raise _unreadable(code, line, f"*{event.anchor}", "values written out, no aliases")
            case yaml.NodeEvent() if event.anchor is not None:
                raise _unreadable(code, line, f"&{event.anchor}", "values written out, no anchors")
            case yaml.ScalarEvent():
                _refuse_tag(event, line, code)
                open_nodes[-1].add(_scalar(event, line, code), line, code)
            case yaml.CollectionStartEvent():
                _refuse_tag(event, line, code)
                node = _Node({} if isinstance(event, yaml.MappingStartEvent) else [])
                open_nodes[-1].add(node.value, line, code)
                open_nodes.append(node)
                if len(open_nodes) > DEEPEST:
                    raise _too_deep(code, line)
            case yaml.CollectionEndEvent():
                open_nodes.pop()
            case yaml.DocumentStartEvent() if root:
                raise _unreadable(code, line, "---", "one document, not several")
            case _:
                pass
    return root[0] if root else None


class _Node:
    """A list or mapping that is being filled."""

    __slots__ = ("key", "value")

    def __init__(self, value: dict[str, object] | list[object]) -> None:
        self.value = value
        self.key: str | None = None

    def add(self, item: object, line: int, code: str) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is not None:
            self.value[self.key] = item
            self.key = None
        elif not isinstance(item, str):
            raise _unreadable(code, line, str(item), "a field name that is text")
        elif item in self.value:
            raise _unreadable(code, line, item, "each field once")
        else:
            self.key = item


def _refuse_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int, code: str) -> None:
    if event.tag is not None:
        raise _unreadable(code, line, str(event.tag), "plain values, no tags")


def _scalar(event: yaml.ScalarEvent, line: int, code: str) -> object:
    value: str = event.value
    if CONTROL.search(value):
        raise _unreadable(code, line, ascii(value), "text without control characters")
    is_plain = event.implicit[0]
    if not is_plain:
        return value
    if value in WORDS:
        return WORDS[value]
    return _whole(value) if INTEGER.fullmatch(value) else value


def _whole(digits: str) -> int | str:
    """A number of up to 18 digits; a longer one stays text, and no field takes it."""
    return int(digits) if INTEGER.fullmatch(digits) else digits
