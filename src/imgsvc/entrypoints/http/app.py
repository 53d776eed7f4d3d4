"""The ASGI application, and its lifetime."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.cache_middleware import CacheMiddleware
from imgsvc.entrypoints.http.caller_cache import CallerCache
from imgsvc.entrypoints.http.cors import AllowedOrigins, Cors
from imgsvc.entrypoints.http.dispatching import routes
from imgsvc.entrypoints.http.document import openapi
from imgsvc.entrypoints.http.document.reference import reference_routes
from imgsvc.entrypoints.http.endpoint import Endpoint
from imgsvc.entrypoints.http.endpoints import (
    accounts,
    api_keys,
    health,
    images,
    jobs,
    links,
    metrics,
    plans,
    presets,
    sessions,
    uploads,
    variants,
    webhooks,
)
from imgsvc.entrypoints.http.errors import MethodNotAllowed, NoSuchPage, problem
from imgsvc.entrypoints.http.invalidated_cache import InvalidatedCache
from imgsvc.entrypoints.http.invalidation_listener import InvalidationListener
from imgsvc.entrypoints.http.requests import RequestScope
from imgsvc.entrypoints.http.response_cache import ResponseCache
from imgsvc.entrypoints.http.single_flight import SingleFlight
from imgsvc.entrypoints.http.studio.routes import studio_routes
from imgsvc.entrypoints.http.threads import Threads
from imgsvc.entrypoints.http.watching import Watching
from imgsvc.entrypoints.settings import Settings
from imgsvc.entrypoints.worker import Worker

ENDPOINTS = (
    *accounts.ENDPOINTS,
    *sessions.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *images.ENDPOINTS,
    *plans.ENDPOINTS,
    *presets.ENDPOINTS,
    *variants.ENDPOINTS,
    *jobs.ENDPOINTS,
    *uploads.ENDPOINTS,
    *links.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *health.ENDPOINTS,
    *metrics.ENDPOINTS,
)


_CACHE_BYTES = 32 * 2**20


def create_app(service: Service) -> Starlette:
    """The service over HTTP; while it runs, it also makes queued variants where its settings give it slots."""

    @asynccontextmanager
    async def lifetime(app: Starlette) -> AsyncIterator[None]:
        app.state.threads = Threads(service.settings)
        app.state.watching = Watching(
            app.state.threads,
            service.use_cases,
            most=service.settings.waiting,
            most_of_one=service.settings.waiting_per_account,
        )
        listener = InvalidationListener(cache, service.invalidations)
        worker = Worker(service, service.settings.server_slots)
        app.state.worker = worker
        with service.invalidations.subscribed(cache.forget):
            try:
                listener.start()
                await to_thread.run_sync(worker.start)
                yield
            finally:
                await to_thread.run_sync(listener.finish)
                await to_thread.run_sync(worker.finish)

    cache = InvalidatedCache(_CACHE_BYTES)
    response_cache = ResponseCache(cache)
    origins = service.settings.allowed_origins
    endpoints = _served(service.settings)
    app = Starlette(
        routes=[*routes(endpoints), *reference_routes(openapi.document(endpoints)), *_front(service.settings)],
        middleware=[
            *([Middleware(Cors, origins=AllowedOrigins(origins), metrics=service.metrics)] if origins else []),
            Middleware(CacheMiddleware, answers=response_cache, metrics=service.metrics),
            Middleware(RequestScope, metrics=service.metrics),
        ],
        exception_handlers={HTTPException: _http_exception},
        lifespan=lifetime,
    )
    # A slash too many would be answered with the address that the caller's own Host header names.
    app.router.redirect_slashes = False
    app.state.service = service
    app.state.response_cache = response_cache
    app.state.caller_cache = CallerCache(cache)
    app.state.single_flight = SingleFlight()
    return app


def _served(settings: Settings) -> tuple[Endpoint, ...]:
    """Without a token for them, metrics are at no address: no other method than GET tells that there might be any."""
    return tuple(one for one in ENDPOINTS if settings.metrics_token is not None or one not in metrics.ENDPOINTS)


def _front(settings: Settings) -> list[BaseRoute]:
    """What a person finds at ``/``: the studio, or the page of the API."""
    if settings.studio:
        return studio_routes(redirects=settings.redirect_seconds > 0)
    return [Route("/", lambda _: RedirectResponse("docs"))]


async def _http_exception(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: paths and methods that are not there."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem(request, MethodNotAllowed("this path has other methods"), dict(error.headers or {}))
    return problem(request, NoSuchPage("there is nothing at this address"))
