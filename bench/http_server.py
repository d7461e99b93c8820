"""A server process for the benches over HTTP: Usance, or the barest there is beside it.

    python -m bench.http_server usance DATABASE_URL PORT
    python -m bench.http_server bare DATABASE_URL PORT TENANT_ID

The bare one is a function of ASGI that reads one row by its key, on a pool and in a thread as
everybody would, and answers it as JSON; no key of an API, no rule, no framework.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.holding import HOLDER, METERED
from usance.flows.runtime import Runtime
from usance.main import application
from usance.settings import Settings
from usance.store.database import Database

POINT = """
SELECT quantity, window_start, window_end, feature_id
  FROM usage_counters
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
   AND feature_id = %(feature_id)s
   AND scope = '*'
"""
THREADS = 4
JSON = [(b"content-type", b"application/json")]


def bare(database: Database, tenant_id: str) -> ASGIApp:
    """One point query a request."""
    threads = ThreadPoolExecutor(THREADS)

    def read() -> bytes:
        with database.at_once(tenant_id) as tx:
            row = tx.maybe(POINT, customer_id=HOLDER, feature_id=METERED)
        assert row is not None, "it was used"
        found = {
            "featureId": row.feature_id,
            "currentUsage": int(row.quantity),
            "usagePeriodStart": row.window_start,
            "usagePeriodEnd": row.window_end,
        }
        return msgspec.json.encode({"data": found})

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "nothing else is asked"
        body = await asyncio.get_running_loop().run_in_executor(threads, read)
        headers = [*JSON, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main() -> None:
    """Serve until killed."""
    kind, url, port, *more = sys.argv[1:]
    database = Database(url)
    if kind == "bare":
        app = bare(database, more[0])
    else:
        app = application(Runtime(database), Settings(home=Path("/nowhere")))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen(128)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
