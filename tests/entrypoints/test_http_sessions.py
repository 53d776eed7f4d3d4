"""Logins that last, over a real socket: exchanged, ended, and ended by a new password."""

from uuid import uuid4

import pytest

from imgsvc import compose
from imgsvc.domain.errors import TokenRevoked
from tests.ages import ago, rotated_at, session_ends_at
from tests.pictures import encoded, quadrants
from tests.servers import PASSWORD, running_server

REGISTER, LOGIN, ME = "/v1/auth/register", "/v1/auth/login", "/v1/me"
REFRESH, LOGOUT, CHANGE = "/v1/auth/refresh", "/v1/auth/logout", "/v1/auth/password"
NEW = "another horse battery"


@pytest.fixture(scope="module")
def elsewhere(server):
    """Another process of the same installation."""
    with compose(server.settings) as service:
        yield service


@pytest.fixture
def credentials(anyone):
    credentials = {"username": f"user-{uuid4().hex[:12]}", "password": PASSWORD}
    anyone.post(REGISTER, json=credentials).raise_for_status()
    return credentials


@pytest.fixture
def log_in(anyone, credentials):
    """Begins a session, and answers its tokens."""
    return lambda: anyone.post(LOGIN, json=credentials).raise_for_status().json()


def bearing(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def exchange(anyone, tokens):
    return anyone.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})


def told(answer):
    return answer.status_code, answer.json()["code"]


def is_known(anyone, tokens):
    return anyone.get(ME, headers=bearing(tokens)).status_code == 200


def session_of(elsewhere, tokens):
    return elsewhere.use_cases.authenticate(tokens["access_token"]).session


@pytest.mark.on_every_deployment("POST /v1/auth/refresh")
def test_a_refresh_token_is_exchanged_for_tokens_of_the_same_session(anyone, log_in, elsewhere):
    first = log_in()
    answer = exchange(anyone, first)
    second = answer.json()
    third = exchange(anyone, second).json()

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert len({one["refresh_token"] for one in (first, second, third)}) == 3
    assert len({session_of(elsewhere, one) for one in (first, second, third)}) == 1
    assert all(is_known(anyone, one) for one in (first, second, third))
    assert first["refresh_expires_in"] == 30 * 24 * 3600
    assert 0 <= first["refresh_expires_in"] - third["refresh_expires_in"] < 60


@pytest.mark.on_every_deployment
def test_who_lost_the_answer_may_ask_again_at_once_and_goes_on(anyone, log_in):
    first = log_in()
    lost, again = exchange(anyone, first).json(), exchange(anyone, first).json()

    assert again["refresh_token"] == lost["refresh_token"]
    assert exchange(anyone, again).status_code == 200


@pytest.mark.on_every_deployment
def test_a_token_that_was_exchanged_before_ends_its_session_everywhere(anyone, log_in, elsewhere):
    first, other = log_in(), log_in()
    second = exchange(anyone, first).json()
    third = exchange(anyone, second).json()

    reused = exchange(anyone, first)

    assert told(reused) == (401, "token_reused")
    assert reused.headers["WWW-Authenticate"] == 'Bearer realm="imgsvc", error="invalid_token"'
    assert told(exchange(anyone, third)) == (401, "token_revoked")
    assert [told(anyone.get(ME, headers=bearing(one))) for one in (first, third)] == [(401, "token_revoked")] * 2
    for one in (first, third):
        with pytest.raises(TokenRevoked):
            elsewhere.use_cases.authenticate(one["access_token"])
    assert is_known(anyone, other)


@pytest.mark.on_every_deployment
def test_a_token_that_comes_again_after_the_grace_ends_its_session(anyone, log_in, elsewhere):
    first = log_in()
    second = exchange(anyone, first).json()
    rotated_at(elsewhere.use_cases.log_out, ago(seconds=15), session_of(elsewhere, first))

    assert told(exchange(anyone, first)) == (401, "token_reused")
    assert not is_known(anyone, second)


@pytest.mark.on_every_deployment
def test_a_session_ends_by_itself_however_often_it_was_gone_on_with(anyone, log_in, elsewhere):
    tokens = exchange(anyone, log_in()).json()
    session_ends_at(elsewhere.use_cases.log_out, ago(seconds=1), session_of(elsewhere, tokens))

    assert told(exchange(anyone, tokens)) == (401, "token_expired")
    assert told(anyone.get(ME, headers=bearing(tokens))) == (401, "token_revoked")


@pytest.mark.parametrize("form", ["", "x", "imgsvcrt_", "imgsvcrt_" + "é" * 86, "imgsvcrt_" + "x" * 85, "x" * 50_000])
def test_what_is_no_refresh_token_is_invalid(anyone, form):
    assert told(anyone.post(REFRESH, json={"refresh_token": form})) == (401, "invalid_token")


@pytest.mark.on_every_deployment
def test_a_refresh_token_of_no_session_is_revoked(anyone):
    assert told(anyone.post(REFRESH, json={"refresh_token": "imgsvcrt_" + "x" * 86})) == (401, "token_revoked")


def test_neither_token_passes_for_the_other(anyone, log_in):
    tokens = log_in()
    swapped = {"access_token": tokens["refresh_token"], "refresh_token": tokens["access_token"]}

    assert told(anyone.get(ME, headers=bearing(swapped))) == (401, "invalid_token")
    assert told(exchange(anyone, swapped)) == (401, "invalid_token")


@pytest.mark.parametrize("value", [None, 1, [], {}, True])
def test_a_refresh_token_is_text(anyone, value):
    answer = anyone.post(REFRESH, json={"refresh_token": value})

    assert told(answer) == (422, "validation_error")
    assert answer.json()["pointer"] == "/refresh_token"


