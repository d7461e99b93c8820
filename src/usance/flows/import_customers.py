"""Import customers in bulk: new ones are created, those that are known take what the row says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from usance.documents.particulars import customer_from, plain_customer
from usance.domain.customer import Customer
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.facts import CustomerCreated, CustomerUpdated
from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime, Scope
from usance.store import parties


def import_customers(
    runtime: Runtime, scope: Scope, rows: Sequence[Mapping[str, object]]
) -> list[CustomerId]:
    """The ids of the new ones. Each row in the notation of the company file, with `customerId`;
    what it does not name stays as it was. An id that comes twice counts as it comes last.

    All rows or none: raises Invalid with every problem, `customers[2].email` and so on.
    """
    with runtime.transaction(scope) as tx:
        named = [CustomerId(str(row["customerId"])) for row in rows]
        known = parties.customers(tx, named)
        new = [each for each in dict.fromkeys(named) if each not in known]

        imported = _merged(rows, known)

        at = runtime.now(tx)
        for customer in imported.values():
            parties.save_customer(tx, customer, at=at)
            is_new = customer.id not in known
            fact = CustomerCreated(customer.id) if is_new else CustomerUpdated(customer.id)
            after = {"name": customer.name}
            runtime.note(tx, scope, "customer.imported", customer.id, fact, after=after)
    return new


def _merged(
    rows: Sequence[Mapping[str, object]], known: Mapping[CustomerId, Customer]
) -> dict[CustomerId, Customer]:
    merged: dict[CustomerId, Customer] = {}
    problems: list[Problem] = []
    for index, row in enumerate(rows):
        customer_id = CustomerId(str(row["customerId"]))
        before = merged.get(customer_id, known.get(customer_id))
        base = {"name": customer_id} if before is None else plain_customer(before)
        try:
            merged[customer_id] = customer_from({**base, **row})
        except Invalid as refused:
            problems += [each.under(f"customers[{index}]") for each in refused.problems]
    refuse_if(problems)
    return merged
