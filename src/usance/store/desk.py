"""The billing desk: everything that drafting what is due needs, read in sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from usance.domain.approval_rules import ApprovalRules
from usance.domain.calendar import FIRST_DAY, Period, day_edges
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import OrderLine
from usance.domain.contracts.owed import Due, due
from usance.domain.customer import Customer, payer_of
from usance.domain.due_items import DueItem, GivenBack, LineKind, Source
from usance.domain.fx import MAX_AGE_DAYS, Rates
from usance.domain.ids import ContractId, CustomerId, FeatureId, InvoiceId, LegalEntityId, LineId
from usance.domain.invoicing.drafting import drafts, has_moved
from usance.domain.invoicing.history import Account, History
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.rated_items import UsageBySlice, counted_slices
from usance.domain.invoicing.taxed_items import Parties, Sources
from usance.domain.legal_entity import LegalEntity
from usance.domain.metering.totals import WHOLE, Detail, UsageWindow
from usance.domain.tax.checks import TaxIdCheck
from usance.domain.tax.quotes import TaxQuote, is_asked, question
from usance.domain.tax.rates import TaxTable
from usance.store import (
    approvals,
    audit,
    by_hand,
    contracts,
    coverage,
    due_contracts,
    features,
    fx_rates,
    invoices,
    parties,
    price_sources,
    tax_evidence,
    usage,
)
from usance.store.database import Tx

NOBODY: Mapping[InvoiceId, CustomerId] = {}
Items = Mapping[Account, Sequence[DueItem]]
SliceKey = tuple[LineId, date]


class Metered(NamedTuple):
    """A slice whose quantity is counted: whose usage, of which feature, on which days."""

    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    feature_id: FeatureId
    service_period: Period
    detail: Detail = WHOLE
    resource_id: str | None = None  # None: of all of the customer's


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who is involved, what they used, and what they were invoiced before."""

    sellers: Mapping[LegalEntityId, LegalEntity]
    buyers: Mapping[CustomerId, Customer]
    taxes: Mapping[LegalEntityId, TaxTable]
    usage: UsageBySlice
    histories: Mapping[Account, History]
    quotes: Mapping[str, TaxQuote]
    checks: Mapping[CustomerId, tuple[TaxIdCheck, ...]]
    sources: Sources
    rates: Mapping[LegalEntityId, Rates]

    def drafts(
        self, account: Account, items: Sequence[DueItem], new_id: Callable[[], InvoiceId]
    ) -> list[Draft]:
        """The documents these items make, by the one function that bills."""
        seller = self.sellers[account.legal_entity_id]
        buyer = self.buyers[account.customer_id]
        return drafts(
            items,
            parties=Parties(
                seller=seller,
                buyer=buyer,
                taxes=self.taxes[seller.id],
                quotes=self.quotes,
                checks=self.checks.get(buyer.id, ()),
                rates=self.rates.get(seller.id),
            ),
            currency=account.currency,
            usage=self.usage,
            history=self.histories[account],
            new_id=new_id,
            sources=self.sources,
        )

    def all_drafts(self, owed: Owed, new_id: Callable[[], InvoiceId]) -> list[Draft]:
        """The documents of every account that owes something."""
        return [
            draft
            for account, items in owed.items.items()
            for draft in self.drafts(account, items, new_id)
        ]

    def rules_of(self, draft: Draft) -> dict[ContractId, ApprovalRules]:
        """What the contracts on a draft ask of its reviewers, where they ask for anything."""
        account = Account(draft.customer_id, draft.legal_entity_id, draft.currency)
        rules = self.histories[account].rules
        return {ref: rules[ref] for ref in contracts_on(draft) if ref in rules}


