"""The wiring: from settings to a runtime, from a runtime to one application with all its faces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

import usance
from usance.api.envelope import Wire
from usance.api.mount import mount_api
from usance.api.route import Door
from usance.flows.runtime import Runtime
from usance.hosted.invoice import hosted_router
from usance.providers.vies import Vies
from usance.settings import Settings
from usance.store import tenants
from usance.store.database import Database
from usance.store.embedded.cluster import attach
from usance.store.migrate import migrate


class Health(Wire):
    """It answers, and so does its database."""

    status: Literal["ok"] = "ok"
    version: str = usance.__version__


@contextmanager
def database_for(settings: Settings) -> Iterator[Database]:
    """The database the settings name, or the embedded one of their home; brought up to date.

    Raises DatabaseUnusable, EmbeddedPostgresError, psycopg.OperationalError.
    """
    if settings.database_url is not None:
        with _open(settings.database_url) as database:
            yield database
        return
    with attach(settings.home) as cluster, _open(cluster.url) as database:
        yield database


def runtime_for(database: Database, settings: Settings) -> Runtime:
    """The outside as the settings name it."""
    if settings.vies_url is None:
        return Runtime(database)
    return Runtime(database, tax_id_register=Vies(settings.vies_url))


def application(runtime: Runtime, settings: Settings) -> ASGIApp:
    """The API, the hosted pages, and `GET /health`."""
    app = FastAPI(
        title="Usance", version=usance.__version__, docs_url=None, redoc_url=None, debug=False
    )
    mount_api(app, Door(runtime, settings.max_body_bytes, settings.public_url))
    app.include_router(hosted_router(runtime))

    @app.get(
        "/health",
        tags=["Service"],
        operation_id="health",
        summary="Is it up?",
        response_model=Health,
    )
    def health() -> JSONResponse:
        """200 when the database answers, without a key; 503 when it does not."""
        with runtime.database.platform() as tx:
            tenants.answers(tx)
        return JSONResponse(Health().model_dump())

    return app


@contextmanager
def _open(url: str) -> Iterator[Database]:
    migrate(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
