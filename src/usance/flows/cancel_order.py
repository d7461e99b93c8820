"""Call off an order while nothing came of it."""

from __future__ import annotations

from usance.domain.contracts.fulfilment import OrderNotNew, OrderStatus
from usance.domain.facts import OrderCanceled
from usance.domain.ids import OrderId
from usance.flows.runtime import Runtime, Scope
from usance.store import orders


def cancel_order(runtime: Runtime, scope: Scope, order_id: OrderId) -> None:
    """Raises NotFound; OrderNotNew once it is fulfilled (archive its contract) or canceled."""
    with runtime.transaction(scope) as tx:
        status = orders.status_of(orders.lock(tx, order_id))
        if status is not OrderStatus.NEW:
            raise OrderNotNew(order_id, status)

        orders.save_canceled(tx, order_id, at=runtime.now(tx))
        runtime.note(tx, scope, "order.canceled", order_id, OrderCanceled(order_id))
