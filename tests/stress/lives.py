"""Lives of contracts: orders of every kind, typed in any sequence while others bill and correct."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

from tests.domain.contracts.lives import price_of
from tests.stories.world import World
from tests.stress.one_run import begin, said, waiting_run
from tests.stress.races import at_once
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.owed import due
from usance.domain.errors import DomainError
from usance.domain.ids import ContractId, OrderId
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit
from usance.domain.invoicing.invoice import InvoiceStatus
from usance.domain.money import Money
from usance.flows.approve_invoice import approve_invoice
from usance.flows.credit_invoice import credit_invoice
from usance.flows.issue_invoice import issue_invoice
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.settle_late_usage import settle_late_usage
from usance.store import contracts, desk
from usance.store.invoice_rows import StoredInvoice

FAR = date(2029, 1, 1)  # when every term is over, renewals included
END = date(2026, 3, 1)  # how far the world's clock goes
FIRST = {
    "c1": """
term: {start: 2025-01-01, months: 12}
lines:
- {lineId: seats, name: Seats, kind: RECURRING, quantity: 10, pricePer: {unit: MONTH},
   price: {model: PER_UNIT, unitAmount: "29.90"}, billing: {every: {unit: YEAR}}}
- {lineId: base, name: Base, kind: RECURRING, price: {model: FLAT, amount: "199.99"},
   billing: {every: {unit: MONTH}}}
- {lineId: setup, name: Setup, kind: ONE_OFF, on: 2025-01-15, price: {model: FLAT, amount: 500}}
""",
    "c2": """
term: {start: 2025-01-31, months: 14}
corrections: CREDIT_NOTE
consolidate: false
lines:
- {lineId: seats, name: Seats, kind: RECURRING, quantity: 7,
   price: {model: GRADUATED, tiers: [{upTo: 5, unitAmount: 40}, {upTo: null, unitAmount: "33.33"}]},
   billing: {every: {unit: QUARTER}, timing: IN_ARREARS}}
- {lineId: base, name: Base, kind: RECURRING, price: {model: FLAT, amount: "99.95"},
   billing: {every: {unit: MONTH}, dayOfMonth: 15}}
- {lineId: least, name: At least, kind: COMMITMENT, amount: 1000, covers: [seats],
   billing: {every: {unit: QUARTER}}}
""",
    "c3": """
term: {start: 2025-02-10, months: 10}
proration: THIRTY_360
lines:
- {lineId: base, name: Base, kind: RECURRING, price: {model: FLAT, amount: "1000.01"},
   instalments: {count: 3, every: {unit: QUARTER}, firstOn: 2025-02-10}}
- {lineId: seats, name: Seats, kind: RECURRING, quantity: 3,
   price: {model: PER_UNIT, unitAmount: "12.345"},
   billing: {every: {count: 1, unit: WEEK}}}
""",
}
METERED = """
term: {start: 2025-01-10, months: 9}
usageHoldDays: 4
lateUsageDays: 400
lateUsage: %s
lines:
- {lineId: seats, name: Calls, kind: USAGE, featureId: api-calls, unit: call,
   price: {model: GRADUATED,
           tiers: [{upTo: 300, unitAmount: "0.5"}, {upTo: null, unitAmount: "0.3"}]},
   billing: {every: {unit: MONTH}}}
- {lineId: base, name: Base, kind: RECURRING, price: {model: FLAT, amount: "99.99"},
   billing: {every: {unit: QUARTER}}}
- {lineId: least, name: At least, kind: COMMITMENT, amount: 400, covers: [seats, base],
   billing: {every: {unit: QUARTER}}}
- {lineId: before, name: Prepaid, kind: PREPAID, amount: 60, covers: [seats],
   billing: {every: {unit: QUARTER}}}
"""
NETS = """
SELECT l.contract_line_id, sum(l.net_minor)::bigint AS net_minor
  FROM invoice_lines l
  JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = l.invoice_id
 WHERE l.tenant_id = %(tenant_id)s
   AND l.contract_id = %(contract_id)s
   AND l.contract_line_id IS NOT NULL
   AND i.status <> 'VOID'
 GROUP BY l.contract_line_id
