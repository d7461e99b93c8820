"""Take in a signed order: read it, check it against what exists, keep it as NEW."""

from __future__ import annotations

from collections.abc import Mapping

from usance.documents.order_form import customer_in, order_from, plain_order, read_order
from usance.documents.order_kinds import Standing
from usance.documents.rate_card_notation import Resolved, cards_named, place_in, resolved
from usance.domain.catalog import is_storable
from usance.domain.contracts.order import Order, OrderKind
from usance.domain.contracts.order_problems import catalogue_problems
from usance.domain.contracts.value import amended_total_problems
from usance.domain.customer import parent_problems
from usance.domain.errors import Conflict, Invalid, Problem, refuse_if
from usance.domain.facts import OrderReceived
from usance.domain.ids import ContractId, CustomerId, LegalEntityId, LineId, OrderId
from usance.domain.payment_terms import PaymentTerms
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contract_drafts,
    contracts,
    features,
    orders,
    parties,
    rate_cards,
    timelines,
)
from usance.store.database import Row, Tx


class OrderExists(Conflict):
    """An order of that id was signed already, and says something else."""

    code = "OrderExists"


def sign_order(
    runtime: Runtime, scope: Scope, form: Mapping[str, object], *, document: bytes
) -> Order:
    """Keep the order of a form; `document` is what was signed, kept byte for byte.

    The same document again gives the order that is there. A customer whose particulars the form
    carries is kept too. Raises Invalid with every problem, by its path in the form; OrderExists.
    """
    with runtime.transaction(scope) as tx:
        named = _text(form, "orderId")
        earlier = None if named is None else orders.maybe(tx, OrderId(named))
        if earlier is not None:
            return _signed_before(earlier, document)
        standing = _standing(tx, _text(form, "contractId"))
        if standing is None:
            _refuse_without_contract(tx, form)
        priced = _from_rate_cards(tx, form, standing)
        order = order_from(
            priced.form,
            order_id=OrderId(runtime.new_id("ord")),
            default_terms=_default_terms(tx, _text(form, "legalEntityId")),
            standing=standing,
        )
        buyer = customer_in(form)
        found = features.some(tx, _features_named(order))

        metered = {each.id for each in found.values() if each.counted_by is not None}
        has_customer = buyer is not None or parties.has_customer(tx, order.customer_id)
        refuse_if(
            [
                *_party_problems(tx, order, has_customer=has_customer),
                *catalogue_problems(order, known=set(found), metered=metered),
                *_contract_problems(tx, order),
            ]
        )
        if order.kind is not OrderKind.INITIAL:
            _refuse_without_effect(tx, order, is_named="orderId" in form)

        at = runtime.now(tx)
        if buyer is not None:
            above = parties.lock_above(tx, buyer)
            refuse_if([each.under("customer") for each in parent_problems(buyer, above)])
            parties.save_customer(tx, buyer, at=at)
        added = orders.append(
            tx,
            order.id,
            form=plain_order(order) | priced.kept(),
            document=document,
            effective_on=order.effective_on,
            at=at,
        )
        if not added:  # somebody else is signing it at this moment, and was first
            return _signed_before(orders.one(tx, order.id), document)
        if order.kind is not OrderKind.INITIAL:
            orders.save_contract(tx, order.id, order.contract_id)
        runtime.note(tx, scope, "order.received", order.id, OrderReceived(order.id))
    return order


def _signed_before(earlier: Row, document: bytes) -> Order:
    """The order that is there, as it was when signed."""
    if bytes(earlier.document) != document:
        raise OrderExists(f"There is an order {earlier.id!r} already, with another text.")
    return read_order(earlier.form, earlier.id)


def _from_rate_cards(tx: Tx, form: Mapping[str, object], standing: Standing | None) -> Resolved:
    """The form with every price that a rate card has written out. Raises Invalid."""
    named = cards_named(form)
    if not named:
        return Resolved(form, [])
    buyer = customer_in(form)
    if buyer is None:
        customer_id = form.get("customerId") or (standing and standing.customer_id)
        known = CustomerId(str(customer_id))
        buyer = parties.customers(tx, [known]).get(known)
    country = None if buyer is None or buyer.address is None else buyer.address.country
    place = place_in(form, standing=standing and standing.currency, country=country)
    return resolved(form, rate_cards.some(tx, named).values(), place)


