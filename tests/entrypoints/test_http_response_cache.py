"""Pictures that are answered from memory: the same answers, and none of them longer than it is right."""

from asyncio import gather
from contextlib import ExitStack
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from anyio import fail_after, run
from attrs import evolve

from imgsvc.adapters.credentials.jwt_tokens import JwtTokens
from imgsvc.adapters.repositories import migrate
from imgsvc.entrypoints.composition import utc_now
from imgsvc.entrypoints.http.app import create_app
from tests.application.adapters import WatchedEngine
from tests.entrypoints.worker.services import Recorded, with_use_case
from tests.pictures import encoded, quadrants
from tests.real_servers.postgres import new_database
from tests.servers import PASSWORD, Account, running_server
from tests.waiting import wait_for

HOST = "http://imgsvc.example"
PNG = encoded(quadrants())
# What is not the same from one answer to the next, or tells where this one came from.
OWN = {"date", "x-request-id", "x-imgsvc-cache"}


@pytest.fixture
def path(account):
    return f"/v1/images/{account.upload(PNG)}/content?t=w:5,f:webp"


def from_memory(client, path, **more):
    """The answer, once it comes from there."""
    return wait_for(lambda: (answer := client.get(path, **more)).headers.get("x-imgsvc-cache") == "memory" and answer)


def told(answer):
    return {name: value for name, value in answer.headers.items() if name not in OWN}


def test_an_answer_from_memory_is_the_one_that_was_given_before(account, path):
    first = account.client.get(path)
    again = from_memory(account.client, path)

    assert first.headers["x-imgsvc-cache"] == "rendered"
    assert (again.status_code, again.content, told(again)) == (200, first.content, told(first))


def test_no_answer_is_remembered_past_the_end_of_the_token_it_was_asked_for_with(account, server, path):
    secret = (server.data_dir / "secrets" / "token_secret").read_bytes().strip()
    tokens = JwtTokens(secret, "imgsvc", "imgsvc", timedelta(seconds=3), utc_now)
    whose = tokens.verify(account.token)
    token = tokens.issue(whose.user, whose.session).token
    ends_at = tokens.verify(token).expires_at
    asked_at = []

    def refused():
        asked_at.append(utc_now())
        answer = account.client.get(path, headers={"Authorization": f"Bearer {token}"})
        return answer if answer.status_code != 200 else None

    answer = wait_for(refused)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert all(moment < ends_at for moment in asked_at[:-1])


def test_an_answer_from_memory_asks_nobody(service):
    authenticate = Recorded(service.use_cases.authenticate)
    app = create_app(with_use_case(service, authenticate=authenticate))

    async def asked_often():
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            path = await uploaded(client)
            with fail_after(30):
                while True:  # until what others end is heard of
                    before = len(authenticate.calls)
                    assert (await client.get(path)).status_code == 200
                    if len(authenticate.calls) == before:
                        return

    run(asked_often)


def test_who_was_just_known_is_not_asked_for_again_for_a_new_rendering(service):
    authenticate = Recorded(service.use_cases.authenticate)
    app = create_app(with_use_case(service, authenticate=authenticate))

    async def asked_for_many():
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            path = (await uploaded(client)).removesuffix("w:5")
            with fail_after(30):
                for width in range(6, 1000):
                    before = len(authenticate.calls)
                    answer = await client.get(f"{path}w:{width},f:png")
                    assert (answer.status_code, answer.headers["x-imgsvc-cache"]) == (200, "rendered")
                    if len(authenticate.calls) == before:
                        return

    run(asked_for_many)


def test_a_hundred_who_want_one_new_rendering_are_all_answered_and_cause_one(service):
    engine = WatchedEngine(service.use_cases.open_rendering.make_now.engine, lambda: rendered.append(1))
    rendered = []
    make_now = evolve(service.use_cases.open_rendering.make_now, engine=engine)
    open_rendering = evolve(service.use_cases.open_rendering, make_now=make_now)
    app = create_app(with_use_case(service, open_rendering=open_rendering))

    async def asked_by_many():
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            path = await uploaded(client)
            return await gather(*(client.get(path) for _ in range(100)))

    answers = run(asked_by_many)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["x-request-id"] for answer in answers}) == 100
    assert len(rendered) == 1


async def uploaded(client):
    """The address of a rendering, which the client may see from here on."""
    credentials = {"username": "ada", "password": PASSWORD}
    await client.post("/v1/auth/register", json=credentials)
    token = (await client.post("/v1/auth/login", json=credentials)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    image = (await client.post("/v1/images", files={"file": ("a.png", PNG)})).json()["id"]
    return f"/v1/images/{image}/content?t=w:5"


def test_head_and_if_none_match_are_answered_as_ever(account, path):
    first = account.client.get(path)
    from_memory(account.client, path)

    head = account.client.head(path)
    known = account.client.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    unknown = account.client.get(path, headers={"If-None-Match": '"other"'})

    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(first.content)))
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", first.headers["etag"])
    assert known.headers["cache-control"] == first.headers["cache-control"]
    assert (unknown.status_code, unknown.content) == (200, first.content)


def test_a_part_is_answered_as_ever(account, path):
    first = from_memory(account.client, path)
    part = account.client.get(path, headers={"Range": "bytes=2-5"})

    assert (part.status_code, part.content) == (206, first.content[2:6])


def test_nobody_else_is_answered_with_it(server, account, anyone, path):
    from_memory(account.client, path)
    stranger = server.account()
    with stranger.client:
        assert stranger.client.get(path).status_code == 404
    assert anyone.get(path).status_code == 401
    assert anyone.get(path, headers={"Authorization": f"Bearer {account.token}x"}).status_code == 401