class Owed(NamedTuple):
    """What is due, by whose documents it goes on, and who is addressed by them."""

    items: dict[Account, list[DueItem]]
    buyers: Mapping[CustomerId, Customer]

    def parts(self, size: int) -> Iterator[Owed]:
        """The same in parts of so many accounts, in order."""
        accounts = iter(self.items.items())
        while part := dict(islice(accounts, size)):
            yield Owed(part, self.buyers)

    def gone(self) -> Iterator[GivenBack]:
        """What it gives back of pieces that stand, and whose place it takes."""
        return (gone for due in self.items.values() for item in due for gone in item.gone)


def by_account(tx: Tx, owing: Sequence[Contract], dues: Sequence[Due]) -> Owed:
    """What is due of each contract, gathered by the account of who pays for it; accounts that owe
    nothing left out.
    """
    items = [item for owed in dues for item in owed.items]
    charged = {each.piece.source.invoice_id for item in items if (each := item.gives_back)}
    addressed = invoices.addressed(tx, charged) if charged else {}
    involved = {item.customer_id for item in items} | set(addressed.values())
    return gathered(owing, dues, parties.families(tx, involved), addressed)


def gathered(
    owing: Sequence[Contract],
    dues: Sequence[Due],
    known: Mapping[CustomerId, Customer],
    addressed: Mapping[InvoiceId, CustomerId] = NOBODY,
) -> Owed:
    """The same, where who bought it and all the accounts above are known already. What an invoice
    charged is given back to who that was `addressed` to, whoever pays by now.
    """
    payer: dict[CustomerId, Customer] = {}
    payers: dict[CustomerId, Customer] = {}
    found: dict[Account, list[DueItem]] = {}
    for contract, owed in zip(owing, dues, strict=True):
        for item in owed.items:
            buyer = item.customer_id
            pays = payer.get(buyer) or payer.setdefault(buyer, payer_of(buyer, known))
            if item.gives_back is not None:
                charged = addressed.get(item.gives_back.piece.source.invoice_id, pays.id)
                pays = payers.setdefault(charged, known[charged]) if charged != pays.id else pays
            account = Account(pays.id, item.legal_entity_id, contract.currency)
            found.setdefault(account, []).append(item)
    return Owed(found, payers | {each.id: each for each in payer.values()})


def read(tx: Tx, owed: Owed, *, without: InvoiceId | None = None) -> Desk:
    """The desk for drafting what is owed: a fixed number of statements, however many items. As if
    the document `without` were not there.
    """
    items, buyers = owed
    entity_ids = list(dict.fromkeys(account.legal_entity_id for account in items))
    sellers = parties.entities(tx, entity_ids)
    before = {account: min(item.due_on for item in due) for account, due in items.items()}
    return Desk(
        sellers=sellers,
        buyers=buyers,
        taxes=parties.tax_tables(tx, entity_ids),
        usage=usage_of(tx, items, sellers),
        histories=_histories(tx, items, before),
        quotes=_quotes(tx, items, sellers, buyers),
        checks=tax_evidence.last_checks(
            tx, [one.id for one in buyers.values() if one.eu_vat_ids()]
        ),
        sources=coverage.sources(tx, _given_back(items), without=without),
        rates=_rates(tx, items, sellers),
    )


def _rates(
    tx: Tx, items: Items, sellers: Mapping[LegalEntityId, LegalEntity]
) -> dict[LegalEntityId, Rates]:
    """What is known of exchange rates around the days billed, for the sellers who state their tax
    in another currency than their documents'.
    """
    found: dict[LegalEntityId, Rates] = {}
    for seller in sellers.values():
        days = [
            item.due_on
            for account, owed in items.items()
            if account.legal_entity_id == seller.id
            and seller.tax_currency not in (None, account.currency)
            for item in owed
        ]
        if days:
            first = max(FIRST_DAY, min(days) - timedelta(days=MAX_AGE_DAYS))
            found[seller.id] = fx_rates.rates(tx, seller.fx_source, first=first, last=max(days))
    return found


def _given_back(items: Items) -> set[Source]:
    """The lines of earlier documents that these items give days of back."""
    return {
        item.gives_back.piece.source
        for owed in items.values()
        for item in owed
        if item.gives_back is not None
    }


