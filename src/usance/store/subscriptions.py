"""Subscriptions: what a customer holds, on a custom plan of a contract."""

from __future__ import annotations

from datetime import date, datetime

from psycopg.types.range import DateRange

from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import SubscriptionTerms
from usance.domain.ids import ContractId, OrderId
from usance.store.codec import jsonb
from usance.store.database import Row, Tx

ADD = """
INSERT INTO subscriptions (tenant_id, id, customer_id, contract_id, order_id, plan_id, pricing_type,
                           status, active, grants, created_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(contract_id)s, %(order_id)s, %(plan_id)s,
        'CUSTOM', %(status)s, %(active)s, %(grants)s, %(at)s)
ON CONFLICT (tenant_id, id) DO NOTHING
"""
OF_CONTRACT = """
SELECT id, customer_id, contract_id, order_id, plan_id, pricing_type, status, grants,
       lower(active) AS starts_on, upper(active) AS ends_on, created_at
  FROM subscriptions
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
 ORDER BY id
"""
SAVE_END = """
UPDATE subscriptions
   SET active = daterange(lower(active), greatest(%(end)s, lower(active) + 1))
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
   AND status IN ('NOT_STARTED', 'ACTIVE')
"""
CANCEL_OF_CONTRACT = """
UPDATE subscriptions
   SET status = 'CANCELED'
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
   AND status IN ('NOT_STARTED', 'ACTIVE')
"""


def add(
    tx: Tx,
    promised: SubscriptionTerms,
    contract: Contract,
    order_id: OrderId,
    *,
    today: date,
    at: datetime,
) -> bool:
    """Provision what an order promised, for the contract's term; False when the id is taken."""
    return bool(
        tx.run(
            ADD,
            id=promised.ref,
            customer_id=contract.customer_id,
            contract_id=contract.id,
            order_id=order_id,
            plan_id=promised.plan_id,
            status="ACTIVE" if contract.term.start <= today else "NOT_STARTED",
            active=DateRange(contract.term.start, contract.term.end),
            grants=jsonb(promised.grants),
            at=at,
        )
    )


def of_contract(tx: Tx, contract_id: ContractId) -> list[Row]:
    """The subscriptions provisioned for a contract."""
    return tx.all(OF_CONTRACT, contract_id=contract_id)


def save_end(tx: Tx, contract: Contract) -> None:
    """What was provisioned for a contract goes on as long as it does."""
    tx.run(SAVE_END, contract_id=contract.id, end=contract.terminated_on or contract.term.end)


def save_canceled_of_contract(tx: Tx, contract_id: ContractId) -> None:
    """End all subscriptions of a contract that is no more."""
    tx.run(CANCEL_OF_CONTRACT, contract_id=contract_id)