HAVING sum(l.net_minor) <> 0
"""
PIECES = """
SELECT contract_line_id, sum(net_minor)::bigint AS net_minor
  FROM billed_slices
 WHERE tenant_id = %(tenant_id)s
   AND contract_line_id = ANY(%(line_ids)s)
 GROUP BY contract_line_id
HAVING sum(net_minor) <> 0
"""
# Lines of which more was given back, by whatever document, than they had billed.
TOO_MUCH = """
SELECT l.invoice_id, l.position, l.net_minor, sum(c.net_minor)::bigint AS back_minor
  FROM invoice_lines l
  JOIN invoice_lines c
    ON c.tenant_id = %(tenant_id)s
   AND c.source_invoice_id = l.invoice_id
   AND c.source_position = l.position
  JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = c.invoice_id
 WHERE l.tenant_id = %(tenant_id)s
   AND i.status <> 'VOID'
 GROUP BY l.invoice_id, l.position, l.net_minor
HAVING -sum(c.net_minor) > greatest(l.net_minor, 0)
"""
# Lines of which the engine gave something back, and people did.
BOTH_WAYS = """
SELECT count(*) AS count
  FROM (SELECT c.source_invoice_id, c.source_position
          FROM invoice_lines c
          JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = c.invoice_id
         WHERE c.tenant_id = %(tenant_id)s
           AND c.source_invoice_id IS NOT NULL
           AND i.status <> 'VOID'
         GROUP BY c.source_invoice_id, c.source_position
        HAVING count(c.contract_line_id) BETWEEN 1 AND count(*) - 1) AS lines