def _quotes(
    tx: Tx,
    items: Items,
    sellers: Mapping[LegalEntityId, LegalEntity],
    buyers: Mapping[CustomerId, Customer],
) -> Mapping[str, TaxQuote]:
    """What tax services answered about these items, for the sellers who ask one."""
    keys = {
        question(
            sellers[account.legal_entity_id],
            buyers[account.customer_id],
            tax_code=item.tax_code,
            on=item.service_period.start,
        ).key
        for account, owed in items.items()
        if is_asked(sellers[account.legal_entity_id], buyers[account.customer_id])
        for item in owed
    }
    return tax_evidence.quotes(tx, keys)


def _histories(tx: Tx, items: Items, before: Mapping[Account, date]) -> dict[Account, History]:
    billed = {item.contract_id for owed in items.values() for item in owed}
    first = due_contracts.first_billed(tx, billed)
    previous = invoices.previous_gross(tx, before)
    rules, prices = approvals.rules(tx, billed), price_sources.prices(tx, billed)
    return {
        account: History(
            {
                item.contract_id: first[item.contract_id]
                for item in owed
                if item.contract_id in first
            },
            previous[account],
            rules,
            prices,
        )
        for account, owed in items.items()
    }


def usage_of(tx: Tx, items: Items, sellers: Mapping[LegalEntityId, LegalEntity]) -> UsageBySlice:
    """What was used in each metered slice, counted now, in the days of the selling entity."""
    metered: dict[SliceKey, Metered] = {}
    for account, owed in items.items():
        for item in owed:
            for each in counted_slices(item):
                if each.key in metered and each.detail == WHOLE:
                    continue
                user, resource = each.used_by or (item.customer_id, None)
                metered[each.key] = Metered(
                    user,
                    account.legal_entity_id,
                    each.feature_id,
                    each.service_period,
                    each.detail,
                    resource,
                )
    return _counted(tx, metered, sellers)


def _counted(
    tx: Tx,
    metered: Mapping[SliceKey, Metered],
    sellers: Mapping[LegalEntityId, LegalEntity],
) -> UsageBySlice:
    if not metered:
        return {}
    known = features.some(tx, {each.feature_id for each in metered.values()})
    windows: dict[SliceKey, UsageWindow] = {}
    edges: dict[tuple[str, Period], tuple[datetime, datetime]] = {}  # few for many customers
    for key, each in metered.items():
        feature = known[each.feature_id]
        meter = feature.counted_by
        assert meter is not None, "a feature that is billed by usage is measured"
        days = each.legal_entity_id, each.service_period
        if days not in edges:
            edges[days] = day_edges(each.service_period, sellers[each.legal_entity_id].zone)
        windows[key] = UsageWindow(
            each.customer_id,
            meter,
            *edges[days],
            *each.detail,
            resource_id=each.resource_id,
            is_level=feature.is_level and each.detail == WHOLE,
        )
    return usage.totals(tx, windows)


def redraft(tx: Tx, stale: Draft, new_id: Callable[[], InvoiceId]) -> list[Draft]:
    """What a held draft would be now: itself, under its id; parted, when its contracts no longer
    agree in their terms or in who pays; nothing, when nothing of it is due any more.
    """
    if stale.is_by_hand:
        return [by_hand.redrafted(tx, stale)]
    owing = contracts.many(tx, contracts_on(stale))
    line_ids = [line.id for contract in owing for line in contract.lines]
    # What bills a late window anew is due only where the credit of the window is not there either.
    credit = coverage.credited_for(tx, stale.id, on=stale.bill_on)
    standing = coverage.standing(tx, line_ids, without=[stale.id, *credit])
    dues = [due(contract, through=stale.bill_on, standing=standing) for contract in owing]
    every = by_account(tx, owing, dues)
    items = {
        account: [
            item
            for item in every.items[account]
            if item.due_on == stale.bill_on and not (credit and item.gives_back is not None)
        ]
        for account in sorted(every.items, key=lambda each: each.customer_id != stale.customer_id)
    }
    owed = Owed({account: due for account, due in items.items() if due}, every.buyers)
    ids = chain([stale.id], iter(new_id, None))
    return read(tx, owed, without=stale.id).all_drafts(owed, partial(next, ids))


