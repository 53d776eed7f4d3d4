"""What a real clock would take too long for."""

import asyncio

from imgsvc.domain.notation import parse
from imgsvc.domain.session import Identity
from imgsvc.entrypoints.http.threads import Threads
from imgsvc.entrypoints.http.watching import Watching
from tests.pictures import encoded, quadrants


def test_a_stream_that_has_nothing_to_tell_says_that_it_is_there(service, settings, tmp_path):
    user = service.use_cases.register_user("ada", "correct horse battery")
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(quadrants()))
    with path.open("rb") as content:
        image = service.use_cases.upload_image(user.id, content, "picture.png")
    job = service.use_cases.request_variant(user.id, image.id, parse("w:10"))

    async def told():
        watching = Watching(Threads(settings), service.use_cases, most=1, most_of_one=1, heartbeat=0.01)
        follower = watching.follow(Identity(user=user), job)
        found = [one async for one in limited(watching.changes(follower), 3)]
        watching.leave(follower)
        return found

    assert asyncio.run(told()) == [job, None, None]


async def limited(changes, count):
    async for one in changes:
        yield one
        count -= 1
        if not count:
            return
