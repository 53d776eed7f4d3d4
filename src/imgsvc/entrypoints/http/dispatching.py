"""What is done with a request: who asks is looked at, what it carries is read, and its endpoint answers."""

import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from attrs import evolve, fields, frozen
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imgsvc.application.rates import RateGroup
from imgsvc.domain.errors import ImgsvcError, InvalidInput, NotFound, UnknownPreset
from imgsvc.domain.plain_data import plain
from imgsvc.domain.preset import Preset, PresetName, name_rule
from imgsvc.domain.session import Identity
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http.admission import Admitted, admit, rate_headers
from imgsvc.entrypoints.http.bodies import read_body, read_query
from imgsvc.entrypoints.http.caller_cache import CallerCache, seconds_left
from imgsvc.entrypoints.http.endpoint import Answer, Endpoint
from imgsvc.entrypoints.http.errors import problem
from imgsvc.entrypoints.http.idempotency import OnceOnly, once_only, without_secrets
from imgsvc.entrypoints.http.image_responses import Picture
from imgsvc.entrypoints.http.renderings import ORIGIN_HEADER
from imgsvc.entrypoints.http.response_cache import ResponseCache, asked
from imgsvc.entrypoints.http.single_flight import SingleFlight
from imgsvc.entrypoints.http.threads import Pool, Threads
from imgsvc.entrypoints.http.upload_bodies import fetched, read_upload

_ORIGIN = ORIGIN_HEADER.lower().encode()


def routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    """One route a path, so that Allow tells all of its methods."""
    resources: dict[str, dict[str, Endpoint]] = {}
    for one in endpoints:
        resources.setdefault(one.path, {})[one.method] = one
    return [Route(path, _by_method(resource), methods=list(resource)) for path, resource in resources.items()]


