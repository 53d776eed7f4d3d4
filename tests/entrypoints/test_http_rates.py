"""How often one may ask, by what one asks for; and how that is told."""

import re
from random import randrange

import pytest

from tests.pictures import encoded, quadrants
from tests.servers import running_server

pytestmark = pytest.mark.on_every_deployment

PNG = encoded(quadrants())
# A rendering of the picture below costs one megapixel: what is begun counts in full.
RATES = {"AUTH_RATE": "10", "UPLOAD_RATE": "3", "RENDER_RATE": "3", "READ_RATE": "5", "WRITE_RATE": "4"}
RATES |= {"KEY_READ_RATE": "2", "KEY_RENDER_RATE": "1", "LINK_RATE": "6", "LINK_RENDER_RATE": "2"}


@pytest.fixture(scope="module")
def limited(servers_named, tmp_path_factory):
    settings = RATES | {"WORKER_SLOTS": "0", "RENDER_IN": "process"} | servers_named
    with running_server(tmp_path_factory.mktemp("rates") / "data", TRUSTED_PROXIES="127.0.0.1", **settings) as server:
        yield server


@pytest.fixture
def address():
    """Another one for each test, as its proxy tells; no other run has had it lately, either."""
    return f"2001:db8:{randrange(2**16):x}:{randrange(2**16):x}::1"


@pytest.fixture
def client(limited, address):
    credentials = {"username": address.replace(":", "-"), "password": "correct horse battery"}
    with limited.client() as client:
        client.headers["X-Forwarded-For"] = address
        client.post("/v1/auth/register", json=credentials).raise_for_status()
        token = client.post("/v1/auth/login", json=credentials).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def uploaded(client):
    return client.post("/v1/images", files={"file": ("a.png", PNG)})


def test_an_answer_tells_what_is_left_of_its_group(client):
    first, second = client.get("/v1/images"), client.get("/v1/images")

    assert first.headers["RateLimit-Policy"] == '"read";q=5;w=60'
    assert re.fullmatch(r'"read";r=4;t=\d+', first.headers["RateLimit"])
    assert second.headers["RateLimit"].startswith('"read";r=3;')


