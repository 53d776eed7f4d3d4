"""A plain function as an HTTP endpoint: its parameters say what a request must carry.

``use_cases`` and ``service`` are the service's; ``caller`` is who the bearer token says; ``body``, ``query`` and
``upload`` are read from the request as their types say; ``request`` is for the headers of conditional requests.
Every other parameter is a part of the path, and an id. The function runs in a thread.
"""

import inspect
import json
import re
import types
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from functools import cached_property, partial
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgsvc.domain.errors import ImgsvcError, NotFound
from imgsvc.domain.plain_data import plain
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.bodies import bearer_token, read_body, read_query
from imgsvc.entrypoints.http.errors import problem
from imgsvc.entrypoints.http.forms import read_upload
from imgsvc.entrypoints.http.threads import Pool, Threads

T = TypeVar("T")

_GIVEN = {"use_cases", "service", "caller", "body", "query", "upload", "request"}


@frozen
class Answer(Generic[T]):
    """A view with another status or more headers than its endpoint always has."""

    view: T
    status: int
    headers: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    function: Callable[..., object]
    status: int
    also: Mapping[int, str]  # other statuses of success, and what they mean
    raises: tuple[type[ImgsvcError], ...]
    tag: str
    is_picture: bool
    pool: Pool

    @cached_property
    def types(self) -> dict[str, Any]:
        """What each parameter of the function is, and ``return``."""
        return get_type_hints(self.function)

    @property
    def view(self) -> Any:
        """The class of what is shown."""
        kind = self.types["return"]
        first = get_args(kind)[0] if get_origin(kind) in (Union, types.UnionType) else kind
        return get_args(first)[0] if get_origin(first) is Answer else first

    @cached_property
    def parameters(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.function).parameters)

    @property
    def path_parameters(self) -> list[str]:
        return sorted(self.parameters - _GIVEN)

    def takes(self, name: str) -> bool:
        return name in self.parameters

    async def answer(self, request: Request) -> Response:
        service: Service = request.app.state.service
        threads: Threads = request.app.state.threads
        try:
            with ExitStack() as opened:
                arguments = await self._arguments(request, service, threads, opened)
                result = await threads.run(self.pool, partial(self.function, **arguments))
        except ImgsvcError as error:
            return problem(request, error)
        return self._response(result)

    async def _arguments(
        self, request: Request, service: Service, threads: Threads, opened: ExitStack
    ) -> dict[str, Any]:
        # Who asks comes first: a stranger learns nothing from how the rest of his request is judged.
        arguments: dict[str, Any] = {}
        if self.takes("caller"):
            authenticate = partial(service.use_cases.authenticate, bearer_token(request))
            arguments["caller"] = await threads.run(Pool.READING, authenticate)
        for name in self.path_parameters:
            arguments[name] = _id(request.path_params[name])
        if self.takes("query"):
            arguments["query"] = read_query(request, self.types["query"])
        if self.takes("body"):
            arguments["body"] = await read_body(request, self.types["body"])
        if self.takes("upload"):
            upload = await read_upload(request, service.settings.max_bytes)
            arguments["upload"] = opened.enter_context(closing(upload))
        given = {"use_cases": service.use_cases, "service": service, "request": request}
        return arguments | {name: value for name, value in given.items() if self.takes(name)}

    def _response(self, result: object) -> Response:
        if isinstance(result, Response):
            return result
        answer = result if isinstance(result, Answer) else Answer(result, self.status)
        if answer.view is None:
            return Response(status_code=answer.status, headers=dict(answer.headers))
        headers = {"Cache-Control": "no-store", **answer.headers}
        content = json.dumps(plain(answer.view), ensure_ascii=False) + "\n"  # a terminal's prompt follows
        return Response(content, answer.status, headers, "application/json")


def routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    """One route a path, so that Allow tells all of its methods."""
    resources: dict[str, dict[str, Endpoint]] = {}
    for one in endpoints:
        resources.setdefault(one.path, {})[one.method] = one
    return [Route(path, _by_method(resource), methods=list(resource)) for path, resource in resources.items()]


def _by_method(resource: Mapping[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await resource["GET" if request.method == "HEAD" else request.method].answer(request)

    return answer


def endpoint(
    method: str,
    path: str,
    *,
    tag: str,
    status: int = 200,
    also: Mapping[int, str] | None = None,
    raises: tuple[type[ImgsvcError], ...] = (),
    is_picture: bool = False,
    pool: Pool = Pool.READING,
) -> Callable[[Callable[..., object]], Endpoint]:
    """Make an endpoint of a function; ``raises`` names the failures that its parameters do not tell of already."""

    def made(function: Callable[..., object]) -> Endpoint:
        return Endpoint(
            method=method,
            path=path,
            function=function,
            status=status,
            also=also or {},
            raises=raises,
            tag=tag,
            is_picture=is_picture,
            pool=pool,
        )

    return made


def _id(text: str) -> UUID:
    """Only the one spelling that we give out ourselves."""
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise NotFound("there is nothing with this id")
    return UUID(text)
