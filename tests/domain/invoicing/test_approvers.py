"""Approvers: the person a request names, and who is who."""

from __future__ import annotations

import pytest

from usance.domain.errors import Invalid
from usance.domain.invoicing.approvers import is_person, named, person_of


@pytest.mark.parametrize(
    "person", ["Ada Quill", "ada@halden.example", "Jörg Müller-Æby", "王小明", "Siobhán O'Neil"]
)
def test_a_person_is_named_through_what_they_used(person: str) -> None:
    actor = named(person, through="key:key_1")
    assert actor == f"{person} via key:key_1"
    assert is_person(actor)


@pytest.mark.parametrize(
    "person",
    [
        *("", " ", "key:key_1", "rule: at most 5", "a\x00b", "a\nb", "Ada via Ben", "via", "<Ada>"),
        *("x" * 121, "\ud800", "-", "Ada, Ben"),
    ],
)
def test_what_is_no_name_is_refused(person: str) -> None:
    with pytest.raises(Invalid) as refused:
        named(person, through="key:key_1")
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("InvalidActor", "X-Usance-Actor")


def test_one_person_is_one_person_through_whatever_key_and_however_written() -> None:
    through_one = named("Ada@Halden.example", through="key:key_1")
    through_two = named("  ada@halden.example ", through="key:key_2")
    assert person_of(through_one) == person_of(through_two)
    assert person_of(through_one) != person_of(named("Ben", through="key:key_1"))


def test_a_key_that_names_nobody_and_a_rule_are_no_person() -> None:
    assert not is_person("key:key_1")
    assert not is_person("rule: at most 50.00 USD")
    assert is_person("cli:ada")
