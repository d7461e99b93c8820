"""`usance serve` and `usance worker`: the processes that run all day."""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, Session, session
from usance.cli.show import paper
from usance.domain.api_keys.keys import key_hash
from usance.flows.open_environment import create_key
from usance.main import application
from usance.store import api_keys
from usance.worker.loop import work

ONLY_MINE = 0o600
GRACE = 5  # seconds: streams have no end of their own
PATHS = (("API", "/api/v1"), ("API document", "/openapi.json"), ("health", "/health"))


def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    has_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also do queued work in this process.")
    ] = True,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Serve the API and the hosted pages, and do queued work, until stopped."""
    with _listening(host, port) as listener, session(environment) as here:
        url = f"http://{host}:{listener.getsockname()[1]}"
        settings = replace(here.settings, public_url=here.settings.public_url or url)
        _greet(here, url)
        stop = threading.Event()
        queue = threading.Thread(target=work, args=(here.runtime,), kwargs={"stop": stop})
        if has_worker:
            queue.start()
        app = application(here.runtime, settings)
        _keep_what_stays()
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            stop.set()
            if has_worker:
                queue.join()


def _keep_what_stays() -> None:
    """What the application is made of stays as long as the process: looking through its 200,000
    objects for garbage, again and again, would cost each batch of events milliseconds.
    """
    gc.collect()
    gc.freeze()


def worker(
    *,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Do what is due, then end.")
    ] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Do queued and periodic work; start as many of these as you like, on any machine."""
    with session(environment) as here:
        work(here.runtime, until_idle=until_idle)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket first: a port in use is told before anything else is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that the event loop sets TCP_NODELAY: answers would wait for it.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as failure:
            raise OSError(f"cannot listen on {host}:{port}: {failure.strerror}") from None
        listener.listen(128)
        yield listener


def _greet(here: Session, url: str) -> None:
    paper.print(f"[bold]Usance[/bold] serves environment {here.scope.tenant_id!r}")
    for name, path in (
        ("API", "/api/v1"),
        ("API document", "/openapi.json"),
        ("health", "/health"),
    ):
        paper.print(f"  {name:<14}{url}{path}", soft_wrap=True)
    paper.print(f"  {'API key':<14}{_development_key(here)}", markup=False, soft_wrap=True)


def _development_key(here: Session) -> str:
    """The key for trying things out on this machine, kept in a file only its owner can read."""
    file = _key_file(here.settings.home, here.scope.tenant_id)
    if file.exists():
        kept = file.read_text(encoding="utf-8").strip()
        with here.runtime.database.platform() as platform:
            known = api_keys.opened_by(platform, key_hash(kept), at=here.runtime.clock())
        if known is not None and known.tenant_id == here.scope.tenant_id:
            return kept
    key = create_key(here.runtime, here.scope, name="development")
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, ONLY_MINE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(key.secret + "\n")
    return key.secret


def _key_file(home: Path, tenant_id: str) -> Path:
    return home / f"development-key-{tenant_id}"
