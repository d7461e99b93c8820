"""Scopes: what a key may do, and what it may hand on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.api_keys.scopes import (
    FULL,
    OF_ALL,
    Access,
    Area,
    ForbiddenScope,
    KeyScope,
    allows,
    needed_for,
    refuse_beyond,
)

held_scopes = st.frozensets(st.sampled_from(KeyScope), max_size=5)
areas = st.sampled_from(Area)
accesses = st.sampled_from(Access)


@given(held_scopes, areas)
def test_whoever_may_write_an_area_may_read_it(held: frozenset[KeyScope], area: Area) -> None:
    assert allows(held, area, Access.READ) or not allows(held, area, Access.WRITE)


@given(held_scopes, st.sampled_from(KeyScope), areas, accesses)
def test_another_scope_never_takes_anything_away(
    held: frozenset[KeyScope], more: KeyScope, area: Area, access: Access
) -> None:
    assert allows(held | {more}, area, access) or not allows(held, area, access)


@given(held_scopes, held_scopes, areas, accesses)
def test_a_key_hands_on_no_more_than_it_has(
    held: frozenset[KeyScope], wanted: frozenset[KeyScope], area: Area, access: Access
) -> None:
    try:
        refuse_beyond(held, wanted)
    except ForbiddenScope:
        return
    assert allows(held, area, access) or not allows(wanted, area, access)


@given(held_scopes)
def test_a_key_hands_on_what_it_has(held: frozenset[KeyScope]) -> None:
    refuse_beyond(held, held)


@given(st.sampled_from(KeyScope), areas, accesses)
def test_a_scope_of_an_area_opens_that_area_alone(
    scope: KeyScope, area: Area, access: Access
) -> None:
    if scope not in OF_ALL and not scope.startswith(f"{area}_"):
        assert not allows({scope}, area, access)


def test_every_area_has_its_two_scopes() -> None:
    of_areas = {needed_for(area, access) for area in Area for access in Access}
    assert of_areas == set(KeyScope) - set(OF_ALL)


def test_full_access_is_handed_on_by_full_access_alone() -> None:
    refuse_beyond(FULL, KeyScope)
    for scope in KeyScope:
        if scope is not KeyScope.FULL_ACCESS:
            with pytest.raises(ForbiddenScope, match="FULL_ACCESS"):
                refuse_beyond({scope}, FULL)


def test_read_only_reads_all_and_writes_nothing() -> None:
    for area in Area:
        assert allows({KeyScope.READ_ONLY}, area, Access.READ)
        assert not allows({KeyScope.READ_ONLY}, area, Access.WRITE)


def test_no_scope_is_no_access() -> None:
    assert not any(allows((), area, access) for area in Area for access in Access)
