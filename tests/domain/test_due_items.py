"""Due items: their kinds and what makes each one slice."""

from decimal import Decimal

from tests.domain.deals import FAR
from tests.domain.invoicing.agreement import CALLS, JANUARY, SEATS, agreement
from usance.domain.contracts.owed import due
from usance.domain.due_items import LineKind


def test_what_happens_once_is_told_from_what_recurs() -> None:
    assert [kind for kind in LineKind if kind.is_once] == [LineKind.ONE_OFF, LineKind.MILESTONE]


def test_usage_is_counted_and_everything_else_is_agreed() -> None:
    seats, calls = due(agreement(SEATS, CALLS), through=FAR).items
    assert (seats.is_usage, seats.quantity) == (False, Decimal(10))
    assert (calls.is_usage, calls.quantity) == (True, None)


def test_a_slice_is_known_by_its_line_and_first_day() -> None:
    (seats,) = due(agreement(), through=FAR).items
    assert seats.key == (seats.line_id, JANUARY.start)