def test_what_is_over_the_rate_is_refused_and_told_when_to_come_back(client):
    answers = [client.get("/v1/images") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"] == f'"read";r=0;t={refused.headers["Retry-After"]}'


def test_one_group_does_not_pay_for_another(client):
    for _ in range(6):
        client.get("/v1/images")

    assert uploaded(client).status_code == 201


def test_an_upload_over_the_rate_is_refused_and_not_kept(client):
    statuses = [uploaded(client).status_code for _ in range(4)]

    assert statuses == [201, 201, 201, 429]
    assert client.get("/v1/images").json()["total"] == 3


def test_others_are_not_affected(limited, client):
    for _ in range(6):
        client.get("/v1/images")

    other = limited.account()
    with other.client:
        assert other.client.get("/v1/images").status_code == 200


def test_another_address_does_not_help_an_account(client):
    statuses = []
    for number in range(6):
        client.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        statuses.append(client.get("/v1/images").status_code)

    assert statuses == [200] * 5 + [429]


def test_tokens_that_are_none_are_counted_by_address(client):
    client.headers["Authorization"] = "Bearer nonsense"

    # Two of ten went for the registration and the login.
    answers = [client.get("/v1/images") for _ in range(9)]

    assert [answer.status_code for answer in answers] == [401] * 8 + [429]
    assert [answer.headers["RateLimit"].split(";")[:2] for answer in answers[-3:]] == [
        ['"auth"', "r=1"],
        ['"auth"', "r=0"],
        ['"auth"', "r=0"],
    ]


def test_who_has_a_token_is_let_in_although_others_at_his_address_have_none(limited, client, address):
    with limited.client() as stranger:
        stranger.headers["X-Forwarded-For"] = address
        for _ in range(10):
            stranger.get("/v1/images")

    assert client.get("/v1/images").status_code == 200


def test_renderings_are_counted_by_what_they_cost_and_what_is_there_is_free(client):
    content = f"/v1/images/{uploaded(client).json()['id']}/content"

    made = [client.get(content, params={"width": width}).status_code for width in (5, 6, 7, 8)]
    again = [client.get(content, params={"width": 5}).status_code for _ in range(10)]

    assert made == [200, 200, 200, 429]
    assert again == [200] * 10


def test_a_rendering_that_is_refused_tells_what_there_is_of_its_rate(client):
    content = f"/v1/images/{uploaded(client).json()['id']}/content"

    refused = [client.get(content, params={"width": width}) for width in (5, 6, 7, 8)][-1]

    assert refused.headers["RateLimit-Policy"] == '"render";q=3;w=60'
    assert refused.headers["RateLimit"] == f'"render";r=0;t={refused.headers["Retry-After"]}'


@pytest.fixture
def program(limited, client):
    """Who comes with an API key of the client's."""
    key = client.post("/v1/api-keys", json={"name": "shop", "scopes": ["read", "write"]}).raise_for_status().json()
    with limited.client(key["key"]) as program:
        yield program


def test_a_key_may_have_a_part_of_what_its_account_may(program, client):
    answers = [program.get("/v1/images") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"key_read";q=2;w=60, "read";q=5;w=60'
    assert re.fullmatch(r'"key_read";r=1;t=\d+, "read";r=4;t=\d+', answers[0].headers["RateLimit"])
    assert answers[-1].headers["RateLimit"] == f'"key_read";r=0;t={answers[-1].headers["Retry-After"]}'
    assert [client.get("/v1/images").status_code for _ in range(4)] == [200] * 3 + [429]


def test_renderings_by_a_key_are_counted_for_it_and_for_its_account(program, client):
    content = f"/v1/images/{uploaded(client).json()['id']}/content"

    by_key = [program.get(content, params={"width": width}).status_code for width in (5, 6)]
    by_account = [client.get(content, params={"width": width}).status_code for width in (7, 8, 9)]

    assert (by_key, by_account) == ([200, 429], [200, 200, 429])


@pytest.fixture
def links(client):
    """Of one image, each another rendering."""
    image = uploaded(client).json()["id"]
    answers = [client.post(f"/v1/images/{image}/links", json={"t": f"w:{width}"}) for width in (5, 6, 7)]
    return [answer.json()["url"] for answer in answers]


def test_those_who_follow_links_have_rendered_what_is_theirs_and_not_the_owners(limited, client, links):
    content = links[0].rpartition("/")[2].partition(".")[0]
    with limited.client() as stranger:
        followed = [stranger.get(link) for link in links]
    own = [client.get(f"/v1/images/{content}/content", params={"width": width}).status_code for width in (8, 9, 10, 11)]

    assert [answer.status_code for answer in followed] == [200, 200, 429]
    assert followed[-1].headers["RateLimit"].startswith('"link"')
    assert '"link_render";r=0;' in followed[-1].headers["RateLimit"]
    assert own == [200, 200, 200, 429]


def test_who_follows_links_is_counted_by_address(limited, links):
    statuses = {}
    for address in (f"198.51.{randrange(256)}.{last}" for last in (77, 78)):
        with limited.client() as stranger:
            stranger.headers["X-Forwarded-For"] = address
            # Conditional, so that none is answered from memory; the last is none of ours.
            asked = [links[0]] * 5 + [f"{links[0]}x"] * 2
            answers = [stranger.get(link, headers={"If-None-Match": '"other"'}) for link in asked]
        statuses[address] = [answer.status_code for answer in answers]

    assert answers[0].headers["RateLimit-Policy"] == '"link";q=6;w=60'
    assert set(map(tuple, statuses.values())) == {(200, 200, 200, 200, 200, 403, 429)}


def test_one_rendering_that_costs_more_than_the_rate_is_made_while_all_of_it_is_left(limited, client):
    picture = encoded(quadrants(2200, 2200))
    image = client.post("/v1/images", files={"file": ("a.png", picture)}).json()["id"]

    first = client.get(f"/v1/images/{image}/content", params={"width": 5})
    second = client.get(f"/v1/images/{image}/content", params={"width": 6})

    assert (first.status_code, second.status_code) == (200, 429)


def test_jobs_are_counted_as_requests_alone(client):
    transform = f"/v1/images/{uploaded(client).json()['id']}/transform"

    statuses = [client.post(transform, params={"mode": "async"}, json={"rotate": n}).status_code for n in range(1, 6)]

    assert statuses == [202] * 4 + [429]


def test_health_is_asked_as_often_as_anybody_likes(client):
    assert {client.get("/healthz").status_code for _ in range(20)} == {200}
