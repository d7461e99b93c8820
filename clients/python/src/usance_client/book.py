"""The book: the snapshots that are held, what was used since, and the answers made of both.

Checks read `answers` without a lock: every value in it is made whole and put in at once. All that
changes the book happens under the client's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from usance_client.decision import DenialReason
from usance_client.reports import Report, by_meter
from usance_client.rules import Answers, answers, refusal
from usance_client.snapshot import Snapshot
from usance_client.tally import Tally, is_same_count, tally_of
from usance_client.windows import Nanoseconds

Whose = tuple[str, str | None]  # customer, resource
Question = tuple[str, str | None, str]  # customer, resource, feature
ABOUT_THE_SAME = 5 * 60 * 10**9  # nanoseconds; clocks of machines may differ by as much
NOT_FOUND_FOR = 30 * 10**9  # nanoseconds until a customer who was not found is asked for again
TENTH = 10  # of what is held goes at once, so that room is not made for each who comes
JUST_NOW = 2 * 10**9  # nanoseconds in which somebody may still be about to read what came for them
MOST_UNKNOWN_FEATURES = 1_000  # remembered for a customer, lest names that are made up fill memory


class Feed:
    """Until when what came through it counts as fresh; the instant moves on while it is alive."""

    __slots__ = ("fresh_until",)

    def __init__(self, fresh_until: Nanoseconds = 0) -> None:
        self.fresh_until = fresh_until


class Entry:
    """The answers to a question, laid out for the one who reads them most."""

    __slots__ = (
        "answers",
        "asked_at",
        "exceeded",
        "feed",
        "fits",
        "headroom",
        "marked",
        "stale_from",
        "unit",
        "until",
    )

    def __init__(
        self,
        made: Answers,
        *,
        until: Nanoseconds,
        stale_from: Nanoseconds,
        feed: Feed,
        asked_at: Nanoseconds,
    ) -> None:
        """All instants by this machine's clock. `asked_at`: when somebody last asked."""
        self.answers, self.feed = made, feed
        self.fits, self.exceeded = made.fits, made.exceeded
        self.unit, self.headroom = made.unit, made.headroom
        self.until, self.stale_from, self.asked_at = until, stale_from, asked_at
        self.marked: Entry | None = None

    def as_stale(self) -> Entry:
        """The same answers, marked stale; made once."""
        if self.marked is None:
            fits, exceeded = (replace(one, is_stale=True) for one in (self.fits, self.exceeded))
            made = replace(self.answers, fits=fits, exceeded=exceeded)
            self.marked = Entry(
                made,
                until=self.until,
                stale_from=self.stale_from,
                feed=self.feed,
                asked_at=self.asked_at,
            )
        return self.marked


@dataclass(slots=True)
class Held:
    """A snapshot, and what was used since it was made.

    `received_at`: when it came. `asked_at`: when somebody last asked, as far as the answers that
    are forgotten knew. `holds_until`: what it said itself. `is_outdated`: it is known that
    the server has another by now.
    """

    snapshot: Snapshot
    feed: Feed
    received_at: Nanoseconds
    holds_until: Nanoseconds
    tallies: dict[str, list[Tally]]
    unknown: set[str] = field(default_factory=set)
    unsettled_since: Nanoseconds | None = None
    asked_again_at: Nanoseconds = 0
    asked_at: Nanoseconds = 0
    is_outdated: bool = False

    @property
    def is_found(self) -> bool:
        """Whether the server knows them."""
        return self.snapshot.denial_reason not in (
            DenialReason.CUSTOMER_NOT_FOUND,
            DenialReason.CUSTOMER_RESOURCE_NOT_FOUND,
        )


