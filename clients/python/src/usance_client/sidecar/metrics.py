"""Metrics in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from usance_client.client import Status


def exposition(status: Status, counts: Mapping[tuple[str, str], int]) -> str:
    """How the sidecar is and what it was asked."""
    return "".join(f"{line}\n" for line in _lines(status, counts))


def _lines(status: Status, counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    yield from _counter("checks", "Checks by what they rest on.", "basis", counts)
    yield from _counter("lists", "Lists of entitlements.", "basis", counts)
    yield from _counter("reports", "Usage and events taken in.", "route", counts)
    heard = status.heard_seconds_ago
    for name, help_text, value in (
        ("customers", "Customers and resources that are known.", status.customers),
        ("pending_reports", "Reports that wait for the server.", status.pending),
        ("refused_reports", "Reports the server will never take.", status.refused),
        ("streams", "Streams of news.", status.streams),
        ("connected_streams", "Streams that are connected.", status.connected_streams),
        ("stream_connections", "Connections of streams so far.", status.reconnects),
        ("is_stale", "1 while the server is not heard.", int(status.is_stale)),
        ("heard_seconds_ago", "Since a sign of life; -1 never.", -1 if heard is None else heard),
    ):
        yield f"# HELP usance_sidecar_{name} {help_text}"
        yield f"# TYPE usance_sidecar_{name} gauge"
        yield f"usance_sidecar_{name} {value}"


def _counter(
    what: str, help_text: str, label: str, counts: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    yield f"# HELP usance_sidecar_{what}_total {help_text}"
    yield f"# TYPE usance_sidecar_{what}_total counter"
    for (kind, which), count in sorted(counts.items()):
        if kind == what:
            yield f'usance_sidecar_{what}_total{{{label}="{which}"}} {count}'
