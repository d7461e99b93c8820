"""Tracing: where an event stands, told from the document that has its day."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.usage_values import at, event, reversal
from usance.domain.ids import ContractId, FeatureId, InvoiceId, LineId
from usance.domain.metering.events import ReceivedEvent
from usance.domain.metering.tracing import (
    BillingLine,
    Document,
    EventState,
    KeptEvent,
    state_on,
    traced,
)

CALLS = FeatureId("calls")
APPROVED = 10  # the hour at which a document was approved


def kept(received: int = 5, reversed_at: int | None = None) -> KeptEvent:
    """A call of the first hour, received then, and perhaps taken back then."""
    sent = ReceivedEvent(event(), at(received))
    return KeptEvent(
        received=sent,
        counts_as=sent,
        reversed_by=None if reversed_at is None else "back",
        reversed_at=None if reversed_at is None else at(reversed_at),
    )


def taking_back(received: int) -> KeptEvent:
    """What takes that call back, received then."""
    back = ReceivedEvent(reversal("back", "k1"), at(received))
    return KeptEvent(received=back, counts_as=ReceivedEvent(event(), at(5)))


def line(document: Document | None = None) -> BillingLine:
    """A line that bills the calls."""
    return BillingLine(
        feature_id=CALLS,
        contract_id=ContractId("deal"),
        line_id=LineId("line"),
        document=document,
    )


def document(
    *, approved: bool = True, number: str | None = None, through: int | None = 5
) -> Document:
    """One that counted what was received up to an hour."""
    approved_at: datetime | None = at(APPROVED) if approved else None
    return Document(
        invoice_id=InvoiceId("inv"),
        number=number,
        approved_at=approved_at,
        counted_through=None if through is None else at(through),
    )


DRAFT, HELD, ISSUED = document(approved=False), document(), document(number="1")


@pytest.mark.parametrize(
    ("sent", "on", "expected"),
    [
        (kept(), None, "ACCEPTED"),
        (kept(reversed_at=6), None, "REVERSED"),
        (kept(), DRAFT, "RATED"),
        (kept(received=9), DRAFT, "RATED"),
        (kept(reversed_at=6), DRAFT, "REVERSED"),
        (kept(), HELD, "RATED"),
        (kept(), ISSUED, "INVOICED"),
        (kept(received=6), ISSUED, "LATE"),
        (kept(), document(number="1", through=None), "LATE"),
        (kept(reversed_at=9), ISSUED, "REVERSED"),
        (kept(reversed_at=11), ISSUED, "INVOICED"),
        (taking_back(9), None, "ACCEPTED"),
        (taking_back(9), DRAFT, "RATED"),
        (taking_back(9), ISSUED, "INVOICED"),
        (taking_back(11), ISSUED, "LATE"),
    ],
)
def test_where_an_event_stands_is_told_from_the_document_of_its_day(
    sent: KeptEvent, on: Document | None, expected: str
) -> None:
    assert state_on(sent, line(on)).value == expected


def test_without_a_feature_that_counts_it_an_event_is_unmatched() -> None:
    assert traced(kept(), [], []).state is EventState.UNMATCHED


def test_an_event_that_nothing_bills_is_accepted_until_it_is_taken_back() -> None:
    assert traced(kept(), [CALLS], []).state is EventState.ACCEPTED
    assert traced(kept(reversed_at=6), [CALLS], []).state is EventState.REVERSED


def test_of_several_lines_the_one_that_invoiced_it_says_most() -> None:
    late, made_good = document(number="1", through=4), document(number="2")
    assert traced(kept(), [CALLS], [line(late), line(made_good)]).state is EventState.INVOICED
    assert traced(kept(), [CALLS], [line(late), line()]).state is EventState.LATE


@given(st.integers(0, 20), st.integers(0, 20))
def test_what_came_no_later_than_the_last_event_counted_is_on_the_document(
    received: int, through: int
) -> None:
    found = state_on(kept(received), line(document(number="1", through=through)))
    assert (found is EventState.INVOICED) is (received <= through)
