"""Import subscriptions in bulk: those that another system kept so far."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.subscriptions.provisioning import SubscriptionExists, provisioned
from usance.domain.subscriptions.requests import ProvisionRequest
from usance.domain.subscriptions.telling import provisioning_facts
from usance.flows.runtime import Runtime, Scope
from usance.store import parties, payers, provisioning, tasks
from usance.store.database import Tx


def import_subscriptions(
    runtime: Runtime, scope: Scope, requests: Sequence[ProvisionRequest]
) -> str:
    """The id of the task, which is done. Each request names its id.

    One of that id, customer and plan that is there stays as it is, so an import may be sent again.
    No trial begins by it, and what a customer has by then ends. All or none: raises Invalid with
    the problems of each, `subscriptions[2].planId` and so on.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_all(tx, {each.customer_id for each in requests})
        problems: list[Problem] = []
        for index, request in enumerate(requests):
            try:
                _import(runtime, scope, tx, request)
            except Invalid as refused:
                problems += [each.under(f"subscriptions[{index}]") for each in refused.problems]
            except SubscriptionExists as refused:
                path = f"subscriptions[{index}].id"
                problems.append(Problem(refused.code, path, request.id or "", "another id"))
        refuse_if(problems)

        task_id = runtime.new_id("task")
        at = runtime.now(tx)
        tasks.add_import(tx, task_id, len(requests), at=at)
        runtime.note(tx, scope, "subscriptions.imported", task_id, after={"count": len(requests)})
    return task_id


def _import(runtime: Runtime, scope: Scope, tx: Tx, request: ProvisionRequest) -> None:
    if not parties.has_customer(tx, request.customer_id):
        expected = "the id of a customer"
        raise Invalid(Problem("CustomerNotFound", "customerId", request.customer_id, expected))
    if provisioning.is_there(tx, request):
        return
    at = runtime.now(tx, request.customer_id)
    there = provisioning.circumstances(tx, request, at=at)
    ids = runtime.new_id("sub"), runtime.new_id("sub")
    made = provisioned(request, there, ids=ids, at=at)
    ended = provisioning.keep(tx, made, at=at, words=provisioning.words_of(request))
    facts = provisioning_facts(made, ended)
    runtime.note(tx, scope, "subscription.imported", made.new.id, *facts, after=made.new)
