"""What PostgreSQL's planner knows of the tables that grow in leaps.

A foreign key is checked by a plan that a session keeps until the table's statistics change. A plan
made while a table was nearly empty reads all of it, for every row of a large run that fills it. So
a large run has the statistics brought up to date once, after its first batch.
`docs/decisions/0006-billing-run.md` has the figures.
"""

from __future__ import annotations

from usance.store.database import Database

# SKIP_LOCKED: where another run is at it already, or a vacuum is, nobody waits.
CATCH_UP = "ANALYZE (SKIP_LOCKED) invoices, invoice_lines, invoice_taxes, billed_slices, contracts"


def catch_up(database: Database) -> None:
    """Look at the tables a billing run fills; a moment, however large they are."""
    with database.platform() as tx:
        tx.run(CATCH_UP)
