"""Accounts over a real socket: register, log in, and what passes for a token."""

import base64
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.servers import PASSWORD

REGISTER, LOGIN, ME = "/v1/auth/register", "/v1/auth/login", "/v1/me"
NOW = int(time.time())


def a_name():
    return f"user-{uuid4().hex[:12]}"


def post_json(client, path, body):
    """As JSON in ASCII, which can say half of a surrogate pair, as httpx will not."""
    return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})


def refusal(answer):
    """What a problem document says, without what differs between two requests."""
    return {key: value for key, value in answer.json().items() if key != "request_id"}


@pytest.mark.on_every_deployment("POST /v1/auth/register", "POST /v1/auth/login", "GET /v1/me")
def test_a_registered_user_logs_in_and_sees_who_they_are(anyone):
    credentials = {"username": a_name(), "password": PASSWORD}
    registered = anyone.post(REGISTER, json={**credentials, "email": "ada@example.org"})
    token = anyone.post(LOGIN, json=credentials).json()

    me = anyone.get(ME, headers={"Authorization": f"Bearer {token['access_token']}"})

    assert registered.status_code == 201
    assert registered.json().items() <= me.json().items()
    assert (me.json()["usage"], me.json()["quota"]) == ({"images": 0, "bytes": 0}, {"images": None, "bytes": None})
    assert (me.json()["username"], me.json()["email"]) == (credentials["username"], "ada@example.org")
    assert (token["token_type"], token["expires_in"]) == ("bearer", 3600)


def test_what_is_secret_is_kept_by_no_cache(anyone):
    credentials = {"username": a_name(), "password": PASSWORD}
    anyone.post(REGISTER, json=credentials)

    assert anyone.post(LOGIN, json=credentials).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("field", ["is_admin", "id", "user_id", "password_hash", "created_at"])
def test_an_account_takes_no_field_that_is_not_for_its_user_to_set(anyone, field):
    answer = anyone.post(REGISTER, json={"username": a_name(), "password": PASSWORD, field: "x"})

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (422, "unknown_field", f"/{field}")
    assert answer.json()["allowed"] == "email, password, username"