def is_current(held: Draft, made_now: Sequence[Draft]) -> bool:
    """True when drafting anew gives the very draft that is held."""
    return [draft.input_hash for draft in made_now] == [held.input_hash]


def save_redrafted(
    tx: Tx, stale: Draft, redrafted: Sequence[Draft], *, at: datetime, actor: str
) -> None:
    """Put `redrafted` in the place of a held draft that says something else now. What it said, and
    whose approvals of that stand no more, goes to the audit log. The same again changes nothing.
    """
    if is_current(stale, redrafted):
        return
    dropped = [each.by for each in approvals.of(tx, [stale.id])[stale.id]]
    invoices.save_redrafted(tx, stale, redrafted)
    audit.append(
        tx,
        "invoice.redrafted",
        stale.id,
        at=at,
        actor=actor,
        before={"gross": stale.gross.text, "inputHash": stale.input_hash, "approvedBy": dropped},
        after={"invoices": {draft.id: draft.gross.text for draft in redrafted}},
    )


def redraft_contract(
    tx: Tx, contract_id: ContractId, new_id: Callable[[], InvoiceId], *, at: datetime, actor: str
) -> None:
    """Make the held drafts of a contract anew: what was agreed, or is known of it, has changed."""
    for draft in invoices.lock_drafts_of_contract(tx, contract_id):
        save_redrafted(tx, draft, redraft(tx, draft, new_id), at=at, actor=actor)


def moved(tx: Tx, drafts: Sequence[Draft]) -> list[InvoiceId]:
    """Those drafts whose metered lines no longer say what was used; counted in one statement."""
    lines = {
        line.id: (contract, line)
        for contract in contracts.many(tx, sorted({i for d in drafts for i in contracts_on(d)}))
        for line in contract.lines
    }
    metered: dict[SliceKey, Metered] = {}
    for draft in drafts:
        for on_paper in draft.lines:
            if on_paper.usage is None or on_paper.line_id not in lines:
                continue
            contract, line = lines[on_paper.line_id]
            assert line.sold.feature_id is not None, "a usage line names its feature"
            key = (line.id, on_paper.service_period.start)
            period = on_paper.service_period
            buyer = contract.on(period.start).customer_id
            user, resource = line.sold.used_by or (buyer, None)
            seller, feature = draft.legal_entity_id, line.sold.feature_id
            metered[key] = Metered(user, seller, feature, period, resource_id=resource)
    sellers = parties.entities(tx, {each.legal_entity_id for each in metered.values()})
    counted = _counted(tx, metered, sellers)
    sold = {line_id: line.sold for line_id, (_, line) in lines.items()}
    return [
        draft.id for draft in drafts if _rests_on_others(draft, sold) or has_moved(draft, counted)
    ]


def _rests_on_others(draft: Draft, sold: Mapping[LineId, OrderLine]) -> bool:
    """True when usage of other lines, or of earlier periods, may change what it says."""
    return any(
        line.kind is LineKind.COMMITMENT
        or line.working.find("prepaid") is not None
        or (line.line_id in sold and sold[line.line_id].counts_with_others)
        for line in draft.lines
        if line.line_id is not None
    )


def save_due_again(tx: Tx, fallen: Draft) -> None:
    """Have the contracts of a document that fell away looked at from the first day it was about:
    what it gave back may be of periods long before the day it fell due.
    """
    first = min([line.service_period.start for line in fallen.lines], default=fallen.bill_on)
    due_contracts.save_due_again(tx, contracts_on(fallen), on=min(first, fallen.bill_on))


def contracts_on(draft: Draft) -> list[ContractId]:
    """The contracts a draft bills, each once."""
    return list(dict.fromkeys(line.contract_id for line in draft.lines if line.contract_id))
