"""Importing a price index: each month once, restatements said, nothing forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from psycopg import errors

from usance.domain.errors import Invalid
from usance.flows.import_index import import_index
from usance.flows.runtime import Runtime, Scope
from usance.store import price_indices

pytestmark = pytest.mark.postgres

JANUARY, FEBRUARY = date(2025, 1, 1), date(2025, 2, 1)
FIRST = {JANUARY: Decimal("317.671"), FEBRUARY: Decimal("319.082")}


def standing(runtime: Runtime, scope: Scope, series_id: str = "CPI-U") -> dict[date, Decimal]:
    with runtime.transaction(scope) as tx:
        found = price_indices.series(tx, [series_id]).get(series_id)
    return {} if found is None else dict(found.values)


def test_figures_are_kept_and_the_same_again_adds_nothing(runtime: Runtime, scope: Scope) -> None:
    assert import_index(runtime, scope, "CPI-U", FIRST) == FIRST
    assert import_index(runtime, scope, "CPI-U", FIRST) == {}
    assert standing(runtime, scope) == FIRST


def test_a_figure_never_changes_silently(runtime: Runtime, scope: Scope) -> None:
    import_index(runtime, scope, "CPI-U", FIRST)
    other = {FEBRUARY: Decimal("319.1"), date(2025, 3, 1): Decimal(320)}
    with pytest.raises(Invalid) as refused:
        import_index(runtime, scope, "CPI-U", other)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("IndexAlreadyPublished", "2025-02")
    assert standing(runtime, scope) == FIRST


def test_a_restatement_counts_and_what_it_restates_is_kept(runtime: Runtime, scope: Scope) -> None:
    import_index(runtime, scope, "CPI-U", FIRST)
    restated = {FEBRUARY: Decimal("319.1")}
    assert import_index(runtime, scope, "CPI-U", restated, may_restate=True) == restated
    assert standing(runtime, scope) == {**FIRST, **restated}
    with runtime.transaction(scope) as tx:
        kept = [(row.month, row.value) for row in price_indices.revisions(tx, "CPI-U")]
    assert kept == [*FIRST.items(), (FEBRUARY, Decimal("319.1"))]


def test_nobody_can_change_a_figure_that_was_imported(runtime: Runtime, scope: Scope) -> None:
    import_index(runtime, scope, "CPI-U", FIRST)
    with pytest.raises(errors.RestrictViolation), runtime.transaction(scope) as tx:
        tx.run("UPDATE price_indices SET value = 1 WHERE tenant_id = %(tenant_id)s")


def test_series_and_environments_are_apart(
    runtime: Runtime, scope: Scope, other_scope: Scope
) -> None:
    import_index(runtime, scope, "CPI-U", FIRST)
    assert standing(runtime, scope, "HICP") == {}
    assert standing(runtime, other_scope) == {}


def test_two_imports_at_once_leave_each_month_once(runtime: Runtime, scope: Scope) -> None:
    start = Barrier(4)

    def once(_: int) -> int:
        start.wait()
        return len(import_index(runtime, scope, "CPI-U", FIRST))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(once, range(4))) == [0, 0, 0, 2]
    assert standing(runtime, scope) == FIRST


def test_a_series_without_a_name_is_refused(runtime: Runtime, scope: Scope) -> None:
    with pytest.raises(Invalid) as refused:
        import_index(runtime, scope, "two words", FIRST)
    assert refused.value.problems[0].path == "series"