@pytest.mark.on_every_deployment("POST /v1/auth/logout")
def test_who_logs_out_is_out_everywhere_and_other_logins_go_on(anyone, log_in, elsewhere):
    tokens, other = log_in(), log_in()

    answer = anyone.post(LOGOUT, headers=bearing(tokens))

    assert answer.status_code == 204
    assert told(anyone.get(ME, headers=bearing(tokens))) == (401, "token_revoked")
    assert told(anyone.post(LOGOUT, headers=bearing(tokens))) == (401, "token_revoked")
    assert told(exchange(anyone, tokens)) == (401, "token_revoked")
    with pytest.raises(TokenRevoked):
        elsewhere.use_cases.authenticate(tokens["access_token"])
    assert is_known(anyone, other)


def change(anyone, tokens, current=PASSWORD, new=NEW):
    body = {"current_password": current, "new_password": new}
    return anyone.post(CHANGE, headers=bearing(tokens), json=body)


@pytest.mark.on_every_deployment("POST /v1/auth/password")
def test_a_new_password_ends_all_that_was_begun_with_the_old_one(anyone, credentials, log_in, elsewhere):
    tokens, other = log_in(), log_in()

    answer = change(anyone, tokens)

    assert answer.status_code == 200
    assert is_known(anyone, answer.json())
    assert exchange(anyone, answer.json()).status_code == 200
    for one in (tokens, other):
        assert told(anyone.get(ME, headers=bearing(one))) == (401, "token_revoked")
        assert told(exchange(anyone, one)) == (401, "token_revoked")
        with pytest.raises(TokenRevoked):
            elsewhere.use_cases.authenticate(one["access_token"])
    assert told(anyone.post(LOGIN, json=credentials)) == (401, "invalid_credentials")
    assert anyone.post(LOGIN, json=credentials | {"password": NEW}).status_code == 200


@pytest.mark.parametrize("current", ["wrong horse battery", "", "x" * 2000, NEW])
def test_without_the_current_password_nothing_changes(anyone, log_in, current):
    tokens = log_in()

    answer = change(anyone, tokens, current)

    assert told(answer) == (403, "invalid_credentials")
    assert "WWW-Authenticate" not in answer.headers
    assert is_known(anyone, tokens)
    assert log_in()


@pytest.mark.parametrize(
    ("new", "code"), [("short", "password_too_weak"), ("x" * 1025, "password_too_long"), ("", "password_too_weak")]
)
def test_a_new_password_is_judged_like_a_first_one(anyone, log_in, new, code):
    tokens = log_in()

    answer = change(anyone, tokens, new=new)

    assert told(answer) == (422, code)
    assert answer.json()["pointer"] == "/new_password"
    assert is_known(anyone, tokens)


def test_the_current_password_can_be_guessed_no_more_often_than_at_a_login(tmp_path):
    with running_server(tmp_path / "data", LOGINS_PER_ACCOUNT="3", WORKER_SLOTS="0") as server:
        account = server.account()
        with account.client as client:
            body = {"current_password": "wrong", "new_password": NEW}
            answers = [client.post(CHANGE, json=body) for _ in range(3)]
            right = client.post(CHANGE, json=body | {"current_password": PASSWORD})

    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert told(right) == (429, "rate_limited")
    assert int(right.headers["Retry-After"]) >= 1


def test_no_refresh_token_or_password_is_logged_or_answered_with_an_error(server, anyone, log_in):
    first = log_in()
    second = exchange(anyone, first).json()
    third = exchange(anyone, second).json()
    secret = f"secret-{uuid4().hex}"
    answers = [
        change(anyone, third, secret, NEW),
        anyone.post(CHANGE, headers=bearing(third), json={"current_password": [secret], "new_password": secret}),
        anyone.post(REFRESH, json={"refresh_token": [third["refresh_token"]]}),
        exchange(anyone, first),
    ]

    assert [answer.status_code for answer in answers] == [403, 422, 422, 401]
    assert not [answer.text for answer in answers if secret in answer.text or "imgsvcrt_" in answer.text]
    assert secret not in server.log()
    assert "imgsvcrt_" not in server.log()


def delete_account(anyone, tokens, password=PASSWORD):
    return anyone.request("DELETE", ME, headers=bearing(tokens), json={"password": password})


@pytest.mark.on_every_deployment("DELETE /v1/me")
def test_an_account_is_erased_for_who_knows_its_password(anyone, credentials, log_in, elsewhere):
    tokens = log_in()
    picture = ("a.png", encoded(quadrants()))
    image = anyone.post("/v1/images", headers=bearing(tokens), files={"file": picture}).json()
    shown = anyone.get(image["content_url"] + "?t=w:5", headers=bearing(tokens)).status_code

    wrong = delete_account(anyone, tokens, "wrong horse")
    answer = delete_account(anyone, tokens)

    assert (shown, told(wrong), answer.status_code) == (200, (403, "invalid_credentials"), 204)
    assert told(anyone.get(image["content_url"] + "?t=w:5", headers=bearing(tokens))) == (401, "token_revoked")
    assert told(delete_account(anyone, tokens)) == (401, "token_revoked")
    assert told(exchange(anyone, tokens)) == (401, "token_revoked")
    assert told(anyone.post(LOGIN, json=credentials)) == (401, "invalid_credentials")
    with pytest.raises(TokenRevoked):
        elsewhere.use_cases.authenticate(tokens["access_token"])
    assert anyone.post(REGISTER, json=credentials).status_code == 201
