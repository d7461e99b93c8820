"""Who sells and who buys: legal entities with their tax rates, and customers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from usance.domain.customer import Customer
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.legal_entity import LegalEntity
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable
from usance.store.codec import jsonb, value_from
from usance.store.database import Row, Tx, range_text

SAVE_ENTITY = """
INSERT INTO legal_entities (tenant_id, id, name, country, zone, series, particulars, created_at)
VALUES (%(tenant_id)s, %(id)s, %(name)s, %(country)s, %(zone)s, %(series)s, %(particulars)s, %(at)s)
ON CONFLICT (tenant_id, id) DO UPDATE
   SET name = excluded.name,
       country = excluded.country,
       zone = excluded.zone,
       series = excluded.series,
       particulars = excluded.particulars
"""
ENTITY = "SELECT particulars FROM legal_entities WHERE tenant_id = %(tenant_id)s AND id = %(id)s"
ENTITIES = """
SELECT id, particulars, created_at
  FROM legal_entities
 WHERE tenant_id = %(tenant_id)s
   AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))
 ORDER BY created_at, id
"""
DELETE_RATES = """
DELETE FROM tax_rates WHERE tenant_id = %(tenant_id)s AND legal_entity_id = %(legal_entity_id)s
"""
RATES = """
SELECT legal_entity_id, tax_code, country, region, postal_prefix, jurisdiction, is_compound,
       category, percent, lower(valid) AS valid_from, upper(valid) AS valid_until
  FROM tax_rates
 WHERE tenant_id = %(tenant_id)s
   AND legal_entity_id = ANY(%(ids)s)
 ORDER BY tax_code, country, is_compound, region, postal_prefix, jurisdiction, valid
"""
SAVE_CUSTOMER = """
INSERT INTO customers (tenant_id, id, name, particulars, parent_id, created_at, updated_at)
VALUES (%(tenant_id)s, %(id)s, %(name)s, %(particulars)s, %(parent_id)s, %(at)s, %(at)s)
ON CONFLICT (tenant_id, id) DO UPDATE
   SET name = excluded.name,
       particulars = excluded.particulars,
       parent_id = excluded.parent_id,
       updated_at = excluded.updated_at,
       archived_at = CASE WHEN %(stays_archived)s THEN customers.archived_at END
"""
CUSTOMER = """
SELECT particulars, created_at, updated_at, archived_at
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
CUSTOMERS = """
SELECT id, particulars FROM customers WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
"""
# Who gives a customer a parent waits for whoever else does, so that no two make a circle.
LOCK_FAMILIES = """
SELECT pg_advisory_xact_lock(hashtextextended(%(tenant_id)s || ' customer families', 0))
"""
FAMILY = """
WITH RECURSIVE family AS (
    SELECT id, parent_id
      FROM customers
     WHERE tenant_id = %(tenant_id)s
       AND id = ANY(%(ids)s)
     UNION
    SELECT parent.*
      FROM family
     CROSS JOIN LATERAL (  -- one by one: all of a tenant's customers are never read
            SELECT id, parent_id
              FROM customers
             WHERE tenant_id = %(tenant_id)s
               AND id = family.parent_id
            OFFSET 0) AS parent
     WHERE family.parent_id IS NOT NULL
)
SELECT id, particulars
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND id = ANY(ARRAY(SELECT id FROM family))
"""
CUSTOMER_PAGE = """
SELECT id, particulars, created_at, updated_at, archived_at
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND archived_at IS NULL
   AND (%(parent_id)s::text IS NULL OR parent_id = %(parent_id)s)
   AND (%(name)s::text IS NULL OR name = %(name)s)
   AND (%(email)s::text IS NULL OR particulars ->> 'email' = %(email)s)
   AND (%(created_from)s::timestamptz IS NULL OR created_at >= %(created_from)s)
   AND (%(created_until)s::timestamptz IS NULL OR created_at < %(created_until)s)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM customers
             WHERE tenant_id = %(tenant_id)s
               AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM customers
             WHERE tenant_id = %(tenant_id)s
               AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""
RESTORE_CUSTOMER = """
UPDATE customers
   SET archived_at = NULL,
       updated_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
   AND archived_at IS NOT NULL
"""
TOUCH_CUSTOMER = """
UPDATE customers SET updated_at = %(at)s WHERE tenant_id = %(tenant_id)s AND id = %(id)s
"""
ARCHIVE_CUSTOMER = """
UPDATE customers
   SET archived_at = coalesce(archived_at, %(at)s)
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""


def save_entity(tx: Tx, entity: LegalEntity, *, at: datetime) -> None:
    """Keep a legal entity, new or changed. Issued documents keep the particulars they froze."""
    tx.run(
        SAVE_ENTITY,
        id=entity.id,
        name=entity.name,
        country=entity.address.country,
        zone=entity.zone.key,
        series=entity.series,
        particulars=jsonb(entity),
        at=at,
    )


def entity(tx: Tx, entity_id: LegalEntityId) -> LegalEntity:
    """The legal entity of that id. Raises NotFound."""
    row = tx.one(ENTITY, kind="legal entity", ref=entity_id, id=entity_id)
    return value_from(row.particulars, LegalEntity)


def entities(tx: Tx, ids: Collection[str] | None = None) -> dict[LegalEntityId, LegalEntity]:
    """The legal entities of those ids, or all of them, oldest first."""
    rows = tx.all(ENTITIES, ids=None if ids is None else list(ids))
    return {row.id: value_from(row.particulars, LegalEntity) for row in rows}


