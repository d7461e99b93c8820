"""Prepaid units: their balance and worth, buying more, and paying with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from usance.domain.credits.consuming import consume
from usance.domain.credits.grants import Grant, turn
from usance.domain.entitlements.access import Decision, DenialReason

NOTHING = Decimal(0)


def balance(grants: Iterable[Grant], at: datetime) -> Decimal:
    """What is left in all grants in force at that instant."""
    return sum((grant.left for grant in grants if grant.is_in_force(at)), NOTHING)


def check_credits(
    grants: Iterable[Grant], requested: Decimal, *, at: datetime, is_soft: bool = False
) -> Decision:
    """Whether so many units may be used at that instant, all of them; a soft limit lets them.

    `limit` is what the grants in force hold together, used or not. `valid_until`: the first
    instant at which one of them ends, or another begins.
    """
    every = list(grants)
    in_force = [grant for grant in every if grant.is_in_force(at)]
    short = consume(in_force, requested, at).short
    changes = [each.effective_at for each in every] + [each.expires_at for each in in_force]
    has_access = is_soft or not short
    return Decision(
        has_access=has_access,
        denial_reason=None if has_access else DenialReason.INSUFFICIENT_CREDITS,
        limit=sum((grant.amount for grant in in_force), NOTHING),
        current_usage=sum((grant.used for grant in in_force), NOTHING),
        remaining=balance(in_force, at),
        is_soft_exceeded=is_soft and bool(short),
        valid_until=min((each for each in changes if each and each > at), default=None),
    )


def worth(units: Decimal, unit_value: Decimal) -> Decimal:
    """What so many units are worth, exactly, in major units of the currency of `unit_value`."""
    return units * unit_value


def weighted(quantities: Mapping[str, Decimal], weights: Mapping[str, Decimal]) -> Decimal:
    """The units that quantities cost, each at its own weight. Raises KeyError without one."""
    return sum((worth(each, weights[name]) for name, each in quantities.items()), NOTHING)


def to_buy(
    left: Decimal, *, threshold: Decimal, target: Decimal, most: Decimal | None = None
) -> Decimal:
    """The units to buy when a balance has fallen below the threshold: up to the target.

    None when that is more than `most`, what may still be bought this month.
    """
    wanted = target - left if left < threshold else NOTHING
    return NOTHING if wanted < 0 or (most is not None and wanted > most) else wanted


@dataclass(frozen=True, slots=True)
class Wallet:
    """A grant that pays; `only` for one kind of fee, None for all."""

    grant: Grant
    only: str | None = None


def paid_by(
    fees: Mapping[str, Decimal], wallets: Iterable[Wallet], at: datetime
) -> dict[str, Decimal]:
    """What each wallet in force pays of the fees of each kind, by grant id, in turn.

    A wallet for all kinds pays them in the order they are told in.
    """
    open_fees = dict(fees)
    paid: dict[str, Decimal] = {}
    for wallet in sorted(wallets, key=lambda each: turn(each.grant)):
        grant = wallet.grant
        left = grant.left if grant.is_in_force(at) else NOTHING
        for kind, amount in open_fees.items():
            if wallet.only in (None, kind):
                part = min(left, amount)
                left -= part
                open_fees[kind] = amount - part
                paid[grant.id] = paid.get(grant.id, NOTHING) + part
    return {ident: amount for ident, amount in paid.items() if amount}