def _by_method(resource: Mapping[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        response = await _answered(resource["GET" if request.method == "HEAD" else request.method], request)
        origin = response.headers.get(ORIGIN_HEADER)
        if origin is not None:
            service: Service = request.app.state.service
            service.metrics.picture(origin)
        return response

    return answer


async def _answered(endpoint: Endpoint, request: Request) -> Response:
    """Equal requests for a picture are one while it is made, and the whole answer is kept for the next."""
    response_cache: ResponseCache = request.app.state.response_cache
    single_flight: SingleFlight = request.app.state.single_flight
    mark = response_cache.mark()
    wanted = asked(request.scope) if endpoint.is_picture and request.method == "GET" else None
    dispatch = _Dispatch(endpoint, request)
    if wanted is None or wanted.if_none_match:
        return await dispatch.answer()

    async def answer() -> Response:
        response = await dispatch.answer()
        if isinstance(response, Picture) and response.subjects:
            headers, body = _as_cached(response), bytes(response.body)
            response_cache.keep(wanted.key, endpoint.path, headers, body, response.subjects, mark, response.good_for)
        return response

    return await single_flight.answer(wanted.key, mark, answer)


def _as_cached(response: Response) -> list[tuple[bytes, bytes]]:
    """The headers that the same answer will have when it comes from memory."""
    return [(name, b"memory" if name == _ORIGIN else value) for name, value in response.raw_headers]


@frozen
class _Dispatch:
    """One request to one endpoint."""

    endpoint: Endpoint
    request: Request

    @property
    def _service(self) -> Service:
        service: Service = self.request.app.state.service
        return service

    @property
    def _threads(self) -> Threads:
        threads: Threads = self.request.app.state.threads
        return threads

    async def answer(self) -> Response:
        admitted = Admitted(None)
        try:
            # Who asks comes first: a stranger learns nothing from how the rest of his request is judged.
            admitted = await self._admitted()
            admitted.must_be_let_in()
            if admitted.identity is not None:
                self._must_be_allowed(admitted.identity)
            with ExitStack() as opened:
                arguments = await self._arguments(admitted.identity, opened)
                account = None if admitted.identity is None else admitted.identity.user.id
                once = self._once_only(admitted.identity)
                if once is None:
                    response = self._response(await self._done(account, arguments, opened))
                else:
                    response = await self._done_once(once, account, arguments, opened)
        except ImgsvcError as error:
            return problem(self.request, error, rate_headers(admitted.counted, error))
        response.headers.update(rate_headers(admitted.counted))
        if isinstance(response, Picture) and admitted.identity is not None:
            response.good_for = min(response.good_for, seconds_left(admitted.identity))
        return response

    async def _admitted(self) -> Admitted:
        one = self.endpoint
        admission = partial(admit, self._service, self.request, one.group, one.needs_caller)
        if one.group is not RateGroup.RENDER:
            return await self._threads.run(Pool.READING, admission)
        # Who is counted by what he renders, and is known: that takes neither a question to anybody nor a thread.
        caller_cache: CallerCache = self.request.app.state.caller_cache
        known, mark = caller_cache.find(self.request), caller_cache.mark()
        if known is not None:
            return Admitted(known)
        admitted = await self._threads.run(Pool.READING, admission)
        if admitted.identity is not None:
            caller_cache.keep(self.request, admitted.identity, mark)
        return admitted

    def _must_be_allowed(self, identity: Identity) -> None:
        """Raises InsufficientScope."""
        if self.endpoint.needs_login:
            _ = identity.logged_in
        if self.endpoint.scope is not None:
            identity.must_have(self.endpoint.scope)

    async def _arguments(self, identity: Identity | None, opened: ExitStack) -> dict[str, Any]:
        one, request = self.endpoint, self.request
        arguments: dict[str, Any] = {}
        for name in filter(one.takes, one.path_parameters):
            arguments[name] = _PATH_READERS[one.types[name]](request.path_params[name])
        if one.takes("query"):
            arguments["query"] = read_query(request, one.types["query"])
        if one.takes("body"):
            arguments["body"] = await read_body(request, one.types["body"])
        if one.takes("upload"):
            upload = await read_upload(request, self._service.settings.max_bytes)
            arguments["upload"] = opened.enter_context(closing(upload))
        given = {"use_cases": self._service.use_cases, "service": self._service, "request": request, "new_id": uuid4()}
        given["watching"] = request.app.state.watching
        if identity is not None:
            given |= {"identity": identity, "login": identity, "caller": identity.user}
        return arguments | {name: value for name, value in given.items() if one.takes(name)}

    def _once_only(self, identity: Identity | None) -> OnceOnly | None:
        if not self.endpoint.is_done_once or identity is None:
            return None
        return once_only(self.request, self._service.use_cases.answer_once, identity.user)

    async def _done_once(
        self, once: OnceOnly, account: UserId | None, arguments: dict[str, Any], opened: ExitStack
    ) -> Response:
        """What the same request was answered before, or what it is answered from now on."""
        threads = self._threads
        begun = await threads.run(Pool.READING, partial(once.begin, self.request, arguments))
        if isinstance(begun, Response):
            return begun
        try:
            if self.endpoint.takes("new_id"):
                arguments["new_id"] = begun.id
            result = await self._done(account, arguments, opened)
        except BaseException:
            await threads.run(Pool.READING, partial(once.give_up, begun))
            raise
        await threads.run(Pool.READING, partial(once.keep, begun, self._response(_as_kept(result))))
        return self._response(result)

    async def _done(self, account: UserId | None, arguments: dict[str, Any], opened: ExitStack) -> object:
        if self.endpoint.takes("upload") and arguments["upload"].url is not None:
            if self.endpoint.before_fetching is not None:
                await self._threads.run(Pool.READING, partial(self.endpoint.before_fetching, **arguments))
            fetch = partial(fetched, self._service.use_cases.fetch_picture, arguments["upload"])
            upload = await self._threads.run_for(account, Pool.FETCHING, fetch)
            arguments["upload"] = opened.enter_context(closing(upload))
        if inspect.iscoroutinefunction(self.endpoint.function):
            return await self.endpoint.function(**arguments)
        return await self._threads.run_for(account, self.endpoint.pool, partial(self._called, arguments))

    def _called(self, arguments: Mapping[str, Any]) -> object:
        name = next((name for name, one in arguments.items() if isinstance(one, WantedSpec)), None)
        if name is None:
            return self.endpoint.function(**arguments)
        wanted: WantedSpec = arguments[name]
        spec = self._resolved(arguments["caller"].id, wanted)
        try:
            return self.endpoint.function(**{**arguments, name: spec})
        except InvalidInput as error:
            # What has no path is wrong with the picture, or with the two together.
            raise (wanted.told_there(error) if error.path else error) from None

    def _resolved(self, caller: UserId, wanted: WantedSpec) -> TransformSpec:
        with wanted.refused_there():
            try:
                return self._service.use_cases.resolve_spec(caller, wanted.given)
            except UnknownPreset as error:
                raise (error if wanted.place or wanted.parameter else error.moved_to("preset")) from None

    def _response(self, result: object) -> Response:
        if isinstance(result, Response):
            return result
        answer = result if isinstance(result, Answer) else Answer(result, self.endpoint.status)
        if answer.view is None:
            return Response(status_code=answer.status, headers=dict(answer.headers))
        headers = {"Cache-Control": "no-store", **answer.headers}
        content = json.dumps(plain(answer.view), ensure_ascii=False) + "\n"  # a terminal's prompt follows
        return Response(content, answer.status, headers, "application/json")


def _as_kept(result: object) -> object:
    """For the same request with the same key: without what is shown once."""
    return evolve(result, view=without_secrets(result.view)) if isinstance(result, Answer) else without_secrets(result)


def _id(text: str) -> UUID:
    """Only the one spelling that we give out ourselves."""
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise NotFound("there is nothing with this id")
    return UUID(text)


def _preset_name(text: str) -> PresetName:
    try:
        name_rule(None, fields(Preset).name, text)
    except InvalidInput as error:
        raise error.moved_to().of("name") from None
    return PresetName(text)


# How a part of the path is read, by what it is.
_PATH_READERS: dict[object, Callable[[str], object]] = {UUID: _id, PresetName: _preset_name}