def _text(form: Mapping[str, object], key: str) -> str | None:
    """What a form says under a key, where that is text the database can look for."""
    value = form.get(key)
    return value if isinstance(value, str) and is_storable(value) else None


def _default_terms(tx: Tx, entity_id: str | None) -> PaymentTerms:
    """The entity's own terms; any, when there is no such entity: the order is refused anyway."""
    known = {} if entity_id is None else parties.entities(tx, [entity_id])
    entity = known.get(LegalEntityId(entity_id or ""))
    return PaymentTerms(30) if entity is None else entity.payment_terms


def _features_named(order: Order) -> set[str]:
    granted = {grant.feature_id for each in order.subscriptions for grant in each.grants}
    return granted | {line.feature_id for line in order.lines if line.feature_id is not None}


def _party_problems(tx: Tx, order: Order, *, has_customer: bool) -> list[Problem]:
    problems = []
    if not has_customer:
        expected = "the id of a customer, or the customer's particulars under `customer`"
        problems.append(Problem("UnknownCustomer", "customerId", order.customer_id, expected))
    assigned_to = order.party_change.customer_id
    if assigned_to is not None and not parties.has_customer(tx, assigned_to):
        expected = "the id of a customer"
        problems.append(Problem("UnknownCustomer", "assignTo", assigned_to, expected))
    asked = {
        "legalEntityId": order.legal_entity_id,
        "newLegalEntityId": order.party_change.legal_entity_id,
    }
    known = parties.entities(tx, [each for each in asked.values() if each is not None])
    for path, entity_id in asked.items():
        if entity_id is not None and entity_id not in known:
            expected = "the id of a legal entity of this environment"
            problems.append(Problem("UnknownLegalEntity", path, entity_id, expected))
    return problems


def _standing(tx: Tx, contract_id: str | None) -> Standing | None:
    """What an order after the first finds; None where no contract of that id runs."""
    found = [] if contract_id is None else contracts.many(tx, [ContractId(contract_id)])
    return Standing.of(found[0]) if found else None


def _refuse_without_contract(tx: Tx, form: Mapping[str, object]) -> None:
    """What changes a contract takes its parties and currency from it: that is said first."""
    kind, contract_id = _text(form, "kind"), _text(form, "contractId")
    if kind not in list(OrderKind) or kind == OrderKind.INITIAL or contract_id is None:
        return
    if not contracts.exists(tx, ContractId(contract_id)):
        expected = "the id of the contract it changes"
        raise Invalid(Problem("UnknownContract", "contractId", contract_id[:80], expected))
    timelines.refuse_inactive(tx, ContractId(contract_id))


def _refuse_without_effect(tx: Tx, order: Order, *, is_named: bool) -> None:
    """Refuse what cannot take effect on the contract as it is, before anybody approves it."""
    timelines.refuse_inactive(tx, order.contract_id)
    if not is_named and _is_ambiguous(tx, order):
        expected = "a sequence: another order changes the same on this day, and which one is last?"
        raise Invalid(Problem("AmbiguousSequence", "sequence", str(order.sequence), expected))
    nobody = LineId("")
    told = timelines.told(
        tx, order.contract_id, read=read_order, with_order=order, new_id=lambda: nobody
    )
    refuse_if(amended_total_problems(order, told.contract))


def _is_ambiguous(tx: Tx, order: Order) -> bool:
    others = timelines.orders_of(tx, order.contract_id, read_order)
    return any(_is_level(order, other) for other in others)


def _is_level(order: Order, other: Order) -> bool:
    """True when nothing that was agreed says which of two orders comes first, and it matters."""
    if order.rank[:3] != other.rank[:3]:
        return False
    return not _touched(order).isdisjoint(_touched(other))


def _touched(order: Order) -> set[str]:
    return {change.ref for change in order.changes} | {line.ref for line in order.lines}


def _contract_problems(tx: Tx, order: Order) -> list[Problem]:
    if order.kind is not OrderKind.INITIAL or not contracts.exists(tx, order.contract_id):
        return []
    draft = contract_drafts.maybe(tx, order.contract_id)
    if draft is not None and draft.customer_id == order.customer_id:
        return []
    expected = "an id that no contract has, or that of a draft contract of this customer"
    return [Problem("ContractExists", "contractId", order.contract_id, expected)]
