"""A plain function as an HTTP endpoint: its parameters say what a request must carry.

``use_cases`` and ``service`` are the service's; ``caller`` is who the bearer token or API key says, and ``identity``
the same with what he is known by, which has to be a session where it is asked for as ``login``; ``body``, ``query`` and
``upload`` are read from the request as their types say; ``request`` is for the headers of conditional requests;
``watching`` waits for jobs. Every other parameter is a part of the path, read by its type: an id, or a name; parts that
it does not name are its own to read. The function runs in a thread, after the request was counted with its group
(application/rates.py); one that is ``async`` runs on the event loop, and holds no thread while it waits.

A POST that makes something is done once for each ``Idempotency-Key``. ``new_id`` is the id of what it makes: with a key
the same for each try, so that who finds it taken finds what an earlier try has left.
"""

import inspect
import json
import re
import types
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from functools import cached_property, partial
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

from attrs import evolve, field, fields, frozen
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgsvc.application.rates import Group
from imgsvc.domain.api_key import Scope
from imgsvc.domain.errors import ImgsvcError, InvalidInput, NotFound
from imgsvc.domain.plain_data import plain
from imgsvc.domain.preset import FromPreset, Preset, PresetName, name_rule
from imgsvc.domain.session import Identity
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.admission import Admitted, admit, rate_headers
from imgsvc.entrypoints.http.bodies import read_body, read_query
from imgsvc.entrypoints.http.errors import problem
from imgsvc.entrypoints.http.flights import Flights
from imgsvc.entrypoints.http.forms import fetched, read_upload
from imgsvc.entrypoints.http.idempotency import OnceOnly, once_only, without_secrets
from imgsvc.entrypoints.http.image_responses import Picture
from imgsvc.entrypoints.http.remembered import RememberedAnswers, asked
from imgsvc.entrypoints.http.threads import Pool, Threads

