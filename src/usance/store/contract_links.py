"""Which subscriptions stand on a contract: put on it, taken off it, replaced as a set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.facts import Fact, SubscriptionUpdated
from usance.domain.ids import ContractId, CustomerId
from usance.domain.subscriptions.covering import (
    Covered,
    LinkRequest,
    covered_by,
    covering_problems,
    linking_problems,
)
from usance.domain.subscriptions.provisioning import SubscriptionExists, provisioned
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.domain.subscriptions.subscription import Subscription
from usance.domain.subscriptions.telling import provisioning_facts
from usance.store import provisioning, subscriptions
from usance.store.database import Tx

NAMES = """
SELECT s.id, v.terms ->> 'display_name' AS plan_name,
       p.particulars ->> 'display_name' AS product_name
  FROM subscriptions s
  LEFT JOIN LATERAL (
        SELECT terms
          FROM package_versions
         WHERE tenant_id = %(tenant_id)s
           AND kind = 'PLAN'
           AND package_id = s.plan_id
           AND published_at IS NOT NULL
         ORDER BY version DESC
         LIMIT 1) AS v ON true
  LEFT JOIN products p
    ON p.tenant_id = %(tenant_id)s
   AND p.id = s.product_id
 WHERE s.tenant_id = %(tenant_id)s
   AND s.id = ANY (%(ids)s)
"""


class Names(NamedTuple):
    """What the plan and the product of a subscription are called; None: in no catalogue."""

    plan: str | None
    product: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contract that is held, whose it is, and what time it is there."""

    contract_id: ContractId
    owner: CustomerId
    at: datetime
    new_id: Callable[[str], str]


def names(tx: Tx, subscription_ids: Sequence[str]) -> dict[str, Names]:
    """What the plans and products of those subscriptions are called now."""
    rows = tx.all(NAMES, ids=list(subscription_ids))
    return {row.id: Names(row.plan_name, row.product_name) for row in rows}


def link(tx: Tx, to: Standing, links: Sequence[LinkRequest]) -> list[Fact]:
    """Put those on the contract; hold its customer and the contract before. What is on it already
    stays. Raises Invalid with the problems of each, by the path it was named at.
    """
    facts: list[Fact] = []
    problems: list[Problem] = []
    for each in links:
        on_it = [kept.subscription for kept in subscriptions.of_contract(tx, to.contract_id)]
        covered = covered_by(on_it, to.at)
        try:
            if each.new is not None:
                facts += _provision(tx, to, each.new, covered)
            else:
                facts += _attach(tx, to, each.existing_id or "", covered)
        except Invalid as refused:
            problems += [problem.under(each.path) for problem in refused.problems]
        except SubscriptionExists as taken:
            problems.append(Problem(taken.code, f"{each.path}.id", "", str(taken)))
    refuse_if(problems)
    return facts


def unlink(tx: Tx, contract_id: ContractId, subscription_id: str, *, at: datetime) -> list[Fact]:
    """Take it off the contract, and leave it as it is; nothing when it is not on it.

    Raises NotFound.
    """
    held = subscriptions.lock(tx, subscription_id).subscription
    if held.contract_id != contract_id:
        return []
    subscriptions.save(tx, replace(held, contract_id=None), at=at)
    return [SubscriptionUpdated(held.id)]


def replace_all(tx: Tx, to: Standing, links: Sequence[LinkRequest]) -> list[Fact]:
    """Have those on the contract and no others. Raises Invalid."""
    wanted = {each.existing_id for each in links}
    on_it = [kept.subscription.id for kept in subscriptions.of_contract(tx, to.contract_id)]
    gone = [each for each in on_it if each not in wanted]
    facts = [fact for each in gone for fact in unlink(tx, to.contract_id, each, at=to.at)]
    return [*facts, *link(tx, to, links)]


def _attach(tx: Tx, to: Standing, subscription_id: str, covered: Covered) -> list[Fact]:
    if not subscriptions.taken(tx, [subscription_id]):
        expected = "the id of a subscription"
        raise Invalid(Problem("SubscriptionNotFound", "", subscription_id, expected))
    held = subscriptions.lock(tx, subscription_id).subscription
    if held.contract_id == to.contract_id:
        return []
    refuse_if(list(linking_problems(held, to.contract_id, to.owner, covered, at=to.at)))
    subscriptions.save(tx, replace(held, contract_id=to.contract_id), at=to.at)
    return [SubscriptionUpdated(held.id)]


def _provision(tx: Tx, to: Standing, asked: ProvisionRequest, covered: Covered) -> list[Fact]:
    if asked.customer_id != to.owner:
        expected = f"the contract's customer, {to.owner}"
        problem = Problem(
            "SubscriptionOfAnotherCustomer", "customerId", asked.customer_id, expected
        )
        raise Invalid(problem)
    request = replace(asked, contract_id=to.contract_id)
    if provisioning.is_there(tx, request):
        return _attach(tx, to, request.id or "", covered)
    there = provisioning.circumstances(tx, request, at=to.at)
    made = provisioned(request, there, ids=(to.new_id("sub"), to.new_id("sub")), at=to.at)
    refuse_if([each.under("planId") for each in covering_problems(made.new, covered)])
    words = provisioning.words_of(request)
    ended: list[Subscription] = provisioning.keep(tx, made, at=to.at, words=words)
    return provisioning_facts(made, ended)
