"""What of a contract's value was billed: the one meaning of the word, line by line and in all.

Billed is what stands on approved and issued documents, less all that was given back: by later
lines of the contract, and by credit notes. A held draft is drafted, not billed. Net of tax.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.value import contract_value, counts_toward, line_values
from usance.domain.due_items import LineKind
from usance.domain.ids import LineId
from usance.domain.money import Currency, Money, total


class OnDocuments(NamedTuple):
    """What stands of a line. `credited`: what of that given back will not be billed again.

    A credit note written by hand leaves the days of a line billed; one that is issued to bill them
    anew does not.
    """

    billed: Money
    drafted: Money
    credited: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LineValue:
    """One line: what is committed, and how far that is billed.

    `billed_usage` is usage above what is committed. `counted`: usage billed on other lines that
    counts toward this commitment. `unbilled` is due by today and on no document, usage included.
    `remaining` is committed and neither billed nor credited: drafted, due, or to come.
    """

    line: ContractLine
    committed: Money
    billed: Money
    billed_usage: Money
    counted: Money
    drafted: Money
    unbilled: Money
    credited: Money
    remaining: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledValue:
    """A contract: what it is worth in all and by the year, and how far that is billed.

    `total` is `billed`, `remaining`, and what was credited of committed fees. `billed` holds the
    usage that counts toward a commitment; `billed_usage` comes on top of `total`.
    """

    total: Money
    annual: Money
    billed: Money
    billed_usage: Money
    drafted: Money
    unbilled: Money
    credited: Money
    remaining: Money


def value_by_line(
    contract: Contract,
    standing: Mapping[LineId, OnDocuments],
    unbilled: Mapping[LineId, Money] | None = None,
) -> tuple[LineValue, ...]:
    """What each line is worth, with what is `standing` on documents of it.

    What usage came to counts toward the line's own minimum first, then toward a commitment that
    covers it, and is billed usage beyond both.
    """
    nothing = Money.zero(contract.currency)
    none = OnDocuments(nothing, nothing, nothing)
    found = []
    for line, committed in zip(contract.lines, line_values(contract), strict=True):
        due = nothing if unbilled is None else unbilled.get(line.id, nothing)
        found.append(_line_value(line, committed, standing.get(line.id, none), due))
    return tuple(_counted(found, contract.currency))


def billed_value(contract: Contract, lines: Sequence[LineValue]) -> BilledValue:
    """The sums of what its lines are worth."""
    of = contract.currency
    value = contract_value(contract, [each.committed for each in lines])
    counted = total([each.counted for each in lines], of)
    return BilledValue(
        total=value.total,
        annual=value.annual,
        billed=total([each.billed for each in lines], of) + counted,
        billed_usage=total([each.billed_usage for each in lines], of) - counted,
        drafted=total([each.drafted for each in lines], of),
        unbilled=total([each.unbilled for each in lines], of),
        credited=total([each.credited for each in lines], of),
        remaining=total([each.remaining for each in lines], of),
    )


def _line_value(line: ContractLine, committed: Money, on: OnDocuments, due: Money) -> LineValue:
    nothing = Money.zero(committed.currency)
    billed, beyond, credited = on.billed, nothing, on.credited
    if line.sold.kind is LineKind.USAGE:
        over = max(nothing, billed + credited - committed)
        of_over = min(credited, over)  # what was credited of usage above the minimum
        beyond, credited = over - of_over, credited - of_over
        billed -= beyond
    return LineValue(
        line=line,
        committed=committed,
        billed=billed,
        billed_usage=beyond,
        counted=nothing,
        drafted=on.drafted,
        unbilled=due,
        credited=on.credited,
        remaining=committed - billed - credited,
    )


def _counted(lines: Iterable[LineValue], of: Currency) -> Iterator[LineValue]:
    """The lines, commitments filled with usage that counts toward them, each once."""
    found = list(lines)
    left = [each.billed_usage for each in found]
    for each in found:
        counted = Money.zero(of)
        if each.line.sold.kind is LineKind.COMMITMENT:
            for index, other in enumerate(found):
                if counts_toward(other.line.sold, each.line.sold):
                    taken = min(left[index], max(Money.zero(of), each.remaining - counted))
                    left[index] -= taken
                    counted += taken
        yield replace(each, counted=counted, remaining=each.remaining - counted)