class Book:
    """What is known of customers."""

    def __init__(
        self,
        now: Callable[[], Nanoseconds],
        queued_of: Callable[[tuple[str, str]], Iterable[Report]],
        *,
        most: int,
    ) -> None:
        """`most` are held, beside those who are `kept` and those whose usage is on its way."""
        self.answers: dict[Question, Entry] = {}
        self.kept: set[str] = set()
        self._most = self._full_at = most
        self._held: dict[Whose, Held] = {}
        self._resources: dict[str, set[str | None]] = {}
        self._on_their_way: set[tuple[str, str]] = set()
        self._clock = now
        self._shift = 0  # the server's clock less this machine's, where they are far apart
        self._queued_of = queued_of

    def now(self) -> Nanoseconds:
        """The instant by the server's clock, which in a sandbox may be moved."""
        return self._clock() + self._shift

    def held(self, whose: Whose) -> Held | None:
        """What is held of that customer or resource."""
        return self._held.get(whose)

    def all(self) -> Sequence[Held]:
        """All that is held."""
        return list(self._held.values())

    def of_customer(self, customer_id: str) -> Iterator[Held]:
        """What is held of a customer: as a whole, and of its resources."""
        for resource_id in self._resources.get(customer_id, ()):
            yield self._held[customer_id, resource_id]

    def put(self, snapshot: Snapshot, feed: Feed, *, is_exact: bool, received_at: int) -> None:
        """Hold this from now on. `is_exact`: it holds all that was ever sent from here."""
        self._set_clock(snapshot, received_at)
        old = self._held.get(snapshot.key)
        ends = (each.valid_until for each in snapshot.entitlements.values())
        holds_until = min([snapshot.valid_until, *ends]) - self._shift
        asked_at = received_at if old is None else self._asked_at(old)
        held = Held(snapshot, feed, received_at, holds_until, {}, asked_at=asked_at)
        for feature_id in snapshot.entitlements:
            before = [] if old is None else old.tallies.get(feature_id, [])
            held.tallies[feature_id] = self._tallies(
                snapshot, feature_id, before, is_exact=is_exact
            )
        if old is not None:
            held.unsettled_since = old.unsettled_since if _is_unsettled(held) else None
            self._forget(old)
        self._held[snapshot.key] = held
        self._resources.setdefault(snapshot.customer_id, set()).add(snapshot.resource_id)
        for feature_id in snapshot.entitlements:
            self._answer(held, feature_id)

    def make_room(self, newcomer: Whose | None = None) -> Collection[str]:
        """Forget those whom nobody asked about for longest, if too many are held; the customers
        that are not known of any more. Those who do not exist go first, and none who does for them.

        For a newcomer it tries again only when more came since it tried last.
        """
        most = self._most + len(self.kept)
        if len(self._held) <= (most if newcomer is None else max(most, self._full_at)):
            return ()
        idle = [each for each in self._held.values() if self._is_idle(each, newcomer)]
        gone = [each for each in idle if not each.is_found]
        excess = sum(each.is_found for each in self._held.values()) - most
        is_server_there = newcomer is None or self._held[newcomer].is_found
        if excess > 0 and is_server_there:
            found = sorted((each for each in idle if each.is_found), key=self._asked_at)
            gone += found[: excess + most // TENTH]
        for held in gone:
            self._drop(held)
        self._full_at = len(self._held) + most // TENTH
        customers = {held.snapshot.customer_id for held in gone}
        return [each for each in customers if each not in self._resources]

    def _is_idle(self, held: Held, newcomer: Whose | None) -> bool:
        """Whether nothing would be lost but what the server tells again."""
        snapshot = held.snapshot
        if snapshot.key == newcomer or snapshot.customer_id in self.kept:
            return False
        if self._clock() - self._asked_at(held) < JUST_NOW:
            return False
        meters = {(snapshot.customer_id, feature_id) for feature_id in held.tallies}
        is_waiting = any(next(iter(self._queued_of(meter)), None) for meter in meters)
        return not (is_waiting or meters & self._on_their_way or _is_unsettled(held))

    def _asked_at(self, held: Held) -> Nanoseconds:
        entries = (
            self.answers.get((*held.snapshot.key, feature_id))
            for feature_id in (*held.tallies, *held.unknown)
        )
        return max((each.asked_at for each in entries if each is not None), default=held.asked_at)

    def _tallies(
        self, snapshot: Snapshot, feature_id: str, before: Sequence[Tally], *, is_exact: bool
    ) -> list[Tally]:
        meter = snapshot.customer_id, feature_id
        queued = list(self._queued_of(meter))
        is_settling = meter not in self._on_their_way
        tallies = []
        for allowance in snapshot.entitlements[feature_id].allowances:
            tally = tally_of(allowance, self.now(), queued)
            same = next((one for one in before if is_same_count(one, tally)), None)
            if same is not None:
                tally.told(same, is_settling=is_settling, is_exact=is_exact)
            tallies.append(tally)
        return tallies

    def feed_from(self, customer_ids: Iterable[str], feed: Feed) -> None:
        """What is held of these is as fresh as that feed, from now on."""
        for customer_id in customer_ids:
            for held in self.of_customer(customer_id):
                held.feed = feed
                for feature_id in (*held.tallies, *held.unknown):
                    self._answer(held, feature_id)

    def entry(self, question: Question) -> Entry | None:
        """The answers of now; None when nothing is known of the customer."""
        customer_id, resource_id, feature_id = question
        held = self._held.get((customer_id, resource_id))
        if held is None:
            return None
        if _is_forgotten(held, self._clock()):
            self._drop(held)
            return None
        if feature_id in held.tallies:
            entry = self.answers[question]
            return entry if self._clock() < entry.until else self._roll(held, feature_id)
        if feature_id in held.unknown:
            return self.answers[question]
        if len(held.unknown) >= MOST_UNKNOWN_FEATURES:
            self._forget_unknown(held)
        held.unknown.add(feature_id)
        return self._answer(held, feature_id)

    def count(self, report: Report) -> None:
        """It was reported just now."""
        for held in self._counting(report.meter):
            for tally in held.tallies[report.feature_id]:
                tally.roll(self.now(), self._queued_of(report.meter))
                tally.count(report)
            self._answer(held, report.feature_id)

    def sent(self, reports: Sequence[Report]) -> None:
        """These are on their way."""
        self._on_their_way = {report.meter for report in reports}
        for meter, of_meter in by_meter(reports).items():
            for held in self._counting(meter):
                for tally in held.tallies[meter[1]]:
                    tally.send(of_meter, self._queued_of(meter))
                self._answer(held, meter[1])

    def confirmed(self, reports: Sequence[Report]) -> None:
        """The server has these."""
        self._on_their_way -= {report.meter for report in reports}
        now = self._clock()
        for meter in by_meter(reports):
            for held in self._counting(meter):
                if held.unsettled_since is None and _is_unsettled(held):
                    held.unsettled_since = now

    def refused(self, reports: Sequence[Report]) -> None:
        """The server will never have these."""
        self._on_their_way -= {report.meter for report in reports}
        for meter, of_meter in by_meter(reports).items():
            for held in self._counting(meter):
                for tally in held.tallies[meter[1]]:
                    tally.take_out(of_meter)
                self._answer(held, meter[1])

    def _set_clock(self, snapshot: Snapshot, received_at: Nanoseconds) -> None:
        """Go by the server's clock, unless it is about the same."""
        if snapshot.at is None:
            return
        apart = snapshot.at - received_at
        shift = apart if abs(apart) > ABOUT_THE_SAME else 0
        if abs(shift - self._shift) > ABOUT_THE_SAME:
            self._shift = shift
            for held in self._held.values():
                for feature_id in held.tallies:
                    self._roll(held, feature_id)

    def _counting(self, meter: tuple[str, str]) -> Iterator[Held]:
        customer_id, feature_id = meter
        for held in self.of_customer(customer_id):
            if feature_id in held.tallies:
                yield held

    def _roll(self, held: Held, feature_id: str) -> Entry:
        meter = held.snapshot.customer_id, feature_id
        for tally in held.tallies[feature_id]:
            tally.roll(self.now(), self._queued_of(meter))
        return self._answer(held, feature_id)

    def _answer(self, held: Held, feature_id: str) -> Entry:
        snapshot = held.snapshot
        question = (*snapshot.key, feature_id)
        entitlement = snapshot.entitlements.get(feature_id)
        if snapshot.denial_reason is not None:
            made = refusal(snapshot.denial_reason)
        elif entitlement is None:
            made = refusal(DenialReason.NO_FEATURE_ENTITLEMENT)
        else:
            made = answers(entitlement, [tally.use for tally in held.tallies[feature_id]])
        before = self.answers.get(question)
        entry = Entry(
            made,
            asked_at=held.asked_at if before is None else before.asked_at,
            until=made.until - self._shift,
            stale_from=min(made.stale_from, snapshot.valid_until) - self._shift,
            feed=held.feed,
        )
        if snapshot.denial_reason is DenialReason.CUSTOMER_NOT_FOUND:
            entry.until = held.received_at + NOT_FOUND_FOR
        self.answers[question] = entry
        return entry

    def _drop(self, held: Held) -> None:
        self._forget(held)
        customer_id, resource_id = held.snapshot.key
        del self._held[customer_id, resource_id]
        self._resources[customer_id].discard(resource_id)
        if not self._resources[customer_id]:
            del self._resources[customer_id]

    def _forget(self, old: Held) -> None:
        """Answers to what the customer does not have any more."""
        for feature_id in old.tallies:
            self.answers.pop((*old.snapshot.key, feature_id), None)
        self._forget_unknown(old)

    def _forget_unknown(self, held: Held) -> None:
        for feature_id in held.unknown:
            self.answers.pop((*held.snapshot.key, feature_id), None)
        held.unknown.clear()


def _is_forgotten(held: Held, now: Nanoseconds) -> bool:
    """Whether they were not found so long ago that they may be there now."""
    is_found = held.snapshot.denial_reason is not DenialReason.CUSTOMER_NOT_FOUND
    return not is_found and now - held.received_at >= NOT_FOUND_FOR


def _is_unsettled(held: Held) -> bool:
    tallies = (tally for of_feature in held.tallies.values() for tally in of_feature)
    return any(tally.expected is not None for tally in tallies)
