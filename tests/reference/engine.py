"""The reference engine: what a contract comes to in the end, worked out a second time.

Slow, plain and separate: written from `finance.md` and the guide of order forms by somebody who had
not read the engine of `src/usance/domain`, of which it imports nothing. Forms go in, and usage as
quantities by day (a day of the legal entity); out comes everything that should have been invoiced
when the contract is over. It knows no runs, documents or differences: only the final timeline.

Where the rules are silent, this is how we read them; where the engine had decided already and a
finance person can live with it, we follow:

- A discount or change that was agreed for days holds on those days also when the contract is made
  longer. A step that an order names is a slice of its own, even at the terms of the one before.
- An uplift on an anniversary raises, for the days from then on, the lines that ran before it: also
  later steps of a ramp, and amounts that come off. It comes before the orders of that day. A
  renewal's own uplift takes the place of an anniversary on its day.
- A renewal carries a line over as it was on its last day, its discounts included; those of the
  whole contract that have no end stop with the old term. The line keeps its billing periods; where
  they were counted from its own first day and the new term begins between two, they begin anew. Its
  first part period is then no stub, and never waived; nor is the last of the line it follows.
- The price of `WHOLE_TERM`, or by a plan, is for the days agreed at first: when the contract is
  made longer, the days more are charged at the same rate.
- Minimum and maximum of a price hold after its discounts (`finance.md` 2).
- Tiers restart within a period only when the price itself is another one, not with a discount
  (`finance.md` 3). With `tierScope: TERM` they never do.
- Of usage, what is agreed for a whole period (flat amount, included units, amounts off, minimum,
  maximum) counts by its share of the period; tiers, their flat amounts and packages do not.
- A covered slice counts toward a commitment, and draws from what was prepaid, by its first day.
- Ended without refund, a period begun in advance is due in full, of a plan what fell due before,
  and what is billed in arrears up to the last day. A one-off fee is due in full however it is paid.
- A fee in percent is of all committed fees that were agreed and now are not billed: uplifts and
  discounts included.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tests.reference.agreed import Contract, Form, contract_of
from tests.reference.amounts import (
    Due,
    Fund,
    Usage,
    commitments,
    drawn,
    licences,
    metered,
    prepaid,
)
from tests.reference.days import the_day
from tests.reference.prices import minor_units, number

FEE = "termination-fee"


def all_due(forms: Sequence[Form], usage: Usage, *, digits: int = 2) -> list[Due]:
    """What the contract of these orders comes to, slice by slice, in minor units of so many
    digits. Slices that come to nothing are there too.
    """
    contract = contract_of(forms, digits=digits)
    return [*_lines_due(contract, usage), *_fee(contract)]


def _lines_due(contract: Contract, usage: Usage) -> list[Due]:
    of_kind = {
        kind: [line for line in contract.lines if line.kind == kind]
        for kind in ("RECURRING", "ONE_OFF", "MILESTONE", "USAGE", "COMMITMENT", "PREPAID")
    }
    out: list[Due] = []
    for kind in ("RECURRING", "ONE_OFF", "MILESTONE"):
        for line in of_kind[kind]:
            out += licences(contract, line)
    funds: list[Fund] = []
    for line in of_kind["PREPAID"]:
        for due, fund in prepaid(contract, line):
            out.append(due)
            funds.append(fund)
    counted = metered(contract, of_kind["USAGE"], usage)
    for line in of_kind["COMMITMENT"]:
        out += commitments(contract, line, counted)
    return [*out, *drawn(counted, funds)]


def _fee(contract: Contract) -> list[Due]:
    """What ending early costs: an amount, or percent of the committed fees not billed any more."""
    ending = contract.termination
    if ending is None or "fee" not in ending:
        return []
    on, fee = the_day(ending["effectiveOn"]), ending["fee"]
    if "amount" in fee:
        net = minor_units(number(fee["amount"]), contract.digits)
    else:
        assert contract.unended is not None, "what was ended was agreed without an end"
        lost = _committed(contract.unended) - _committed(contract)
        net = minor_units(lost * number(fee["percent"]) / 100, 0)
    return [Due(FEE, on, on + timedelta(days=1), net)]


def _committed(contract: Contract) -> int:
    """All that is due however little is used."""
    return sum(due.net for due in _lines_due(contract, {}))
