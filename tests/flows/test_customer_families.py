"""Giving customers parents: kept, changed, never a circle, however many try at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.domain.test_customer_families import account
from usance.domain.customer import BillTo, payer_of
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer
from usance.flows.update_customer import update_customer
from usance.store import parties

pytestmark = pytest.mark.postgres

SHOP, HOLDING, GROUP = (CustomerId(each) for each in ("shop", "holding", "group"))


@pytest.fixture
def family(runtime: Runtime, scope: Scope) -> None:
    """A group, its holding, and the shop of that, which the holding pays for."""
    save_customer(runtime, scope, account("group"))
    save_customer(runtime, scope, account("holding", "group"))
    save_customer(runtime, scope, account("shop", "holding", BillTo.PARENT))


def test_a_family_comes_back_with_who_pays(family: None, runtime: Runtime, scope: Scope) -> None:
    with runtime.transaction(scope) as tx:
        known = parties.families(tx, [SHOP])
    assert set(known) == {SHOP, HOLDING, GROUP}
    assert payer_of(SHOP, known).id == HOLDING


def test_a_parent_may_change_or_go(family: None, runtime: Runtime, scope: Scope) -> None:
    changed = update_customer(runtime, scope, SHOP, {"parentId": "group"})
    assert (changed.parent_id, changed.bill_to) == (GROUP, BillTo.PARENT)
    alone = update_customer(runtime, scope, SHOP, {"parentId": None, "billTo": None})
    assert (alone.parent_id, alone.bill_to) == (None, BillTo.SELF)
    with pytest.raises(Invalid, match="parentId beside it"):
        update_customer(runtime, scope, GROUP, {"billTo": "PARENT"})


def test_no_account_belongs_to_itself(family: None, runtime: Runtime, scope: Scope) -> None:
    for parent in ("group", "holding", "shop"):
        with pytest.raises(Invalid) as refused:
            update_customer(runtime, scope, GROUP, {"parentId": parent})
        assert refused.value.problems[0].code == "ParentCycle"


def test_a_parent_of_another_environment_is_none(
    family: None, runtime: Runtime, other_scope: Scope
) -> None:
    with pytest.raises(Invalid) as refused:
        save_customer(runtime, other_scope, account("shop", "holding"))
    assert refused.value.problems[0].code == "UnknownParent"


def test_two_that_want_each_other_as_parent_make_no_circle(runtime: Runtime, scope: Scope) -> None:
    save_customer(runtime, scope, account("one"))
    save_customer(runtime, scope, account("other"))
    start = Barrier(2)

    def claim(child: str, parent: str) -> str:
        start.wait()
        try:
            update_customer(runtime, scope, CustomerId(child), {"parentId": parent})
        except Invalid as refused:
            return refused.problems[0].code
        return "kept"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(claim, "one", "other")
        second = pool.submit(claim, "other", "one")
        assert sorted([first.result(), second.result()]) == ["ParentCycle", "kept"]
