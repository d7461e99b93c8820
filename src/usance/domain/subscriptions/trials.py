"""Trials: who may start one."""

from __future__ import annotations


def may_start_trial(*, trials_before: int, has_paid_before: bool, is_self_serve: bool) -> bool:
    """True for a first trial of a product by somebody who never paid for it.

    Whoever sells it may give another one.
    """
    return not is_self_serve or (trials_before == 0 and not has_paid_before)
