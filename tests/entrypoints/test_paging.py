"""Cursors of lists: ours alone, and read as nothing else than what we wrote."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from imgsvc.adapters.credentials import open_sealer
from imgsvc.domain.errors import InvalidCursor
from imgsvc.entrypoints.http.paging import Listing, PageQuery
from imgsvc.ports.pages import Page, Position
from tests.entities import a_user
from tests.pictures import encoded, quadrants

PNG = encoded(quadrants())
USER = a_user()
SEALER = open_sealer("a secret of the tests, 32 bytes long", None)
MARKS = [datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC), "\0 name", "", 2**63 - 1, -(2**63), 0]


def listing(query=None, sealer=SEALER):
    return Listing("/v1/things", USER, query or PageQuery(), sealer)


def read(cursor, sealer=SEALER):
    return listing(PageQuery(cursor=cursor), sealer).request().after


def decoded(cursor):
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def encoded_again(parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("mark", MARKS, ids=repr)
def test_a_cursor_is_read_as_it_was_written(mark):
    position = Position(mark, uuid4())

    _, cursor = listing().next_of(Page([], position))

    assert read(cursor) == position


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("int", "1"),
        ("int", 1.5),
        ("int", True),
        ("int", None),
        ("int", 2**63),
        ("int", [1]),
        ("str", 1),
        ("str", "\ud800"),
        ("str", {}),
        ("datetime", 5),
        ("datetime", "2026-01-02T03:04:05"),
        ("datetime", "0001-01-01T00:00:00+23:59"),
        ("bytes", "x"),
    ],
)
def test_what_no_list_is_ordered_by_is_refused_though_it_is_sealed(kind, mark):
    _, cursor = listing().next_of(Page([], Position(5, UUID(int=1))))
    version, _, _, identity, digest, _ = decoded(cursor)
    parts = [version, kind, mark, identity, digest]
    seal = SEALER.seal(json.dumps([str(USER.id), "/v1/things", *parts]))

    with pytest.raises(InvalidCursor):
        read(encoded_again([*parts, seal]))


def test_processes_that_share_a_secret_or_a_data_folder_read_each_others_cursors(tmp_path):
    position = Position("name", uuid4())
    kept = open_sealer(None, tmp_path)
    _, cursor = listing(sealer=kept).next_of(Page([], position))

    assert read(cursor, open_sealer(None, tmp_path)) == position
    with pytest.raises(InvalidCursor):
        read(cursor, open_sealer(None, tmp_path / "another"))


@pytest.mark.parametrize("mark", ["x", 2**70, 1.5, None, [], "\ud800", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize("kind", ["int", "str", "datetime"])
def test_a_forged_cursor_is_refused_by_every_list(lists, kind, mark):
    account, user_id, cursors = lists

    for path, cursor in cursors.items():
        version, _, _, identity, digest, _ = decoded(cursor)
        for parts in ([version, kind, mark, identity, digest], [2, kind, mark, identity, digest]):
            # As a cursor was sealed before it was sealed with a key.
            seal = hashlib.sha256(json.dumps([user_id, path, *parts]).encode()).hexdigest()[:16]
            answer = account.client.get(path, params={"cursor": encoded_again([*parts, seal])})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.fixture(scope="module")
def lists(server):
    """Somebody, his id, and a cursor of each list that he has."""
    account = server.account()
    with account.client as client:
        image, _ = account.upload(PNG), account.upload(PNG)
        for width in (5, 6):
            client.post(f"/v1/images/{image}/transform?mode=async", json={"resize": {"width": width}})
        paths = ("/v1/images", "/v1/jobs", f"/v1/images/{image}/variants")
        cursors = {path: client.get(path, params={"limit": 1}).json()["next_cursor"] for path in paths}
        yield account, client.get("/v1/me").json()["id"], cursors
