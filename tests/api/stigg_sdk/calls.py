"""Calls of Stigg's SDK as values: a story told once, and lived by both of its clients."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

import httpx
import pytest
from stigg import APIStatusError, AsyncStigg, Stigg
from stigg._models import BaseModel

from tests.api.conftest import Desk

OF_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Call:
    """A method of the SDK by its path, what it is given, and what is to come back.

    `told`: values in the answer, by their paths. `refused`: the SDK's exception, if one is due,
    and `code` what the refusal's body calls it.
    """

    method: str
    args: tuple[Any, ...] = ()
    sent: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, object] = field(default_factory=dict)
    refused: type[APIStatusError] | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What happens between calls, outside the SDK."""

    happens: Callable[[Desk], object]


Step = Call | Meanwhile


def call(method: str, *args: Any, **sent: Any) -> Call:
    """A call whose answer is only to be valid."""
    return Call(method, args, sent)


def tells(step: Call, **told: object) -> Call:
    """The same, whose answer says so; `__` stands for a point in a path."""
    named = {path.replace("__", "."): value for path, value in told.items()}
    return Call(step.method, step.args, step.sent, told=named)


def refuses(step: Call, refused: type[APIStatusError], code: str | None = None) -> Call:
    """The same, which is refused like that."""
    return Call(step.method, step.args, step.sent, refused=refused, code=code)


def live(stigg: Stigg, desk: Desk, story: list[Step], heard: list[httpx.Response]) -> None:
    """Each step, one after the other. `heard` takes in the answers as they came."""
    for step in story:
        if isinstance(step, Meanwhile):
            step.happens(desk)
        elif step.refused is not None:
            with pytest.raises(step.refused) as refused:
                _called(stigg, step)
            judge_refusal(step, refused.value)
        else:
            judge(step, _called(stigg, step), heard[-1])


async def live_asynchronously(
    stigg: AsyncStigg, desk: Desk, story: list[Step], heard: list[httpx.Response]
) -> None:
    """The same by the client that waits for nothing."""
    for step in story:
        if isinstance(step, Meanwhile):
            step.happens(desk)
        elif step.refused is not None:
            with pytest.raises(step.refused) as refused:
                await _called(stigg, step)
            judge_refusal(step, refused.value)
        else:
            judge(step, await _called(stigg, step), heard[-1])


def _called(stigg: Stigg | AsyncStigg, step: Call) -> Any:
    return attrgetter(step.method)(stigg)(*step.args, **step.sent)


def judge(step: Call, answer: object, came: httpx.Response) -> None:
    """Hold an answer, which the SDK found valid, to what it was to tell and to JSON's kinds."""
    assert isinstance(answer, BaseModel), step
    for path, value in step.told.items():
        found = value_at(answer, path)
        assert found == value, f"{step.method}{step.args}: {path} is {found!r}, not {value!r}"
    for path, complaint in oddities(answer.model_dump(by_alias=True), came.json()):
        raise AssertionError(f"{step.method}{step.args}: {path} {complaint}")


def value_at(answer: Any, path: str) -> Any:
    """What stands there: names lead to attributes, numbers to places in a list."""
    for name in path.split("."):
        answer = answer[int(name)] if name.isdecimal() else getattr(answer, name)
    return answer


def judge_refusal(step: Call, refusal: APIStatusError) -> None:
    """Hold a refusal to its code and to the one form that refusals have."""
    body: Any = refusal.body
    assert set(body) == {"error"}, body
    assert {"code", "message"} <= body["error"].keys()
    assert step.code in (None, body["error"]["code"]), f"{step.method}{step.args}: {body}"


def oddities(read: Any, sent: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Where the SDK was lenient: numbers as text, switches as numbers, times not of UTC."""
    match read:
        case dict():
            for name, value in read.items():
                if isinstance(sent, dict) and name in sent:
                    yield from oddities(value, sent[name], f"{path}.{name}")
        case list():
            for index, (one, other) in enumerate(zip(read, sent, strict=True)):
                yield from oddities(one, other, f"{path}[{index}]")
        case bool():
            if not isinstance(sent, bool):
                yield path, f"is {sent!r}, no JSON boolean"
        case int():
            if type(sent) is not int:
                yield path, f"is {sent!r}, no JSON number without a point"
        case float():
            if type(sent) not in (int, float):
                yield path, f"is {sent!r}, no JSON number"
        case datetime():
            if not isinstance(sent, str) or not OF_UTC.fullmatch(sent):
                yield path, f"is {sent!r}, no instant of UTC"


def methods(client: Stigg | AsyncStigg) -> set[str]:
    """The paths of all methods that a client has, found in its resources."""
    return {path for version in ("v1", "v1_beta", "v2") for path in _below(client, version)}


def _below(owner: object, name: str) -> Iterator[str]:
    resource = getattr(owner, name)
    for each in dir(type(resource)):
        if each.startswith(("_", "with_")):
            continue
        static = inspect.getattr_static(type(resource), each)
        if isinstance(static, cached_property):
            yield from (f"{name}.{path}" for path in _below(resource, each))
        elif inspect.isfunction(static):
            yield f"{name}.{each}"
