"""Contract value: what it is worth in all, and by the year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.order import Order, OrderLine
from usance.domain.contracts.schedule import Slice, slices
from usance.domain.contracts.terms import ContractTerms
from usance.domain.due_items import LineKind
from usance.domain.errors import Problem
from usance.domain.ids import LineId, OrderId
from usance.domain.money import MAX_MINOR, Currency, Money, round_minor, total
from usance.domain.rating.proration import months_in
from usance.domain.rating.rate import rate_line


@dataclass(frozen=True, slots=True)
class ContractValue:
    """Net of tax, in the contract's currency.

    `total` (TCV) is every committed fee of the term, one-offs and usage minimums included, usage
    above them not. `annual` (ACV) is its recurring part by the year, the term counted in months:
    whole ones first, then days over the days of the month begun.
    """

    total: Money
    annual: Money


Valuing = Callable[[ContractLine, Currency, ContractTerms], Money]  # as `line_value` does


def line_value(line: ContractLine, currency: Currency, terms: ContractTerms | None = None) -> Money:
    """What a line will be invoiced for over its window; for usage, its minimums; for a commitment,
    all of it, whatever counts toward it.
    """
    return total(list(_amounts(line, currency, terms)), currency)


def line_values(contract: Contract, valued: Valuing | None = None) -> list[Money]:
    """What each line of a contract will be invoiced for; a commitment for what the lines that
    count toward it are sure to lack. `valued` takes the place of `line_value`.
    """
    of, of_line = contract.currency, valued or line_value
    values = [of_line(line, of, contract.terms) for line in contract.lines]
    for index, line in enumerate(contract.lines):
        if line.sold.kind is LineKind.COMMITMENT:
            reached = total(
                [
                    value
                    for other, value in zip(contract.lines, values, strict=True)
                    if counts_toward(other.sold, line.sold)
                ],
                of,
            )
            values[index] = max(Money.zero(of), values[index] - reached)
    return values


def counts_toward(sold: OrderLine, commitment: OrderLine) -> bool:
    """True when what a line comes to counts toward that commitment."""
    if sold.kind in (LineKind.COMMITMENT, LineKind.PREPAID):
        return False
    named = commitment.covers
    return sold.ref in named if named else sold.kind is LineKind.USAGE


def contract_value(contract: Contract, by_line: Sequence[Money] | None = None) -> ContractValue:
    """What a contract is worth; `by_line`: its `line_values`, where they are known already."""
    committed = line_values(contract) if by_line is None else by_line
    values = list(zip(contract.lines, committed, strict=True))
    whole = total([value for _, value in values], contract.currency)
    recurring = total([v for line, v in values if not line.sold.kind.is_once], contract.currency)
    years = months_in(contract.term) / 12
    return ContractValue(
        total=whole, annual=round_minor(recurring.amount, contract.currency, 1 / years)
    )


def total_problems(order: Order) -> list[Problem]:
    """Where a total written on the form is not what its lines come to."""
    problems = []
    values = [
        line_value(_as_sold(line, order), order.currency, order.terms) for line in order.lines
    ]
    for index, (line, value) in enumerate(zip(order.lines, values, strict=True)):
        if abs(value.minor) >= MAX_MINOR:
            limit = Money(MAX_MINOR, order.currency)
            expected = f"prices and quantities that come to less than {limit}"
            problems.append(Problem("AmountTooLarge", f"lines[{index}]", value.text, expected))
        if line.control_total is not None and line.control_total != value:
            path = f"lines[{index}].total"
            problems.append(_differs(path, line.control_total, value))
    whole = total(values, order.currency)
    if order.control_total is not None and order.control_total != whole:
        problems.append(_differs("totals.contractValue", order.control_total, whole))
    return problems


def amended_total_problems(order: Order, contract: Contract) -> list[Problem]:
    """Where a total on an order after the first is not what the contract comes to with it: the
    whole contract's value, and that of the lines the order sold, over all their days.
    """
    values = list(zip(contract.lines, line_values(contract), strict=True))
    problems = []
    for index, sold in enumerate(order.lines):
        own = [v for line, v in values if line.order_id == order.id and line.sold.ref == sold.ref]
        found = total(own, contract.currency)
        if sold.control_total is not None and sold.control_total != found:
            problems.append(_differs(f"lines[{index}].total", sold.control_total, found))
    whole = total([value for _, value in values], contract.currency)
    if order.control_total is not None and order.control_total != whole:
        problems.append(_differs("totals.contractValue", order.control_total, whole))
    return problems


def _differs(path: str, written: Money, found: Money) -> Problem:
    return Problem("TotalMismatch", path, written.text, f"{found.text}, what the lines come to")


def _as_sold(line: OrderLine, order: Order) -> ContractLine:
    return ContractLine(LineId(line.ref), OrderId(order.id), line)


def _amounts(
    line: ContractLine, currency: Currency, terms: ContractTerms | None
) -> Iterator[Money]:
    for piece in slices(line, terms=terms):
        yield slice_value(piece, line.sold.kind, currency)


def slice_value(piece: Slice, kind: LineKind, currency: Currency) -> Money:
    """What a slice is sure to be invoiced for: its price at the agreed quantity; for usage, what
    none of it costs.
    """
    is_usage, segment = kind is LineKind.USAGE, piece.segment
    quantity = Decimal(0) if is_usage else segment.quantity
    return rate_line(
        segment.pricing, quantity, currency=currency, share=piece.share, is_measured=is_usage
    ).net