"""


@dataclass(slots=True)
class Lives:
    """Contracts that live in a world, and the orders on them that are not fulfilled yet."""

    world: World
    chance: random.Random
    deals: Mapping[str, str] = field(default_factory=lambda: FIRST)
    typed: list[OrderId] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    done: dict[str, int] = field(default_factory=dict)

    def begin(self) -> Lives:
        """The contracts are signed."""
        for name, text in self.deals.items():
            self.world.sign(
                f"orderId: {name}\ncontractId: {name}\ncurrency: EUR\ncustomerId: nordlicht\n"
                f"legalEntityId: halden-de\n{text}"
            )
        return self

    def live(self, acts: list[Callable[[], object]], steps: int) -> None:
        """So many things happen; what the rules refuse did not."""
        for _ in range(steps):
            act = self.chance.choice(acts)
            with suppress(DomainError, IndexError):  # often there is nothing to do it to
                act()
                self.done[act.__name__] = self.done.get(act.__name__, 0) + 1

    # ------------------------------------------------------------------- what may happen --

    def type_an_order(self) -> None:
        """An order comes in, for any day of a contract, past or to come."""
        contract_id = self.chance.choice(list(self.deals))
        ref = f"o{next(self.numbers)}"
        kind, text = self._order(self._contract(contract_id), ref)
        sequence = self.chance.randrange(3)
        order = self.world.order(
            f"currency: EUR\norderId: {ref}\ncontractId: {contract_id}\nkind: {kind}\n"
            f"sequence: {sequence}\n{text}"
        )
        self.typed.append(order.id)

    def fulfil_one(self) -> None:
        """One of the orders that wait is fulfilled, whichever."""
        self.world.fulfil(self._taken())

    def fulfil_while_billing(self) -> None:
        """An order is fulfilled and two workers bill, all at once."""
        order_id = self._taken()
        self._at_once(lambda: self.world.fulfil(order_id), self.world.bill, self.world.bill)

    def use(self) -> None:
        """Calls are made, of which we hear now, or two months later."""
        day = self.world.today - timedelta(days=self.chance.randrange(60))
        self.world.usage(str(day), self.chance.randrange(1, 500))

    def settle_late(self) -> None:
        """What was billed by usage that has moved since is put right."""
        settle_late_usage(self.world.runtime, self.world.scope)

    def refresh(self) -> None:
        """Held drafts say what is used now."""
        refresh_drafts(self.world.runtime, self.world.scope)

    def bill(self) -> None:
        """A run through today."""
        self.world.bill()

    def bill_ahead(self) -> None:
        """A run through a day to come, or one that was."""
        day = self.world.today + timedelta(days=self.chance.randrange(-30, 60))
        self.world.bill(through=str(day))

    def bill_twice_at_once(self) -> None:
        """Two workers bill."""
        self._at_once(self.world.bill, self.world.bill)

    def a_run_is_killed(self) -> None:
        """A run is killed in the middle of what it does, or a moment after."""
        with waiting_run(
            self.world.runtime.database, self.world.scope, through=self.world.today, batch=1
        ) as process:
            begin(process)
            if self.chance.random() < 0.5:
                said(process)

    def days_pass(self) -> None:
        """Up to three weeks."""
        day = self.world.today + timedelta(days=self.chance.randrange(1, 22))
        self.world.on(str(min(day, END)))

    def approve(self) -> None:
        """Some draft is found right."""
        approve_invoice(self.world.runtime, self.world.scope, self._some("DRAFT").id)

    def issue(self) -> None:
        """Some draft goes out."""
        issue_invoice(self.world.runtime, self.world.scope, self._some("APPROVED").id)

    def send_all(self) -> None:
        """All drafts go out."""
        self.world.approve_all().issue_all()

    def void(self) -> None:
        """Some document is made void."""
        self.world.void(self._some().id)

    def credit_by_hand(self) -> None:
        """Somebody gives back part of some line, and often sends that."""
        stored = self._some("ISSUED")
        position = self.chance.randrange(len(stored.draft.lines)) + 1
        net = stored.draft.lines[position - 1].net
        part = Money(self.chance.randrange(1, max(2, abs(net.minor) + 1)), net.currency)
        wish = CreditWish(reason=CreditReason.GOODWILL, lines=(LineCredit(position, part),))
        made = credit_invoice(self.world.runtime, self.world.scope, stored.id, wish)
        if self.chance.random() < 0.7:
            approve_invoice(self.world.runtime, self.world.scope, made.id)
            issue_invoice(self.world.runtime, self.world.scope, made.id)

    def terminate_all(self) -> None:
        """Every contract ends in its first months, and what was not used is given back."""
        for name in self.deals:
            term = self._contract(name).term
            on = term.start + timedelta(days=self.chance.randrange(90))
            with suppress(DomainError):  # it ended before that
                self.world.sign(
                    f"currency: EUR\norderId: end-{name}\ncontractId: {name}\n"
                    f"kind: TERMINATION\neffectiveOn: {on}\nrefund: PRO_RATA"
                )

    # ------------------------------------------------------------------------ what holds --

    def settle(self, *, is_refreshed: bool = False) -> None:
        """All is billed to the end of every term, and a second run finds nothing.

        Drafts follow by themselves, but for a credit note by hand that was made void since: whoever
        approves them is told to refresh them, which is done here if `is_refreshed`.
        """
        if is_refreshed:
            drafts = [each.id for each in self.world.every("DRAFT")]
            refresh_drafts(self.world.runtime, self.world.scope, drafts)
        self.world.bill(through=str(FAR))
        assert self.world.bill(through=str(FAR)).draft_count == 0, "a second run finds nothing"
        drafts = [each.id for each in self.world.every("DRAFT")]
        assert refresh_drafts(self.world.runtime, self.world.scope, drafts) == [], "drafts follow"

    def billed(self) -> dict[str, int]:
        """What stands of each line of each contract, in minor units; nothing where it is zero."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            return {
                row.contract_line_id: row.net_minor
                for name in self.deals
                for row in tx.all(NETS, contract_id=name)
            }

    def pieces(self) -> dict[str, int]:
        """What the pieces of each line that stand come to."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            rows = tx.all(PIECES, line_ids=list(self.billed()))
        return {row.contract_line_id: row.net_minor for row in rows}

    def agreed(self) -> dict[str, int]:
        """What each line comes to by its contract's final timeline."""
        return {
            line_id: minor
            for name in self.deals
            for line_id, minor in price_of(self._contract(name)).items()
            if minor
        }

    def drafted_anew(self) -> dict[str, int]:
        """What each line comes to by the drafts of its contract, were nothing billed yet."""
        found: dict[str, int] = {}
        with self.world.runtime.transaction(self.world.scope) as tx:
            owing = [contracts.one(tx, ContractId(name)) for name in self.deals]
            owed = desk.by_account(tx, owing, [due(each, through=FAR) for each in owing])
            for draft in desk.read(tx, owed).all_drafts(owed, self.world.runtime.invoice_id):
                for line in draft.lines:
                    assert line.line_id is not None, "it bills a contract line"
                    found[line.line_id] = found.get(line.line_id, 0) + line.net.minor
        return {line_id: minor for line_id, minor in found.items() if minor}

    def given_back_too_much(self) -> list[object]:
        """Lines of which more was given back than they had billed: none, ever."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            return list(tx.all(TOO_MUCH))

    def credited_both_ways(self) -> int:
        """Of how many lines days were given back, and something else by hand."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            (row,) = tx.all(BOTH_WAYS)
        count: int = row.count
        return count

    def gives_back(self) -> list[StoredInvoice]:
        """The documents that stand on which the engine gives days back."""
        standing = self.world.every(*set(InvoiceStatus) - {InvoiceStatus.VOID})
        return [
            each
            for each in standing
            if any(line.source is not None and line.line_id for line in each.draft.lines)
        ]

    # ---------------------------------------------------------------------------- how --

    def _contract(self, name: str) -> Contract:
        with self.world.runtime.transaction(self.world.scope) as tx:
            return contracts.one(tx, ContractId(name))

    def _some(self, *statuses: str) -> StoredInvoice:
        return self.chance.choice(self.world.every(*statuses))

    def _taken(self) -> OrderId:
        order_id = self.chance.choice(self.typed)
        self.typed.remove(order_id)
        return order_id

    def _at_once(self, *acts: Callable[[], object]) -> None:
        for outcome in at_once(*acts):
            if isinstance(outcome, BaseException):
                assert isinstance(outcome, DomainError), repr(outcome)

    def _order(self, contract: Contract, ref: str) -> tuple[str, str]:
        """The kind and the text of an order on a contract."""
        term = contract.term
        on = term.start + timedelta(days=self.chance.randrange(term.days))
        kind = self.chance.choice(
            ["AMENDMENT"] * 5 + ["EXPANSION"] * 3 + ["RENEWAL"] * 2 + ["TERMINATION"]
        )
        change = f"changes: [{{lineId: {self.chance.choice(['seats', 'base'])}, {self._change()}}}]"
        if kind == "AMENDMENT":
            return kind, f"effectiveOn: {on}\n{change}"
        if kind == "EXPANSION":
            return kind, f"effectiveOn: {on}\nlines:\n{self._line(ref)}"
        if kind == "TERMINATION":
            refund = self.chance.choice(["PRO_RATA", "NONE"])
            fee = self.chance.choice(["", "\nfee: {amount: 77}", "\nfee: {percent: 10}"])
            return kind, f"effectiveOn: {on}\nrefund: {refund}{fee}"
        if self.chance.random() < 0.5:
            return kind, f"term: {{start: {term.end}, months: 6}}\n{change}"
        return kind, f"term: {{start: {on}, months: 12}}\nearly: true\n{change}"

    def _change(self) -> str:
        return self.chance.choice(
            [
                f"quantity: {self.chance.randrange(30)}",
                f"adds: {self.chance.randrange(1, 9)}",
                f"price: {{model: PER_UNIT, unitAmount: '{self.chance.randrange(1, 9999) / 100}'}}",
                "ends: true",
            ]
        )

    def _line(self, ref: str) -> str:
        unit = self.chance.choice(["MONTH", "QUARTER", "YEAR", "WEEK"])
        timing = self.chance.choice(["IN_ADVANCE", "IN_ARREARS"])
        return (
            f"- {{lineId: {ref}, name: Extra, kind: RECURRING, quantity: 3, "
            f"price: {{model: PER_UNIT, unitAmount: '10.07'}}, "
            f"billing: {{every: {{unit: {unit}}}, timing: {timing}}}}}"
        )
