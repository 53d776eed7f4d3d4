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
import re
import types
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import field, frozen

from imgsvc.application.rates import RateGroup
from imgsvc.domain.api_key import Scope
from imgsvc.domain.errors import ImgsvcError
from imgsvc.entrypoints.http.threads import Pool

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
    media_types: tuple[str, ...] = ()  # of its success, where that is a text of its own
    security: str | None = None  # what it asks for instead of a caller, as the document names it
    before_fetching: Callable[..., None] | None = None  # refuses what need not be fetched; called as the function is

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

    @cached_property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @cached_property
    def group(self) -> RateGroup | None:
        """What its requests are counted with."""
        if not self.is_counted:
            return None
        if not self.needs_caller:
            return RateGroup.LINK if self.is_picture else RateGroup.AUTH
        if self.is_picture:
            return RateGroup.RENDER
        if self.takes("upload"):
            return RateGroup.UPLOAD
        return RateGroup.READ if self.method == "GET" else RateGroup.WRITE

    @cached_property
    def needs_caller(self) -> bool:
        return self.needs_login or self.takes("caller") or self.takes("identity")

    @property
    def needs_login(self) -> bool:
        return self.takes("login")

    @cached_property
    def scope(self) -> Scope | None:
        """What an API key must be good for; None where nobody is asked who he is, or no key is good enough."""
        if self.needs_login or not self.needs_caller:
            return None
        return Scope.READ if self.method == "GET" or self.only_reads else Scope.WRITE

    @cached_property
    def is_done_once(self) -> bool:
        """Where it comes with an ``Idempotency-Key``."""
        return self.method == "POST" and self.status in (201, 202) and self.needs_caller

    def takes(self, name: str) -> bool:
        return name in self.parameters


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
    media_types: tuple[str, ...] = (),
    security: str | None = None,
    before_fetching: Callable[..., None] | None = None,
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
            media_types=media_types,
            security=security,
            before_fetching=before_fetching,
        )

    return made
