"""Coverage: which days of contract lines stand on documents, and what takes them away again.

A row of `billed_slices` is a piece that stands. A line that gives days back takes the row away, or
leaves what is left of it, and notes in `given_back` what to put there again should it be made
void. PostgreSQL refuses two pieces of one day of a line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from psycopg.errors import ExclusionViolation

from usance.domain.calendar import Period
from usance.domain.contracts.difference import dealt, without
from usance.domain.due_items import GivenBack, Piece, Source
from usance.domain.errors import Conflict
from usance.domain.ids import ContractId, CustomerId, InvoiceId, LineId
from usance.domain.invoicing.invoice import Draft, InvoiceLine, InvoiceNotVoidable
from usance.domain.invoicing.taxed_items import SourceLine
from usance.store.database import Row, Tx, range_text
from usance.store.invoice_rows import treatment_from

SLICE_COLUMNS = (
    *("invoice_id", "position", "contract_line_id", "service_period", "net_minor", "terms_key"),
)
GIVEN_COLUMNS = (
    *("invoice_id", "position", "source_invoice_id", "source_position", "contract_line_id"),
    *("service_period", "net_minor", "terms_key", "late_on"),
)
PIECES = """
SELECT contract_line_id, lower(service_period) AS starts_on, upper(service_period) AS ends_on,
       terms_key, net_minor, invoice_id, position, late_on
  FROM billed_slices
 WHERE tenant_id = %(tenant_id)s
   AND contract_line_id = ANY(%(line_ids)s)
 ORDER BY contract_line_id, starts_on
"""
# As if documents were not there: without their own pieces, with those they gave back of others.
PIECES_WITHOUT = """
SELECT contract_line_id, lower(service_period) AS starts_on, upper(service_period) AS ends_on,
       terms_key, net_minor, invoice_id, position, late_on
  FROM billed_slices
 WHERE tenant_id = %(tenant_id)s
   AND contract_line_id = ANY(%(line_ids)s)
   AND invoice_id <> ALL(%(without)s)
 UNION ALL
SELECT contract_line_id, lower(service_period), upper(service_period), terms_key, net_minor,
       source_invoice_id, source_position, late_on
  FROM given_back
 WHERE tenant_id = %(tenant_id)s
   AND contract_line_id = ANY(%(line_ids)s)
   AND invoice_id = ANY(%(without)s)
   AND source_invoice_id <> ALL(%(without)s)
 ORDER BY contract_line_id, starts_on
"""
PIECES_SINCE = """
SELECT piece.*
  FROM unnest(%(line_ids)s::text[], %(since)s::date[]) AS asked (line_id, since)
 CROSS JOIN LATERAL (
        SELECT contract_line_id, lower(service_period) AS starts_on,
               upper(service_period) AS ends_on, terms_key, net_minor, invoice_id, position,
               late_on
          FROM billed_slices
         WHERE tenant_id = %(tenant_id)s
           AND contract_line_id = asked.line_id
           AND lower(service_period) >= asked.since
        OFFSET 0) AS piece  -- line by line: a whole tenant's slices are never read
 ORDER BY contract_line_id, starts_on
"""
TAKE_AWAY = """
DELETE FROM billed_slices
 USING unnest(%(invoice_ids)s::text[], %(positions)s::int[], %(starts)s::date[])
    AS gone (invoice_id, position, starts_on)
 WHERE billed_slices.tenant_id = %(tenant_id)s
   AND billed_slices.invoice_id = gone.invoice_id
   AND billed_slices.position = gone.position
   AND lower(billed_slices.service_period) = gone.starts_on
"""
STAND_DOWN = """
DELETE FROM billed_slices WHERE tenant_id = %(tenant_id)s AND invoice_id = %(invoice_id)s
"""
STAND_AGAIN = """
INSERT INTO billed_slices (tenant_id, invoice_id, position, contract_line_id, service_period,
                           net_minor, terms_key, late_on)
SELECT g.tenant_id, g.source_invoice_id, g.source_position, g.contract_line_id, g.service_period,
       g.net_minor, g.terms_key, g.late_on
  FROM given_back g
  JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = g.source_invoice_id
 WHERE g.tenant_id = %(tenant_id)s
   AND g.invoice_id = %(invoice_id)s
   AND i.status <> 'VOID'