def save_tax_rates(tx: Tx, entity_id: LegalEntityId, rates: Collection[TaxRate]) -> None:
    """Replace an entity's whole table. Documents keep the rates they were taxed by."""
    tx.run(DELETE_RATES, legal_entity_id=entity_id)
    columns = (
        *("legal_entity_id", "tax_code", "country", "region", "postal_prefix", "jurisdiction"),
        *("is_compound", "category", "percent", "valid"),
    )
    rows = (
        (
            entity_id,
            rate.tax_code,
            rate.country,
            rate.region,
            rate.postal_prefix,
            rate.jurisdiction,
            rate.is_compound,
            rate.category.value,
            rate.percent,
            range_text(rate.valid_from, rate.valid_until),
        )
        for rate in rates
    )
    tx.append_rows("tax_rates", columns, rows)


def tax_tables(tx: Tx, ids: Collection[LegalEntityId]) -> dict[LegalEntityId, TaxTable]:
    """The tax table of each of those entities; empty for one without rates."""
    found: dict[LegalEntityId, list[TaxRate]] = {entity_id: [] for entity_id in ids}
    for row in tx.all(RATES, ids=list(ids)):
        found[row.legal_entity_id].append(_rate_from(row))
    return {entity_id: TaxTable(tuple(rates)) for entity_id, rates in found.items()}


def save_customer(
    tx: Tx, customer: Customer, *, at: datetime, stays_archived: bool = False
) -> None:
    """Keep a customer, new or changed; one that was archived comes back, unless it stays so."""
    tx.run(
        SAVE_CUSTOMER,
        id=customer.id,
        name=customer.name,
        particulars=jsonb(customer),
        parent_id=customer.parent_id,
        stays_archived=stays_archived,
        at=at,
    )


def lock_above(tx: Tx, customer: Customer) -> set[CustomerId]:
    """The parent a customer is to have and all the accounts that one belongs to, held as they are
    until the transaction ends; none for a customer without a parent.
    """
    if customer.parent_id is None:
        return set()
    tx.all(LOCK_FAMILIES)
    return set(families(tx, [customer.parent_id]))


def families(tx: Tx, ids: Collection[CustomerId]) -> dict[CustomerId, Customer]:
    """The customers of those ids and all the accounts they belong to."""
    return {row.id: customer_from(row.particulars) for row in tx.all(FAMILY, ids=list(ids))}


def customer(tx: Tx, customer_id: CustomerId) -> Customer:
    """The customer of that id, archived or not. Raises NotFound."""
    return customer_from(customer_row(tx, customer_id).particulars)


def customer_row(tx: Tx, customer_id: CustomerId) -> Row:
    """particulars, created_at, updated_at, archived_at. Raises NotFound."""
    return tx.one(CUSTOMER, kind="customer", ref=customer_id, id=customer_id)


def has_customer(tx: Tx, customer_id: CustomerId) -> bool:
    """True when there is one of that id, archived or not."""
    return tx.maybe(CUSTOMER, id=customer_id) is not None


def customers(tx: Tx, ids: Collection[CustomerId]) -> dict[CustomerId, Customer]:
    """The customers of those ids."""
    rows = tx.all(CUSTOMERS, ids=list(ids))
    return {row.id: customer_from(row.particulars) for row in rows}


def names(tx: Tx, ids: Collection[CustomerId]) -> dict[CustomerId, str]:
    """What those customers are called."""
    return {each.id: each.name for each in customers(tx, ids).values()} if ids else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCustomers:
    """Which customers to list, by their exact name, email address or parent; None wants all."""

    parent_id: str | None = None
    name: str | None = None
    email: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


EVERY_CUSTOMER = WantedCustomers()


def customer_page(
    tx: Tx,
    wanted: WantedCustomers = EVERY_CUSTOMER,
    *,
    after: str | None,
    before: str | None,
    limit: int,
) -> list[Row]:
    """Customers that are not archived by age, after one or before one (then newest first)."""
    return tx.all(CUSTOMER_PAGE, **asdict(wanted), after=after, before=before, limit=limit)


def save_customer_touched(tx: Tx, customer_id: CustomerId, *, at: datetime) -> None:
    """Something that hangs on it changed."""
    tx.run(TOUCH_CUSTOMER, id=customer_id, at=at)


def save_customer_restored(tx: Tx, customer_id: CustomerId, *, at: datetime) -> bool:
    """Into the lists again. False when it was not archived."""
    return bool(tx.run(RESTORE_CUSTOMER, id=customer_id, at=at))


def save_customer_archived(tx: Tx, customer_id: CustomerId, *, at: datetime) -> None:
    """Out of the lists; documents keep naming it."""
    tx.run(ARCHIVE_CUSTOMER, id=customer_id, at=at)


def customer_from(particulars: Any) -> Customer:
    """The customer kept in a jsonb column."""
    return value_from(particulars, Customer)


def _rate_from(row: Row) -> TaxRate:
    return TaxRate(
        tax_code=row.tax_code,
        country=row.country,
        percent=row.percent,
        category=TaxCategory(row.category),
        region=row.region,
        postal_prefix=row.postal_prefix,
        jurisdiction=row.jurisdiction,
        is_compound=row.is_compound,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