def test_who_shows_other_formats_is_answered_with_another(account):
    path = f"/v1/images/{account.upload(PNG)}/content?t=w:5,f:auto"

    kinds = {
        accept: from_memory(account.client, path, headers={"Accept": accept}).headers["content-type"]
        for accept in ("image/webp", "image/png", "image/webp")
    }

    assert kinds == {"image/webp": "image/webp", "image/png": "image/png"}


def test_every_answer_has_an_id_of_its_own(account, path):
    from_memory(account.client, path)
    mine = f"mine-{uuid4()}"

    answers = [account.client.get(path, headers={"X-Request-Id": given}) for given in (mine, "not one!")]

    assert answers[0].headers["x-request-id"] == mine
    assert answers[1].headers["x-request-id"] != "not one!"


def test_once_it_is_deleted_nothing_is_answered(account, path):
    from_memory(account.client, path)

    account.client.delete(path.partition("/content")[0]).raise_for_status()

    assert account.client.get(path).status_code == 410


def test_once_a_refresh_token_comes_again_nothing_is_answered(server):
    credentials = {"username": f"user-{uuid4().hex[:12]}", "password": PASSWORD}
    with server.client() as client:
        client.post("/v1/auth/register", json=credentials).raise_for_status()
        first, *_ = tokens = [client.post("/v1/auth/login", json=credentials).json()]
        for _ in range(2):
            answer = client.post("/v1/auth/refresh", json={"refresh_token": tokens[-1]["refresh_token"]})
            tokens.append(answer.raise_for_status().json())
        account = Account(server.client(first["access_token"]), first["access_token"])
        with account.client:
            path = f"/v1/images/{account.upload(PNG)}/content?t=w:5"
            from_memory(account.client, path)

            reused = client.post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})

            assert account.client.get(path).status_code == 401
    assert reused.json()["code"] == "token_reused"


@pytest.mark.parametrize("ending", ["logout", "key", "account"])
def test_once_his_credentials_have_ended_who_was_just_known_is_refused(server, ending):
    account = server.account()
    with account.client:
        path = f"/v1/images/{account.upload(PNG)}/content"
        key = account.client.post("/v1/api-keys", json={"name": "reader", "scopes": ["read"]}).raise_for_status().json()
        used = key["key"] if ending == "key" else account.token
        end = {
            "logout": lambda: account.client.post("/v1/auth/logout"),
            "key": lambda: account.client.delete(f"/v1/api-keys/{key['api_key']['id']}"),
            "account": lambda: account.client.request("DELETE", "/v1/me", json={"password": PASSWORD}),
        }
        with server.client(used) as asking:
            for width in (5, 6):
                asking.get(f"{path}?t=w:{width}").raise_for_status()

            end[ending]().raise_for_status()

            assert asking.get(f"{path}?t=w:7").status_code == 401


def test_a_watermark_that_is_deleted_takes_what_was_made_with_it_along(account):
    mark = account.upload(PNG)
    path = f"/v1/images/{account.upload(PNG)}/content?watermarkImage={mark}"
    from_memory(account.client, path)

    account.client.delete(f"/v1/images/{mark}").raise_for_status()

    assert account.client.get(path).status_code == 422


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def two_servers(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two") / "data"
    settings = {"WORKER_SLOTS": "0", "RENDER_IN": "process"}
    with ExitStack() as opened:
        if request.param == "postgres":
            url = opened.enter_context(new_database(request.getfixturevalue("postgres_url")))
            migrate(url)
            settings["DATABASE_URL"] = url
        yield [opened.enter_context(running_server(folder, **settings)) for _ in range(2)]


def test_what_one_process_deletes_others_soon_do_not_answer_with(two_servers):
    account = two_servers[0].account()
    other: Account = Account(two_servers[1].client(account.token), account.token)
    with account.client, other.client:
        image = f"/v1/images/{account.upload(PNG)}"
        link = account.client.post(f"{image}/links", json={"t": "w:5"}).json()["url"]
        gone = {f"{image}/content?t=w:5": httpx.codes.GONE, link: httpx.codes.NOT_FOUND}
        for path in gone:
            from_memory(other.client, path)

        account.client.delete(image).raise_for_status()

        for path, status in gone.items():
            wait_for(lambda path=path, status=status: other.client.get(path).status_code == status, seconds=2)


def test_what_one_process_changes_again_within_a_minute_others_soon_answer_with(two_servers):
    account = two_servers[0].account()
    other: Account = Account(two_servers[1].client(account.token), account.token)
    with account.client, other.client:
        image = f"/v1/images/{account.upload(PNG)}"
        for name in ("first", "second"):
            from_memory(other.client, f"{image}/content?t=w:5")
            account.client.patch(image, json={"name": f"{name}.png"}).raise_for_status()
            wait_for(lambda name=name: name in told_name(other.client, image), seconds=2)


def test_whom_one_process_logs_out_others_soon_refuse_new_renderings(two_servers):
    account = two_servers[0].account()
    other: Account = Account(two_servers[1].client(account.token), account.token)
    with account.client, other.client:
        path = f"/v1/images/{account.upload(PNG)}/content"
        from_memory(other.client, f"{path}?t=w:5")

        account.client.post("/v1/auth/logout").raise_for_status()

        widths = iter(range(6, 1000))
        wait_for(lambda: other.client.get(f"{path}?t=w:{next(widths)}").status_code == 401, seconds=2)


def told_name(client, image):
    return client.get(f"{image}/content?t=w:5").headers["content-disposition"]