def test_a_misspelt_field_is_told_the_nearest_one(anyone):
    answer = anyone.post(REGISTER, json={"username": a_name(), "pasword": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field")
    assert (answer.json()["pointer"], answer.json()["nearest"]) == ("/pasword", "password")
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_field_left_out_is_named(anyone, field):
    body = {"username": a_name(), "password": PASSWORD}
    del body[field]

    for path in (REGISTER, LOGIN):
        answer = anyone.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
        assert (answer.json()["pointer"], answer.json()["detail"]) == (f"/{field}", f"{field} is missing")


@pytest.mark.parametrize(
    "email",
    [
        *["", "x", "@", "a@b", "@example.org", "a@", "a b@example.org", "a@@example.org", "a\0@example.org"],
        *["a\n@example.org", "a@example.org\n", "\ud800@example.org", "a" * 400 + "@example.org", 3, [], {}, True],
    ],
    ids=ascii,
)
def test_what_is_not_an_email_address_is_refused(anyone, email):
    answer = post_json(anyone, REGISTER, {"username": a_name(), "password": PASSWORD, "email": email})

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["pointer"] == "/email"
    assert answer.json()["allowed"]


@pytest.mark.parametrize(
    "username",
    [
        *["", "ab", "x" * 65, "a b c", "a\0bc", "abc\n", "\nabc", "a\tbc", "\ud800abc", "abc\u202edef", "a/bc"],
        *["<abc>", "../abc", "abc'--", 'a"bc', "a\u200bbc", 123, None, ["abc"], {"abc": 1}, True],
    ],
    ids=ascii,
)
def test_what_is_not_a_username_is_refused(anyone, username):
    answer = post_json(anyone, REGISTER, {"username": username, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["pointer"] == "/username"
    assert answer.json()["allowed"]


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("name", ["ada@example.org", "Zoë.Ünïcode", "名前です", "a+b_c-d", "x" * 64])
def test_a_username_is_shown_as_it_was_registered(anyone, name):
    username = f"{uuid4().hex[:8]}{name}"[:64]

    assert anyone.post(REGISTER, json={"username": username, "password": PASSWORD}).json()["username"] == username


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(
    ("taken", "wanted"),
    [
        ("Ada", "Ada"),
        ("Ada", "aDA"),
        ("stra\xdfe", "STRASSE"),
        ("abc", "\uff41\uff42\uff43"),
    ],
    ids=["same", "case", "sharp s", "width"],
)
def test_a_name_that_looks_like_another_is_taken(anyone, taken, wanted):
    unique = uuid4().hex[:12]
    anyone.post(REGISTER, json={"username": unique + taken, "password": PASSWORD}).raise_for_status()

    answer = anyone.post(REGISTER, json={"username": unique + wanted, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


@pytest.mark.on_every_deployment
def test_of_many_who_register_a_name_at_once_one_gets_it(server):
    name = a_name()

    def register(number):
        with server.client() as client:
            return client.post(REGISTER, json={"username": name, "password": f"{PASSWORD} {number}"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(register, range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"username_taken"}


@pytest.mark.parametrize("password", ["", "1234567", "é" * 7, "😀" * 7])
def test_a_short_password_is_too_weak(anyone, password):
    answer = anyone.post(REGISTER, json={"username": a_name(), "password": password})

    assert (answer.status_code, answer.json()["code"]) == (422, "password_too_weak")
    assert (answer.json()["pointer"], answer.json()["allowed"]) == ("/password", "at least 8 characters")
    assert "value" not in answer.json()


def test_a_password_that_is_the_username_is_too_weak(anyone):
    name = a_name()

    answer = anyone.post(REGISTER, json={"username": name, "password": name.upper()})

    assert (answer.status_code, answer.json()["code"]) == (422, "password_too_weak")


@pytest.mark.on_every_deployment
@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("x" * 72 + "one", "x" * 72 + "two"),
        ("x" * 1023 + "1", "x" * 1023 + "2"),
        ("é" * 512, "é" * 511 + "e"),
        ("😀" * 64, "😀" * 63 + "😁"),
        ("12345678\0one", "12345678\0two"),
        ("\0" * 8, "\0" * 9),
        (" password ", "password"),
        ("CorrectHorse", "correcthorse"),
    ],
    ids=["73 bytes", "1024 bytes", "1024 bytes of accents", "emoji", "after NUL", "only NUL", "blanks", "case"],
)
def test_a_password_counts_to_its_last_byte(anyone, password, other):
    name = a_name()
    anyone.post(REGISTER, json={"username": name, "password": password}).raise_for_status()

    assert anyone.post(LOGIN, json={"username": name, "password": password}).status_code == 200
    assert anyone.post(LOGIN, json={"username": name, "password": other}).status_code == 401


@pytest.mark.parametrize("password", ["x" * 1025, "é" * 513, "x" * 60_000])
def test_a_password_of_more_than_1024_bytes_is_too_long(anyone, password):
    name = a_name()

    answer = anyone.post(REGISTER, json={"username": name, "password": password})
    log_in = anyone.post(LOGIN, json={"username": name, "password": password})

    assert (answer.status_code, answer.json()["code"]) == (422, "password_too_long")
    assert (answer.json()["pointer"], answer.json()["allowed"]) == ("/password", "at most 1024 bytes in UTF-8")
    assert (log_in.status_code, log_in.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize("path", [REGISTER, LOGIN])
@pytest.mark.parametrize("password", [12345678, None, ["secret-1"], {"secret-1": "secret-1"}, True, "\ud800secret-1"])
def test_a_password_that_is_not_text_is_refused_and_not_repeated(anyone, path, password):
    answer = post_json(anyone, path, {"username": a_name(), "password": password})

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["pointer"] == "/password"
    assert "value" not in answer.json()
    assert "secret-1" not in answer.text


@pytest.mark.on_every_deployment
def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(anyone):
    name = a_name()
    anyone.post(REGISTER, json={"username": name, "password": PASSWORD})

    wrong_password = anyone.post(LOGIN, json={"username": name, "password": PASSWORD + "!"})
    unknown_name = anyone.post(LOGIN, json={"username": a_name(), "password": PASSWORD})

    assert (wrong_password.status_code, wrong_password.json()["code"]) == (401, "invalid_credentials")
    assert refusal(wrong_password) == refusal(unknown_name)
    assert set(wrong_password.headers) == set(unknown_name.headers)


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("username", ["", "\0", "x" * 50_000, "' OR 1=1 --", "%", "\ufdfa" * 5000])
def test_a_name_that_nobody_can_have_is_only_a_wrong_one(anyone, username):
    answer = anyone.post(LOGIN, json={"username": username, "password": PASSWORD})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def signed(server, claims, header=None, digest="sha256", key=None):
    """A token made by hand, so that it can be wrong in every way; with the server's own key, or another."""
    secret = key if key is not None else (server.data_dir / "secrets" / "token_secret").read_bytes().strip()
    parts = [header if header is not None else {"alg": "HS256", "typ": "at+jwt"}, claims]
    text = b".".join(_in_base64(json.dumps(part).encode()) for part in parts)
    signature = hmac.digest(secret, text, digest) if digest else b""
    return (text + b"." + _in_base64(signature)).decode()


def _in_base64(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@pytest.fixture
def claims(account):
    """What a good token of the account says."""
    return {**said(account.token), "jti": uuid4().hex, "iat": NOW, "exp": NOW + 3600}


def said(token):
    """The claims of a token."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def ask_with(anyone, token):
    return anyone.get(ME, headers={"Authorization": f"Bearer {token}"})


def test_a_forged_token_passes_if_nothing_about_it_is_wrong(server, anyone, claims):
    assert ask_with(anyone, signed(server, claims)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Basic YWRhOnNlY3JldA==")],
        [("Authorization", "Token {token}")],
        [("Authorization", "{token}")],
        [("Authorization", "Bearer{token}")],
        [("Authorization", "Bearer {token}"), ("Authorization", "Bearer {token}")],
        [("Cookie", "access_token={token}")],
    ],
)
def test_without_one_bearer_token_nobody_is_authenticated(anyone, account, headers):
    answer = anyone.get(ME, headers=[(name, value.format(token=account.token)) for name, value in headers])

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="imgsvc"'


def test_a_token_is_not_taken_from_the_address(anyone, account):
    assert anyone.get(ME, params={"access_token": account.token}).status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "...",
        ".",
        "a b c",
        "null",
        "x" * 60_000,
        b"\xc3\xa9.\xff.\xfe",
        "e30.e30.",
        "=.=.=",
    ],
)
def test_what_is_not_a_token_is_invalid(anyone, token):
    given = token if isinstance(token, bytes) else token.encode()

    answer = anyone.get(ME, headers={"Authorization": b"Bearer " + given})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="imgsvc", error="invalid_token"'


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "hs256"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": ""},
        {"alg": None},
        {"alg": ["HS256"]},
        {"crit": ["exp"]},
        {"crit": ["unheard-of"], "unheard-of": 1},
        {"kid": ["a", "b"]},
        {"kid": "../../../../dev/null"},
        {"kid": "' UNION SELECT 'x"},
        {"jku": "http://127.0.0.1/keys.json"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"x5u": "http://127.0.0.1/"},
        {"typ": "JWT"},
        {"b64": False},
    ],
    ids=lambda value: str(value).replace(str(NOW), "now").replace(str(NOW + 3600), "in an hour"),
)
def test_a_token_with_any_other_header_is_invalid_even_with_our_key(server, anyone, claims, header):
    token = signed(server, claims, {"alg": "HS256", "typ": "at+jwt"} | header)

    answer = ask_with(anyone, token)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("none", None), ("HS256", None), ("HS384", "sha384"), ("HS512", "sha512")]
)
def test_a_token_signed_in_any_other_way_is_invalid(server, anyone, claims, algorithm, digest):
    token = signed(server, claims, {"alg": algorithm, "typ": "at+jwt"}, digest)

    answer = ask_with(anyone, token)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("key", [b"", b"secret", b"x" * 32, b"imgsvc"])
def test_a_token_signed_with_another_key_is_invalid(server, anyone, claims, key):
    answer = ask_with(anyone, signed(server, claims, key=key))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_the_key_of_passwords_signs_no_token(server, anyone, claims):
    key = (server.data_dir / "secrets" / "password_secret").read_bytes().strip()

    assert ask_with(anyone, signed(server, claims, key=key)).json()["code"] == "invalid_token"


def test_a_token_with_its_claims_changed_is_invalid(anyone, account, claims):
    head, _, signature = account.token.split(".")
    token = ".".join([head, _in_base64(json.dumps(claims | {"exp": NOW + 10**6}).encode()).decode(), signature])

    assert ask_with(anyone, token).json()["code"] == "invalid_token"


_ABSENT = "absent"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        *[("iss", value) for value in ("evil", "", None, ["imgsvc"], _ABSENT)],
        *[("aud", value) for value in ("evil", "", None, ["imgsvc"], ["imgsvc", "evil"], _ABSENT)],
        *[("exp", value) for value in (str(NOW + 3600), True, 1e30, NOW + 0.5, None, [], -1.5, "never", _ABSENT)],
        *[("nbf", value) for value in (NOW + 3600, str(NOW), True, 1e30)],
        *[("iat", value) for value in (NOW + 3600, "now", _ABSENT)],
        *[("sub", value) for value in ("", "1", None, 1, [], {}, "../x", "0" * 5000, _ABSENT)],
        *[("sid", value) for value in ("", "1", None, 1, [], {}, "../x", "0" * 5000, _ABSENT)],
        ("jti", _ABSENT),
    ],
    ids=lambda value: str(value).replace(str(NOW), "now").replace(str(NOW + 3600), "in an hour"),
)
def test_a_token_with_any_other_claim_is_invalid_even_with_our_key(server, anyone, claims, claim, value):
    changed = {**claims, claim: value}
    token = signed(server, {name: value for name, value in changed.items() if value is not _ABSENT})

    answer = ask_with(anyone, token)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("payload", [[], "text", 1, None, {}])
def test_a_token_whose_claims_are_no_object_of_ours_is_invalid(server, anyone, payload):
    assert ask_with(anyone, signed(server, payload)).json()["code"] == "invalid_token"


@pytest.mark.parametrize("exp", [NOW - 1, 0, -1, -(2**70)], ids=["a second ago", "0", "-1", "-2^70"])
def test_an_expired_token_is_told_so(server, anyone, claims, exp):
    answer = ask_with(anyone, signed(server, claims | {"exp": exp}))

    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_only_a_token_of_ours_is_told_that_it_expired(server, anyone, claims):
    answer = ask_with(anyone, signed(server, claims | {"exp": 0}, key=b"x" * 32))

    assert answer.json()["code"] == "invalid_token"


@pytest.mark.on_every_deployment
@pytest.mark.parametrize("claim", ["sub", "sid"])
def test_a_token_of_nobody_is_revoked(server, anyone, claims, claim):
    answer = ask_with(anyone, signed(server, claims | {claim: str(uuid4())}))

    assert (answer.status_code, answer.json()["code"]) == (401, "token_revoked")


def test_no_secret_is_answered_or_logged(server, anyone):
    name, password = a_name(), f"secret-{uuid4().hex}"
    bodies = [
        {"username": name, "password": password},
        {"username": name, "password": [password]},
        {"username": name, "password": password * 100},
        {"username": "x", "password": password},
        {"username": name, "password": password, "passwrd": password},
        [name, password],
    ]
    answers = [post_json(anyone, path, body) for path in (REGISTER, LOGIN) for body in bodies]
    answers.append(
        anyone.post(LOGIN, content=f'{{"password": "{password}"', headers={"Content-Type": "application/json"})
    )
    answers.append(anyone.post(LOGIN, data={"username": name, "password": password}))
    token = post_json(anyone, LOGIN, bodies[0]).json()["access_token"]
    answers += [ask_with(anyone, one) for one in (token, token + "x", f"{token} {token}")]

    assert not [answer.text for answer in answers if password in answer.text]
    assert not [answer.text for answer in answers[-3:] if token in answer.text]
    assert password not in server.log()
    assert token not in server.log()
