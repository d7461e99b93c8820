"""Usance in your process: entitlements checked in about a microsecond, usage reported once.

Owns: what is known of customers and how it is kept fresh, decisions, usage on its way, what is
answered when the server is down; a sidecar and an OpenFeature provider over the same.
Does not own: what anybody is entitled to (the server), meters (the server).

Always true:
- the client decides as the server does;
- what was reported here is counted once: before the server has it, while it is on its way, and
  after;
- a window never drifts: it starts whole periods after the anchor, however many have passed;
- the windows of a reset tile time: an instant is in one, and the next begins where it ends.
"""

from usance_client.client import Status, UsanceClient
from usance_client.decision import ALLOW, DENY, Decision, DenialReason, Fallback, Kind
from usance_client.outbox import UsageNotTaken

__all__ = [
    "ALLOW",
    "DENY",
    "Decision",
    "DenialReason",
    "Fallback",
    "Kind",
    "Status",
    "UsageNotTaken",
    "UsanceClient",
]
