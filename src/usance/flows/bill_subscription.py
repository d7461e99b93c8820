"""Bill a subscription: bring the contract of its own to what its versions say should be billed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import msgspec

from usance.documents.order_form import order_from, plain_order, read_order
from usance.documents.order_kinds import Standing
from usance.documents.renewal_form import renewal_form
from usance.documents.subscription_billing import Frame, wanted_lines
from usance.documents.subscription_orders import (
    Change,
    Opening,
    bounding_form,
    changing_form,
    ending_form,
    is_due_once,
    less_once,
    opening_form,
    split_form,
)
from usance.domain.calendar import Period, day_of, start_of_day
from usance.domain.contracts.contract import Contract, ContractStatus
from usance.domain.contracts.order import OrderKind
from usance.domain.contracts.terms import Corrections
from usance.domain.due_items import UsedBy
from usance.domain.facts import ContractAmended, ContractPublished, OrderFulfilled, OrderReceived
from usance.domain.ids import ContractId, OrderId
from usance.domain.legal_entity import LegalEntity
from usance.domain.subscriptions.billing import (
    Ending,
    Neighbours,
    Step,
    anchor_day,
    begins_at,
    ending,
    is_billed,
    next_look,
    steps,
    year_end,
)
from usance.domain.subscriptions.subscription import ProrationBehavior, Subscription
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    agreements,
    contracts,
    desk,
    orders,
    payers,
    subscription_billing,
    subscriptions,
    timelines,
)
from usance.store.database import Tx
from usance.store.subscription_billing import Progress

INSTANT = timedelta(microseconds=1)


def bill_subscription(
    runtime: Runtime,
    scope: Scope,
    subscription_id: str,
    *,
    through: date | None = None,
    cut_usage_on: date | None = None,
) -> list[OrderId]:
    """Sign and fulfil the orders that are missing from a paid subscription's agreement by now, or
    by the end of `through`, a day of the entity that bills. Their ids; none when none is missing.

    With `cut_usage_on` what was used before that day is due on it, whenever its period ends.
    May be run twice, by many at once, or years late. While there is no legal entity, billing waits.
    Raises NotFound; Invalid when usage was cut, or changed, after `cut_usage_on`.
    """
    with runtime.transaction(scope) as tx:
        subscription, done = _held(tx, subscription_id)  # read
        seller = agreements.seller(tx, subscription)
        if seller is None:
            return []
        at = runtime.now(tx, subscription.payer_id)
        if through is not None:
            over = start_of_day(through + timedelta(days=1), seller.zone)
            at = max(at, over - INSTANT)
        contract = None if done.agreement_id is None else contracts.one(tx, done.agreement_id)
        if not is_billed(subscription) or _is_archived(tx, done.agreement_id):
            subscription_billing.save_progress(tx, subscription_id, done._replace(look_at=None))
            return []

        beside = agreements.neighbours(tx, subscription)
        books = _Books(runtime, scope, tx, subscription, seller, at, contract)
        last = books.catch_up(done, beside)  # decide, write, announce
        books.settle(last, ending(subscription, seller.zone, beside), cut_usage_on)
        subscription_billing.save_progress(tx, subscription_id, books.progress(last, done, beside))
    return books.made


def _held(tx: Tx, subscription_id: str) -> tuple[Subscription, Progress]:
    """The subscription and how far it is billed, both held with everybody they are about."""
    subscription = subscriptions.one(tx, subscription_id).subscription
    named = {subscription.customer_id, subscription.payer_id}
    agreement_id = subscription_billing.progress(tx, subscription_id).agreement_id
    if agreement_id is not None:
        named.add(contracts.owner(tx, agreement_id))
    for customer_id in sorted(named):
        payers.lock_customer(tx, customer_id)
    held = subscriptions.lock(tx, subscription_id).subscription
    return held, subscription_billing.progress(tx, subscription_id)


def _is_archived(tx: Tx, contract_id: ContractId | None) -> bool:
    if contract_id is None:
        return False
    contracts.lock_any(tx, contract_id)
    return bool(contracts.stamps(tx, contract_id).status == ContractStatus.CANCELED)


@dataclass(slots=True)
class _Books:
    """A subscription's agreement while it is brought to what is wanted, order by order."""

    runtime: Runtime
    scope: Scope
    tx: Tx
    subscription: Subscription
    seller: LegalEntity
    at: datetime
    contract: Contract | None
    made: list[OrderId] = field(default_factory=list)

    @property
    def today(self) -> date:
        return day_of(self.at, self.seller.zone)

    def catch_up(self, done: Progress, beside: Neighbours) -> Step | None:
        """Make every step that has come and was not made; the one that holds now."""
        last = None
        for step in self._come(beside):
            before, last = last, step
            if done.billed_on is not None and (
                step.day < done.billed_on
                or (step.day, step.version.number) == (done.billed_on, done.billed_version)
            ):
                continue
            if self.contract is not None and not self._is_payable(step):
                self._sign(ending_form(self.contract, self._change(step.day), is_refunded=True))
                self._redraft()
                self.contract = None
            if self.contract is None:
                self._open(step)
            else:
                self._cover(step.day, before)
                self._adjust(step, step.day)
        return last

    def settle(self, last: Step | None, end: Ending | None, cut_usage_on: date | None) -> None:
        """Renew the agreement, bound it or end it, as the subscription goes on or not."""
        if self.contract is None:
            return
        if self.contract.terminated_on is None:
            ends_at = self.subscription.ends_at
            if end is not None and ends_at is not None and ends_at <= self.at:
                self._end(last, end)
            else:
                self._go_on(last, end)
                self._cut_usage(cut_usage_on)
        self._redraft()

    def progress(self, last: Step | None, done: Progress, beside: Neighbours) -> Progress:
        """How far it is billed by now."""
        looks = [next_look(self.subscription, self.seller.zone, beside, self.at)]
        is_open = self.contract is not None and self.contract.terminated_on is None
        if self.contract is not None and is_open:
            looks.append(start_of_day(self.contract.term.end, self.seller.zone))
        return Progress(
            done.agreement_id if self.contract is None else self.contract.id,
            done.billed_version if last is None else last.version.number,
            done.billed_on if last is None else last.day,
            min((each for each in looks if each is not None and each > self.at), default=None),
        )

    def _come(self, beside: Neighbours) -> list[Step]:
        """The steps whose time has come."""
        if begins_at(self.subscription) > self.at:
            return []
        return [
            step
            for step in steps(self.subscription, self.seller.zone, beside)
            if step.day <= self.today and step.version.effective_at <= self.at
        ]

    def _is_payable(self, step: Step) -> bool:
        """False when it is to be paid in another currency than so far."""
        assert self.contract is not None, "there is one"
        wanted = step.version.terms.currency
        return wanted is None or wanted == self.contract.currency.code

    def _lines(self, step: Step, day: date, end: date) -> list[dict[str, object]]:
        terms = step.version.terms
        sold = agreements.sold_of(self.tx, self.subscription, terms)
        if sold is None:
            return []
        zone, coupon = self.seller.zone, terms.coupon
        coupon_on = None if coupon is None else day_of(coupon.applied_at, zone)
        anchor = anchor_day(self.subscription, zone)
        user = UsedBy(self.subscription.customer_id, self.subscription.resource_id)
        lines = wanted_lines(sold, terms, Frame(day, anchor, end, coupon_on, user))
        if not any(map(is_due_once, lines)):
            return lines
        current = None if self.contract is None else self.contract.id
        ids = subscription_billing.agreements_of(self.tx, self.subscription.id)
        earlier = [each for each in ids if each != current]
        return less_once(lines, contracts.many(self.tx, earlier) if earlier else [])

    def _open(self, step: Step) -> None:
        terms = step.version.terms
        end = year_end(self.subscription, self.seller.zone, step.day)
        lines = self._lines(step, step.day, end)
        if not lines or terms.currency is None:
            return
        sold = agreements.sold_of(self.tx, self.subscription, terms)
        assert sold is not None, "it has lines"
        opening = Opening(
            id=ContractId(self.runtime.new_id("agr")),
            name=sold.plan.display_name,
            customer_id=self.subscription.payer_id,
            legal_entity_id=self.seller.id,
            currency=terms.currency,
            days=Period(step.day, end),
            days_until_due=self.subscription.days_until_due,
        )
        self._sign(opening_form(opening, lines))
        contracts_of = subscription_billing.save_agreement_of
        contracts_of(self.tx, opening.id, self.subscription.id)

    def _cover(self, day: date, step: Step | None, *, is_end: bool = False) -> None:
        """Renew until the day is of a term; each new term as the step before says."""
        assert self.contract is not None, "there is one"
        while self.contract.term.end < day or (self.contract.term.end == day and not is_end):
            start = self.contract.term.end
            self._sign(renewal_form(self.contract))
            if step is not None:
                self._adjust(step, start)

    def _adjust(self, step: Step, day: date) -> None:
        assert self.contract is not None, "there is one"
        form = changing_form(
            self.contract,
            self._lines(step, day, self.contract.term.end),
            self._change(day),
            payer_id=self.subscription.payer_id,
            days_until_due=self.subscription.days_until_due,
            corrections=Corrections.NEXT_PERIOD
            if step.version.proration is ProrationBehavior.CREATE_PRORATIONS
            else Corrections.NEXT_INVOICE,
        )
        if form is not None:
            self._sign(form)

    def _go_on(self, last: Step | None, end: Ending | None) -> None:
        if end is not None and end.bound <= self.today:
            return  # it ends later today
        self._cover(self.today, last)
        assert self.contract is not None, "there is one"
        if last is not None:  # somebody else may pay, or use it, by now
            self._adjust(last, self.today)
        year = year_end(self.subscription, self.seller.zone, self.today)
        is_last = end is not None and end.bound <= year
        bound = end.bound if end is not None and is_last else year
        if bound > self.today:
            change = self._change(self.today)
            form = bounding_form(self.contract, change, end=bound, is_last=is_last)
            if form is not None:
                self._sign(form)

    def _cut_usage(self, day: date | None) -> None:
        if day is None:
            return
        assert self.contract is not None, "there is one"
        form = split_form(self.contract, self._change(day))
        if form is not None:
            self._sign(form)

    def _end(self, last: Step | None, end: Ending) -> None:
        self._cover(end.day, last, is_end=True)
        assert self.contract is not None, "there is one"
        day = max(end.day, self.contract.term.start)
        self._sign(ending_form(self.contract, self._change(day), is_refunded=end.is_refunded))

    def _change(self, day: date) -> Change:
        assert self.contract is not None, "there is one"
        return Change(len(orders.of_contract(self.tx, self.contract.id)) + 1, day)

    def _sign(self, form: Mapping[str, object]) -> None:
        """The order of that form, signed and fulfilled."""
        tx, at = self.tx, self.runtime.now(self.tx, self.subscription.payer_id)
        standing = None if self.contract is None else Standing.of(self.contract)
        order = order_from(
            form,
            order_id=OrderId(str(form["orderId"])),
            default_terms=self.seller.payment_terms,
            standing=standing,
        )
        added = orders.append(
            tx,
            order.id,
            form=plain_order(order),
            document=msgspec.json.encode(form),
            effective_on=order.effective_on,
            at=at,
        )
        assert added, "nobody else signs while the customer is held"
        self.contract = timelines.told(
            tx, order.contract_id, read=read_order, with_order=order, new_id=self.runtime.line_id
        ).contract
        is_first = order.kind is OrderKind.INITIAL
        timelines.keep(tx, self.contract, at=at, is_amended=not is_first)
        orders.save_fulfilled(tx, order.id, order.contract_id, at=at)
        self.made.append(order.id)
        self.runtime.note(
            tx,
            self.scope,
            "subscription.billed",
            self.subscription.id,
            OrderReceived(order.id),
            ContractPublished(order.contract_id)
            if is_first
            else ContractAmended(order.contract_id),
            OrderFulfilled(order.id),
            after={"order": order.id, "kind": order.kind},
        )

    def _redraft(self) -> None:
        if self.contract is not None and self.made:
            desk.redraft_contract(
                self.tx,
                self.contract.id,
                self.runtime.invoice_id,
                at=self.at,
                actor=self.scope.actor,
            )
