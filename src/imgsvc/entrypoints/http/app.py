"""The ASGI application, and its lifetime."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http import accounts, health, images, jobs, openapi, plans, variants
from imgsvc.entrypoints.http.endpoint import routes
from imgsvc.entrypoints.http.errors import MethodNotAllowed, NoSuchPage, problem
from imgsvc.entrypoints.http.requests import RequestScope
from imgsvc.entrypoints.http.threads import Threads
from imgsvc.entrypoints.worker import running_worker

ENDPOINTS = (
    *accounts.ENDPOINTS,
    *images.ENDPOINTS,
    *plans.ENDPOINTS,
    *variants.ENDPOINTS,
    *jobs.ENDPOINTS,
    *health.ENDPOINTS,
)


def create_app(service: Service) -> Starlette:
    """The service over HTTP; while it runs, it also makes queued variants where its settings give it slots."""

    @asynccontextmanager
    async def lifetime(app: Starlette) -> AsyncIterator[None]:
        app.state.threads = Threads(service.settings)
        worker = running_worker(service, service.settings.worker_slots)
        await to_thread.run_sync(worker.__enter__)
        try:
            yield
        finally:
            await to_thread.run_sync(worker.__exit__, None, None, None)

    document = json.dumps(openapi.document(ENDPOINTS), ensure_ascii=False)
    app = Starlette(
        routes=[
            *routes(ENDPOINTS),
            Route("/openapi.json", lambda request: Response(document, media_type="application/json")),
        ],
        middleware=[Middleware(RequestScope)],
        exception_handlers={HTTPException: _http_exception},
        lifespan=lifetime,
    )
    # A slash too many would be answered with the address that the caller's own Host header names.
    app.router.redirect_slashes = False
    app.state.service = service
    return app


async def _http_exception(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: paths and methods that are not there."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem(request, MethodNotAllowed("this path has other methods"), dict(error.headers or {}))
    return problem(request, NoSuchPage("there is nothing at this address"))
