"""Equal requests at the same time are one request: many who want a new rendering take one thread, and not each his own.

That is for the event loop what application/single_flight.py is for threads.
"""

from asyncio import Future, get_running_loop, shield
from collections.abc import Awaitable, Callable

from attrs import define, field
from starlette.responses import Response

from imgsvc.entrypoints.http.image_responses import Picture
from imgsvc.entrypoints.http.response_cache import Key


@define(eq=False)
class SingleFlight:
    """Of one event loop."""

    _under_way: dict[tuple[Key, int], "Future[Response | None]"] = field(factory=dict, init=False)

    async def answer(self, asked: Key, mark: int, work: Callable[[], Awaitable[Response]]) -> Response:
        """What the work comes to, or what it came to for the one who asked first; only whole pictures are shared.

        ``mark`` is that of ``ResponseCache``: who asks after something ended does not join who asked before.
        """
        key = asked, mark
        first = self._under_way.get(key)
        if first is not None:
            response = await shield(first)
            return await work() if response is None else response
        future = self._under_way[key] = get_running_loop().create_future()
        shared: Response | None = None
        try:
            response = await work()
            shared = response if isinstance(response, Picture) and response.subjects else None
            return response
        finally:
            del self._under_way[key]
            future.set_result(shared)
