"""The command: `python -m usance_client.sidecar --server URL`, until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from usance_client.client import UsanceClient
from usance_client.sidecar.server import Sidecar

KEY = "USANCE_API_KEY"
LISTEN = "127.0.0.1:8126"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, then send what waits. The exit status."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    key = asked.key or os.environ.get(KEY)
    if not key:
        print(f"usance-sidecar: give it an API key: --key or {KEY}", file=sys.stderr)  # noqa: T201
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    client = UsanceClient(
        key,
        asked.server,
        customers=asked.customer,
        cache_path=asked.cache,
        default_fallback=asked.fallback == "allow",
        flush_interval=asked.flush_interval,
        is_synced=asked.sync,
        most_customers=asked.most_customers,
    )
    with client:
        try:
            sidecar = Sidecar(client, *_address(asked.listen))
        except OSError as problem:
            message = f"cannot listen on {asked.listen}: {problem.strerror}"
            print(f"usance-sidecar: {message}", file=sys.stderr)  # noqa: T201
            return 1
        with sidecar:
            print(f"usance-sidecar listens on {sidecar.url}", flush=True)  # noqa: T201
            stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="usance-sidecar", description=__doc__)
    parser.add_argument("--server", required=True, help="where Usance is: https://usance.example")
    parser.add_argument("--key", help=f"an API key; better in the environment, as {KEY}")
    parser.add_argument("--listen", default=LISTEN, help=f"address and port; {LISTEN}")
    parser.add_argument("--cache", help="a file that outlives restarts, with usage beside it")
    parser.add_argument(
        "--customer", action="append", default=[], help="known from the start; repeat it"
    )
    parser.add_argument(
        "--fallback",
        choices=("deny", "allow"),
        default="deny",
        help="what is said of a customer nothing is known of while the server is down",
    )
    parser.add_argument("--flush-interval", type=float, default=1.0, help="seconds; 1")
    parser.add_argument(
        "--most-customers",
        type=int,
        default=10_000,
        help="held at a time, beside those known from the start; 10000",
    )
    parser.add_argument("--sync", action="store_true", help="usage outlives a power cut, too")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal():
        raise SystemExit(f"usance-sidecar: --listen is {text!r}; such as {LISTEN} is expected")
    return host.strip("[]") or "127.0.0.1", int(port)
