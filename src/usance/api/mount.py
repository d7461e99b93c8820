"""Mount the API: its routes, its refusals, its description."""

from __future__ import annotations

from fastapi import FastAPI

from usance.api.errors import answer_refusals
from usance.api.invoices.routes import router as invoices
from usance.api.openapi import describe
from usance.api.orders.routes import router as orders
from usance.api.route import Door, open_door

ROUTERS = (orders, invoices)


def mount_api(app: FastAPI, door: Door) -> None:
    """Add the API to `app`."""
    open_door(app, door)
    for router in ROUTERS:
        app.include_router(router)
    answer_refusals(app)
    describe(app)