"""
GIVEN_LINES = """
SELECT DISTINCT contract_line_id
  FROM given_back
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = %(invoice_id)s
"""
FORGET = "DELETE FROM given_back WHERE tenant_id = %(tenant_id)s AND invoice_id = %(invoice_id)s"
GIVEN_BY = """
SELECT DISTINCT invoice_id
  FROM given_back
 WHERE tenant_id = %(tenant_id)s
   AND source_invoice_id = %(invoice_id)s
 ORDER BY invoice_id
"""
# Credit notes that gave back, on one day with a document, the late windows it bills anew.
CREDITED_FOR = """
SELECT DISTINCT g.invoice_id
  FROM billed_slices b
  JOIN given_back g
    ON g.tenant_id = %(tenant_id)s
   AND g.contract_line_id = b.contract_line_id
   AND g.service_period && b.service_period
   AND g.invoice_id <> b.invoice_id
   AND g.late_on IS NOT NULL
  JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = g.invoice_id
 WHERE b.tenant_id = %(tenant_id)s
   AND b.invoice_id = %(invoice_id)s
   AND i.bill_on = %(on)s
   AND i.status <> 'VOID'
"""
# Of documents that were approved: a draft follows its usage by itself.
PIECES_ISSUED = """
SELECT b.contract_line_id, lower(b.service_period) AS starts_on, upper(b.service_period) AS ends_on,
       b.terms_key, b.net_minor, b.invoice_id, b.position, b.late_on
  FROM billed_slices b
  JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = b.invoice_id
 WHERE b.tenant_id = %(tenant_id)s
   AND b.contract_line_id = ANY(%(line_ids)s)
   AND b.late_on IS NULL
   AND i.status IN ('APPROVED', 'ISSUED')
 ORDER BY b.contract_line_id, starts_on
"""
BILLED_BY_USAGE = """
SELECT DISTINCT l.contract_id
  FROM contract_lines l
  JOIN contracts c ON c.tenant_id = %(tenant_id)s AND c.id = l.contract_id
 WHERE l.tenant_id = %(tenant_id)s
   AND l.kind = 'USAGE'
   AND c.status IN ('ACTIVE', 'END_BILLING')
   AND c.first_billed_on IS NOT NULL
   AND (%(customer_id)s::text IS NULL OR c.customer_id = %(customer_id)s)
 ORDER BY l.contract_id
"""
# Lines that were given back from, what was given back of them before, and how much of that by
# credit notes written by hand; as if the document `without` were not there.
SOURCES = """
SELECT asked.invoice_id, asked.position, l.quantity, l.tax_category, l.tax_percent, l.tax_rule,
       l.tax_reason, l.tax_parts, l.net_minor, l.tax_minor,
       back.net AS back_net, back.tax AS back_tax, back.by_hand
  FROM unnest(%(invoice_ids)s::text[], %(positions)s::int[]) AS asked (invoice_id, position)
  JOIN invoice_lines l
    ON l.tenant_id = %(tenant_id)s
   AND l.invoice_id = asked.invoice_id
   AND l.position = asked.position
 CROSS JOIN LATERAL (
        SELECT coalesce(-sum(c.net_minor), 0)::bigint AS net,
               coalesce(-sum(c.tax_minor), 0)::bigint AS tax,
               coalesce(-sum(c.net_minor) FILTER (WHERE c.contract_line_id IS NULL), 0)::bigint
               AS by_hand
          FROM invoice_lines c
          JOIN invoices i ON i.tenant_id = %(tenant_id)s AND i.id = c.invoice_id
         WHERE c.tenant_id = %(tenant_id)s
           AND c.source_invoice_id = asked.invoice_id
           AND c.source_position = asked.position
           AND c.invoice_id IS DISTINCT FROM %(without)s
           AND i.status <> 'VOID') AS back
"""
MARK_LATE = """
UPDATE billed_slices
   SET late_on = %(on)s
  FROM unnest(%(line_ids)s::text[], %(starts)s::date[]) AS moved (line_id, starts_on)
 WHERE billed_slices.tenant_id = %(tenant_id)s
   AND contract_line_id = moved.line_id
   AND lower(service_period) = moved.starts_on
   AND late_on IS NULL