T = TypeVar("T")


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
    is_stream: bool
    form: Mapping[str, str]  # what may be sent besides an upload, and what that means
    pool: Pool
    is_counted: bool = True
    only_reads: bool = False

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
        return re.findall(r"{(\w+)}", self.path)

    @cached_property
    def _path_readers(self) -> dict[str, Callable[[str], object]]:
        return {name: _PATH_READERS[self.types[name]] for name in filter(self.takes, self.path_parameters)}

    @property
    def group(self) -> Group | None:
        """What its requests are counted with."""
        if not self.is_counted:
            return None
        if not self.needs_caller:
            return Group.LINK if self.is_picture else Group.AUTH
        if self.is_picture:
            return Group.RENDER
        if self.takes("upload"):
            return Group.UPLOAD
        return Group.READ if self.method == "GET" else Group.WRITE

    @property
    def needs_caller(self) -> bool:
        return self.needs_login or self.takes("caller") or self.takes("identity")

    @property
    def needs_login(self) -> bool:
        return self.takes("login")

    @property
    def scope(self) -> Scope | None:
        """What an API key must be good for; None where nobody is asked who he is, or no key is good enough."""
        if self.needs_login or not self.needs_caller:
            return None
        return Scope.READ if self.method == "GET" or self.only_reads else Scope.WRITE

    @property
    def is_done_once(self) -> bool:
        """Where it comes with an ``Idempotency-Key``."""
        return self.method == "POST" and self.status in (201, 202) and self.needs_caller

    def takes(self, name: str) -> bool:
        return name in self.parameters

    async def answer(self, request: Request) -> Response:
        remembered: RememberedAnswers = request.app.state.remembered
        flights: Flights = request.app.state.flights
        mark = remembered.mark()
        wanted = asked(request.scope) if self.is_picture and request.method == "GET" else None
        if wanted is None or wanted.if_none_match:
            return await self._answer(request)

        async def answer() -> Response:
            response = await self._answer(request)
            if isinstance(response, Picture) and response.subjects:
                headers, body = _as_remembered(response), bytes(response.body)
                remembered.keep(wanted.key, headers, body, response.subjects, mark, response.good_for)
            return response

        return await flights.answer(wanted.key, mark, answer)

    async def _answer(self, request: Request) -> Response:
        service: Service = request.app.state.service
        threads: Threads = request.app.state.threads
        admitted = Admitted(None)
        try:
            # Who asks comes first: a stranger learns nothing from how the rest of his request is judged.
            admitted = await threads.run(Pool.READING, partial(admit, service, request, self.group, self.needs_caller))
            admitted.must_be_let_in()
            if admitted.identity is not None:
                self._must_be_allowed(admitted.identity)
            with ExitStack() as opened:
                arguments = await self._arguments(request, service, admitted.identity, opened)
                once = self._once_only(request, service, admitted)
                if once is None:
                    response = self._response(await self._done(service, threads, arguments, opened))
                else:
                    response = await self._done_once(once, request, service, threads, arguments, opened)
        except ImgsvcError as error:
            return problem(request, error, rate_headers(admitted.counted, error))
        response.headers.update(rate_headers(admitted.counted))
        return response

    def _must_be_allowed(self, identity: Identity) -> None:
        """Raises InsufficientScope."""
        if self.needs_login:
            _ = identity.logged_in
        if self.scope is not None:
            identity.must_have(self.scope)

    def _once_only(self, request: Request, service: Service, admitted: Admitted) -> OnceOnly | None:
        if not self.is_done_once or admitted.identity is None:
            return None
        return once_only(request, service.use_cases.answer_once, admitted.identity.user)

    async def _done_once(
        self,
        once: OnceOnly,
        request: Request,
        service: Service,
        threads: Threads,
        arguments: dict[str, Any],
        opened: ExitStack,
    ) -> Response:
        """What the same request was answered before, or what it is answered from now on."""
        begun = await threads.run(Pool.READING, partial(once.begin, request, arguments))
        if isinstance(begun, Response):
            return begun
        try:
            if self.takes("new_id"):
                arguments["new_id"] = begun.id
            result = await self._done(service, threads, arguments, opened)
        except BaseException:
            await threads.run(Pool.READING, partial(once.give_up, begun))
            raise
        await threads.run(Pool.READING, partial(once.keep, begun, self._response(_as_kept(result))))
        return self._response(result)

    async def _done(self, service: Service, threads: Threads, arguments: dict[str, Any], opened: ExitStack) -> object:
        if self.takes("upload") and arguments["upload"].url is not None:
            fetch = partial(fetched, service.use_cases.fetch_picture, arguments["upload"])
            upload = await threads.run(Pool.FETCHING, fetch)
            arguments["upload"] = opened.enter_context(closing(upload))
        return await self._result(arguments, service, threads)

    async def _arguments(
        self, request: Request, service: Service, identity: Identity | None, opened: ExitStack
    ) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for name in filter(self.takes, self.path_parameters):
            arguments[name] = self._path_readers[name](request.path_params[name])
        if self.takes("query"):
            arguments["query"] = read_query(request, self.types["query"])
        if self.takes("body"):
            arguments["body"] = await read_body(request, self.types["body"])
        if self.takes("upload"):
            upload = await read_upload(request, service.settings.max_bytes)
            arguments["upload"] = opened.enter_context(closing(upload))
        given = {"use_cases": service.use_cases, "service": service, "request": request, "new_id": uuid4()}
        given["watching"] = request.app.state.watching
        if identity is not None:
            given |= {"identity": identity, "login": identity, "caller": identity.user}
        return arguments | {name: value for name, value in given.items() if self.takes(name)}

    async def _result(self, arguments: Mapping[str, Any], service: Service, threads: Threads) -> object:
        if inspect.iscoroutinefunction(self.function):
            return await self.function(**arguments)
        return await threads.run(self.pool, partial(self._called, arguments, service))

    def _called(self, arguments: Mapping[str, Any], service: Service) -> object:
        named = {name: one for name, one in arguments.items() if isinstance(one, FromPreset)}
        specs = {name: service.use_cases.resolve_spec(arguments["caller"].id, one) for name, one in named.items()}
        return self.function(**{**arguments, **specs})

    def _response(self, result: object) -> Response:
        if isinstance(result, Response):
            return result
        answer = result if isinstance(result, Answer) else Answer(result, self.status)
        if answer.view is None:
            return Response(status_code=answer.status, headers=dict(answer.headers))
        headers = {"Cache-Control": "no-store", **answer.headers}
        content = json.dumps(plain(answer.view), ensure_ascii=False) + "\n"  # a terminal's prompt follows
        return Response(content, answer.status, headers, "application/json")


def _as_kept(result: object) -> object:
    """Of the same request with the same key."""
    return evolve(result, view=without_secrets(result.view)) if isinstance(result, Answer) else without_secrets(result)


def _as_remembered(response: Response) -> list[tuple[bytes, bytes]]:
    """The headers that the same answer will have when it comes from memory."""
    return [(name, b"memory" if name == b"x-imgsvc-cache" else value) for name, value in response.raw_headers]


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
    is_stream: bool = False,
    form: Mapping[str, str] | None = None,
    pool: Pool = Pool.READING,
    is_counted: bool = True,
    only_reads: bool = False,
) -> Callable[[Callable[..., object]], Endpoint]:
    """Make an endpoint of a function; ``raises`` names the failures that its parameters do not tell of already.

    An API key that may read is enough for GET, and for what ``only_reads`` whatever its method; anything else needs one
    that may write, and a ``login`` a session.
    """

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
            is_stream=is_stream,
            form=form or {},
            pool=pool,
            is_counted=is_counted,
            only_reads=only_reads,
        )

    return made


def _id(text: str) -> UUID:
    """Only the one spelling that we give out ourselves."""
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise NotFound("there is nothing with this id")
    return UUID(text)


def _preset_name(text: str) -> PresetName:
    try:
        name_rule(None, fields(Preset).name, text)
    except InvalidInput as error:
        error.path = ()
        raise error.of("name") from None
    return PresetName(text)


# How a part of the path is read, by what it is.
_PATH_READERS: dict[object, Callable[[str], object]] = {UUID: _id, PresetName: _preset_name}
