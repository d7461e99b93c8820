"""The order of a contract's next term, as nobody typed it."""

from __future__ import annotations

from usance.domain.calendar import month_after
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import OrderKind


def renewal_form(contract: Contract) -> dict[str, object]:
    """The RENEWAL of a contract that renews itself; the same whoever makes it."""
    renewal, start = contract.terms.renewal, contract.term.end
    assert renewal is not None, "it renews itself"
    return {
        "orderForm": 1,
        "orderId": f"{contract.id}:renewal:{start}",
        "kind": OrderKind.RENEWAL.value,
        "contractId": contract.id,
        "term": {
            "start": start.isoformat(),
            "end": month_after(start, renewal.months).isoformat(),
        },
        "tags": ["automatic"],
    }