"""


class BilledMeanwhile(Conflict):
    """Somebody changed what stands of these lines at the same moment; try again."""

    code = "BilledMeanwhile"

    def __init__(self) -> None:
        super().__init__("What stands of these contract lines has just changed; try again.")


def standing(
    tx: Tx, line_ids: Collection[LineId], *, without: Collection[InvoiceId] = ()
) -> dict[str, list[Piece]]:
    """Their pieces that stand, in time; as if the documents `without` were not there."""
    if not without:
        return _by_line(tx.all(PIECES, line_ids=list(line_ids)))
    found = _by_line(tx.all(PIECES_WITHOUT, line_ids=list(line_ids), without=list(without)))
    return {line_id: _whole(pieces) for line_id, pieces in found.items()}


def credited_for(tx: Tx, invoice_id: InvoiceId, *, on: date) -> list[InvoiceId]:
    """The credit notes of that day that gave back the late windows a document bills anew."""
    return [row.invoice_id for row in tx.all(CREDITED_FOR, invoice_id=invoice_id, on=on)]


def standing_since(tx: Tx, since: Mapping[LineId, date]) -> dict[str, list[Piece]]:
    """The pieces of those lines that stand and begin on or after a day of each."""
    return _by_line(tx.all(PIECES_SINCE, line_ids=list(since), since=list(since.values())))


def standing_issued(tx: Tx, line_ids: Collection[LineId]) -> dict[str, list[Piece]]:
    """The pieces of those lines that stand on approved and issued documents, in time."""
    return _by_line(tx.all(PIECES_ISSUED, line_ids=list(line_ids)))


def contracts_billed_by_usage(tx: Tx, *, customer_id: CustomerId | None = None) -> list[ContractId]:
    """The contracts that were billed, ended or not, and have metered lines."""
    return [row.contract_id for row in tx.all(BILLED_BY_USAGE, customer_id=customer_id)]


def take_away(tx: Tx, gone: Iterable[GivenBack]) -> None:
    """Take away the pieces of which days are given back, and put there what is left of those that
    are not gone whole. Raises BilledMeanwhile when one of them is there no more.
    """
    by_piece: dict[tuple[Source, date], list[GivenBack]] = {}
    for each in gone:
        by_piece.setdefault((each.piece.source, each.piece.start), []).append(each)
    if by_piece:
        _remove(tx, [members[0].piece for members in by_piece.values()])
        left = [row for members in by_piece.values() for row in _left_rows(members)]
        tx.append_rows("billed_slices", SLICE_COLUMNS, left)


def settle(tx: Tx, drafts: Iterable[Draft]) -> None:
    """Write down what the lines of new drafts settle, and what they give back, which was taken
    away before.
    """
    rows, given = list[tuple[object, ...]](), list[tuple[object, ...]]()
    for draft in drafts:
        for position, line in enumerate(draft.lines, start=1):
            if line.settled is None:
                continue
            if not line.settled.gives_back:
                rows.append(_slice_row(draft, position, line))
            given += [_given_row(draft, position, each) for each in line.settled.gone]
    tx.append_rows("given_back", GIVEN_COLUMNS, given)
    tx.append_rows("billed_slices", SLICE_COLUMNS, rows)


def stand_down(tx: Tx, invoice_id: InvoiceId) -> None:
    """A document stands no more: what it settled is open, what it gave back stands again.

    Raises InvoiceNotVoidable when a later document gave back some of it, or charged the days anew
    that would stand again.
    """
    later = tx.all(GIVEN_BY, invoice_id=invoice_id)
    if later:
        raise InvoiceNotVoidable(
            f"Invoice {later[0].invoice_id} gives back days of invoice {invoice_id}; void it first."
        )
    tx.run(STAND_DOWN, invoice_id=invoice_id)
    try:
        tx.run(STAND_AGAIN, invoice_id=invoice_id)
    except ExclusionViolation:
        raise InvoiceNotVoidable(
            f"Days that invoice {invoice_id} gives back are charged anew on another; void it first."
        ) from None
    _join_again(tx, [row.contract_line_id for row in tx.all(GIVEN_LINES, invoice_id=invoice_id)])
    tx.run(FORGET, invoice_id=invoice_id)


def sources(
    tx: Tx, lines: Collection[Source], *, without: InvoiceId | None = None
) -> dict[Source, SourceLine]:
    """What those lines came to, what they bore, and what was given back of them before."""
    if not lines:
        return {}
    rows = tx.all(
        SOURCES,
        invoice_ids=[source.invoice_id for source in lines],
        positions=[source.position for source in lines],
        without=without,
    )
    return {
        Source(row.invoice_id, row.position): SourceLine(
            quantity=row.quantity,
            treatment=treatment_from(row),
            net_minor=row.net_minor,
            tax_minor=row.tax_minor,
            back_net_minor=row.back_net,
            back_tax_minor=row.back_tax,
            by_hand_minor=row.by_hand,
        )
        for row in rows
    }


def mark_late(tx: Tx, slices: Collection[tuple[LineId, date]], *, on: date) -> None:
    """Usage of these slices turned out on that day to be other than billed."""
    tx.run(
        MARK_LATE,
        line_ids=[line_id for line_id, _ in slices],
        starts=[starts_on for _, starts_on in slices],
        on=on,
    )


def _remove(tx: Tx, pieces: Sequence[Piece]) -> None:
    taken = tx.run(
        TAKE_AWAY,
        invoice_ids=[piece.source.invoice_id for piece in pieces],
        positions=[piece.source.position for piece in pieces],
        starts=[piece.start for piece in pieces],
    )
    if taken != len(pieces):
        raise BilledMeanwhile


def _join_again(tx: Tx, line_ids: Collection[LineId]) -> None:
    """Parts of one piece that stand side by side again are one piece, as they were before."""
    runs = [run for pieces in standing(tx, line_ids).values() for run in _runs(pieces)]
    split = [run for run in runs if len(run) > 1]
    if not split:
        return
    _remove(tx, [piece for run in split for piece in run])
    tx.append_rows("billed_slices", SLICE_COLUMNS, [_piece_row(_joined(run)) for run in split])


def _whole(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces of one line, in time; parts of one piece that stand side by side are one again,
    also where the same days were charged to somebody else.
    """
    return sorted(map(_joined, _runs(pieces)), key=lambda piece: piece.start)


