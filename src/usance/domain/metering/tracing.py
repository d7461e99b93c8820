"""Tracing: what became of an event since it was kept, told from the documents it counted on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from usance.domain.ids import ContractId, FeatureId, InvoiceId, LineId
from usance.domain.metering.events import ReceivedEvent


class EventState(StrEnum):
    """Where an event stands now. Derived whenever it is asked for, and kept nowhere."""

    ACCEPTED = "ACCEPTED"  # a feature counts it; no document has its day yet
    UNMATCHED = "UNMATCHED"  # no feature counts it: its name, filters or field do not fit
    REVERSED = "REVERSED"  # another event took it back before a document was approved
    LATE = "LATE"  # it came after the document of its day was approved, and is not on it
    RATED = "RATED"  # on a document that is not issued yet
    INVOICED = "INVOICED"  # on an issued document


# Of an event that several lines count: the state that says most about it.
FIRST = (
    EventState.INVOICED,
    EventState.RATED,
    EventState.LATE,
    EventState.REVERSED,
    EventState.ACCEPTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event as it is kept, and what took it back, if anything did.

    `counts_as`: the event whose count it changes, itself unless it is a reversal.
    """

    received: ReceivedEvent
    counts_as: ReceivedEvent
    reversed_by: str | None = None
    reversed_at: datetime | None = None  # when the reversal was received

    @property
    def is_reversal(self) -> bool:
        """True when it takes another event back."""
        return self.received.event.reverses is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The document with a line for the event's day. `approved_at` None: a draft, still moving.

    `counted_through`: when the last event on that line was received, None when there was none.
    """

    invoice_id: InvoiceId
    number: str | None
    approved_at: datetime | None
    counted_through: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingLine:
    """A contract line that bills a feature that counts the event, and its document, if any."""

    feature_id: FeatureId
    contract_id: ContractId
    line_id: LineId
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Traced:
    """An event, the features that count it, its lines, and what became of it on each."""

    kept: KeptEvent
    feature_ids: tuple[FeatureId, ...]
    lines: tuple[tuple[BillingLine, EventState], ...]

    @property
    def state(self) -> EventState:
        """Where the event stands on the whole."""
        if not self.feature_ids:
            return EventState.UNMATCHED
        found = {state for _, state in self.lines}
        if not found:
            return state_without_document(self.kept)
        return next(state for state in FIRST if state in found)


def traced(
    kept: KeptEvent, feature_ids: Sequence[FeatureId], lines: Iterable[BillingLine]
) -> Traced:
    """What became of an event on each of the lines that bill what counts it."""
    return Traced(kept, tuple(feature_ids), tuple((line, state_on(kept, line)) for line in lines))


def state_on(kept: KeptEvent, line: BillingLine) -> EventState:
    """Where an event stands on one line.

    A draft follows its usage. What was approved follows nothing any more: an event is on it when it
    was received no later than the last one counted, a reversal when it came before the approval.
    """
    document = line.document
    if document is None:
        return state_without_document(kept)
    if document.approved_at is None:
        return EventState.RATED if kept.reversed_by is None else EventState.REVERSED
    if kept.reversed_at is not None and kept.reversed_at <= document.approved_at:
        return EventState.REVERSED
    if not _is_on(kept, document.approved_at, document.counted_through):
        return EventState.LATE
    return EventState.RATED if document.number is None else EventState.INVOICED


def state_without_document(kept: KeptEvent) -> EventState:
    """Where an event stands before its day is on any document."""
    return EventState.ACCEPTED if kept.reversed_by is None else EventState.REVERSED


def _is_on(kept: KeptEvent, approved_at: datetime, counted_through: datetime | None) -> bool:
    received_at = kept.received.received_at
    if kept.is_reversal:
        return received_at <= approved_at
    return counted_through is not None and received_at <= counted_through
