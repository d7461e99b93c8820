"""Subscriptions: what a customer holds of a product, on which terms, from when until when.

Owns: a subscription's state at any instant; the versions of its terms and which is in force; trials
and what follows on them; its billing periods; cancelling, and which cancellation is allowed when;
whether a change is a downgrade, and when it takes effect.
Does not own: what plans hold (plans), whether anybody may use anything (entitlements), what is
billed (contracts, by way of the orders that a paid subscription's versions become).

Always true:
- a state is the same at every instant until the next instant that the subscription names;
- a billing period begins whole periods after the anchor, and the next begins where it ends;
- terms of the past are never changed: a change is a new version.

Nothing is done when a time comes: states follow from instants that were written down before, so a
stopped worker locks nobody out and lets nobody in.
Source: the reference, sections 1.8 and 3.5 to 3.7.
"""