def _runs(pieces: Iterable[Piece]) -> list[list[Piece]]:
    runs: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.source, piece.start)):
        if runs and _goes_on(runs[-1][-1], piece):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _goes_on(one: Piece, other: Piece) -> bool:
    """True when they are parts of one piece; what was counted is never taken apart."""
    is_alike = (one.source, one.terms_key) == (other.source, other.terms_key)
    return is_alike and one.end == other.start and one.late_on is other.late_on is None


def _joined(run: Sequence[Piece]) -> Piece:
    return run[0]._replace(end=run[-1].end, net_minor=sum(piece.net_minor for piece in run))


def _piece_row(piece: Piece) -> tuple[object, ...]:
    days = range_text(piece.start, piece.end)
    return (*piece.source, piece.line_id, days, piece.net_minor, piece.terms_key)


def _left_rows(members: Sequence[GivenBack]) -> Iterable[tuple[object, ...]]:
    piece = members[0].piece
    left = without(Period(piece.start, piece.end), [each.period for each in members])
    minor = piece.net_minor - sum(each.net_minor for each in members)
    for period, part in zip(left, dealt(minor, left), strict=True):
        yield _piece_row(piece._replace(start=period.start, end=period.end, net_minor=part))


def _slice_row(draft: Draft, position: int, line: InvoiceLine) -> tuple[object, ...]:
    settled = line.settled
    assert settled is not None, "it settles days of a contract line"
    stands = line.net.minor + sum(each.net_minor for each in settled.gone)
    days = range_text(settled.coverage.start, settled.coverage.end)
    return draft.id, position, line.line_id, days, stands, settled.terms_key


def _given_row(draft: Draft, position: int, gone: GivenBack) -> tuple[object, ...]:
    piece = gone.piece
    days = range_text(gone.period.start, gone.period.end)
    return (
        *(draft.id, position, *piece.source, piece.line_id),
        *(days, gone.net_minor, piece.terms_key, piece.late_on),
    )


def _by_line(rows: Iterable[Row]) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for row in rows:
        piece = Piece(
            row.contract_line_id,
            row.starts_on,
            row.ends_on,
            row.terms_key,
            row.net_minor,
            Source(row.invoice_id, row.position),
            row.late_on,
        )
        found.setdefault(piece.line_id, []).append(piece)
    return found
