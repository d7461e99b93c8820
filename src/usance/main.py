"""The application: from a runtime and settings to all faces that speak HTTP."""

from __future__ import annotations

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
from usance.settings import Settings
from usance.store import tenants


class Health(Wire):
    """It answers, and so does its database."""

    status: Literal["ok"] = "ok"
    version: str = usance.__version__


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
