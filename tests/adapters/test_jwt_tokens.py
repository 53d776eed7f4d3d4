"""Forged, foreign and worn out tokens."""

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.adapters.credentials import open_token_issuer
from imgsvc.adapters.credentials.jwt_tokens import JwtTokens
from imgsvc.domain.errors import InvalidToken, TokenExpired
from imgsvc.domain.session import SessionId
from imgsvc.domain.user import UserId
from tests.clocks import StoppedClock

SECRET = b"a secret of the tests, 32 bytes long"
HEADER = {"alg": "HS256", "typ": "at+jwt"}
USER = UserId(UUID("6f7c9a52-4a3f-4a55-9a1c-0d9f5a3b2c1d"))
NOW = int(StoppedClock()().timestamp())
SESSION = SessionId(UUID("0b8e5d1c-5f0e-4d0c-8a39-7f2a4c6e8d10"))
WHO = (USER, SESSION)
CLAIMS = {
    "iss": "us",
    "aud": "our api",
    "sub": str(USER),
    "sid": str(SESSION),
    "jti": "1",
    "iat": NOW,
    "exp": NOW + 3600,
}


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def tokens(clock):
    return JwtTokens(SECRET, "us", "our api", timedelta(hours=1), clock)


def told(claims):
    return claims.user, claims.session


def encoded(content):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header=HEADER, claims=CLAIMS, secret=SECRET, digest="sha256"):
    """Signed by hand, because the library would refuse to write much of this."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), digest))}"


def without(claim):
    return {name: value for name, value in CLAIMS.items() if name != claim}


def assert_invalid(tokens, token):
    with pytest.raises(InvalidToken) as refused:
        tokens.verify(token)

    assert refused.value.detail == "the token is not valid"


def test_what_is_forged_with_nothing_wrong_is_accepted(tokens):
    assert told(tokens.verify(forged())) == WHO


def test_a_token_holds_what_the_standards_ask_for(tokens):
    issued = tokens.issue(USER, SESSION)
    header = jwt.get_unverified_header(issued.token)
    claims = jwt.decode(issued.token, options={"verify_signature": False})

    assert header == HEADER
    assert issued.lifetime == timedelta(hours=1)
    assert len(claims.pop("jti")) == 32
    assert claims == without("jti")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "at+jwt"},
        {"alg": "None", "typ": "at+jwt"},
        {"alg": "hs256", "typ": "at+jwt"},
        {"alg": "", "typ": "at+jwt"},
        {"alg": None, "typ": "at+jwt"},
        {"alg": ["HS256"], "typ": "at+jwt"},
        {"alg": {"HS256": 1}, "typ": "at+jwt"},
        {"alg": "RS256", "typ": "at+jwt"},
        {"alg": "ES256", "typ": "at+jwt"},
        {"alg": "HS384", "typ": "at+jwt"},
        {"typ": "at+jwt"},
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256", "typ": "refresh+jwt"},
        {"alg": "HS256", "typ": None},
        HEADER | {"crit": ["exp"]},
        HEADER | {"crit": ["b64"], "b64": True},
        HEADER | {"crit": ["b64"], "b64": False},
        HEADER | {"crit": []},
        HEADER | {"crit": "b64"},
        HEADER | {"b64": False},
        HEADER | {"kid": ["1"]},
        HEADER | {"kid": "../../dev/null"},
        HEADER | {"kid": {"a": 1}},
        HEADER | {"jku": "https://evil.example/keys"},
        HEADER | {"jwk": {"kty": "oct", "k": encoded(SECRET)}},
        HEADER | {"x5u": "https://evil.example/certificate"},
        HEADER | {"zip": "DEF"},
        HEADER | {"cty": "JWT"},
        [],
        None,
        1,
        "at+jwt",
    ],
    ids=str,
)
def test_no_other_header_is_accepted_even_if_signed_by_us(tokens, header):
    assert_invalid(tokens, forged(header))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_with_our_secret_is_invalid(tokens, algorithm):
    digest = hashlib.new(f"sha{algorithm[2:]}").name

    assert_invalid(tokens, forged(HEADER | {"alg": algorithm}, digest=digest))
    assert_invalid(tokens, forged(HEADER, digest=digest))


def test_a_token_without_a_signature_is_invalid(tokens):
    unsigned = jwt.encode(CLAIMS, None, "none", headers={"typ": "at+jwt"})
    body = forged().rpartition(".")[0]

    for token in (unsigned, body, body + ".", forged(HEADER | {"alg": "none"}).rpartition(".")[0] + "."):
        assert_invalid(tokens, token)


def test_the_secret_of_another_is_no_good(tokens):
    assert_invalid(tokens, forged(secret=b"another secret, also 32 bytes long"))
    assert_invalid(tokens, forged(secret=b""))


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("value", ["absent", None])
def test_every_claim_is_required(tokens, claim, value):
    claims = without(claim) if value == "absent" else CLAIMS | {claim: None}

    assert_invalid(tokens, forged(claims=claims))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "them"},
        {"iss": ["us"]},
        {"iss": ""},
        {"aud": "their api"},
        {"aud": ["our api"]},
        {"aud": ["our api", "their api"]},
        {"aud": {"our api": 1}},
        {"aud": 1},
        {"jti": 1},
        {"jti": ["1"]},
        {"sub": "somebody"},
        {"sub": ""},
        {"sub": 1},
        {"sub": [str(USER)]},
        {"sub": str(USER).upper()},
        {"sub": USER.hex},
        {"sub": USER.urn},
        {"sub": f"{{{USER}}}"},
        {"sub": str(USER) + "\n"},
        {"sub": "../../etc/passwd"},
    ],
    ids=str,
)
def test_every_claim_must_be_ours(tokens, claims):
    assert_invalid(tokens, forged(claims=CLAIMS | claims))


@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "value",
    [str(NOW), True, 1e30, NOW + 0.5, float("nan"), float("inf"), float("-inf"), [NOW], {}, "", "2030-01-01"],
    ids=str,
)
def test_a_time_is_a_whole_number(tokens, claim, value):
    assert_invalid(tokens, forged(claims=CLAIMS | {claim: value}))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_time_ahead_is_invalid_beyond_what_clocks_differ(tokens, claim):
    near, far = forged(claims=CLAIMS | {claim: NOW + 60}), forged(claims=CLAIMS | {claim: NOW + 62})

    assert told(tokens.verify(near)) == WHO
    assert_invalid(tokens, far)


def test_the_largest_numbers_are_only_numbers(tokens):
    assert told(tokens.verify(forged(claims=CLAIMS | {"exp": 10**400}))) == WHO
    assert_invalid(tokens, forged(claims=CLAIMS | {"iat": 10**400}))
    with pytest.raises(TokenExpired):
        tokens.verify(forged(claims=CLAIMS | {"exp": -(10**400)}))


def test_a_token_is_good_for_its_lifetime_and_no_longer(tokens, clock):
    issued = tokens.issue(USER, SESSION)

    clock.advance(timedelta(minutes=59, seconds=59))
    until_then = tokens.verify(issued.token)
    clock.advance(timedelta(seconds=1))

    assert (told(until_then), until_then.expires_at) == (WHO, clock().replace(microsecond=0))
    with pytest.raises(TokenExpired) as expired:
        tokens.verify(issued.token)
    assert expired.value.detail == "the token has expired"


@pytest.mark.parametrize("wrong", [{"iss": "them"}, {"aud": "their api"}, {"sub": "somebody"}, {"nbf": NOW + 100_000}])
def test_only_a_token_of_ours_is_told_that_it_expired(tokens, wrong):
    assert_invalid(tokens, forged(claims=CLAIMS | {"exp": NOW - 10_000} | wrong))
    assert_invalid(tokens, forged(claims=CLAIMS | {"exp": NOW - 10_000}, secret=b"x" * 32))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b",
        "a.b.c.d",
        forged() + "=",
        forged() + ".",
        forged() + "\n",
        " " + forged(),
        forged().replace(".", ". "),
        forged() + "é",
        forged().replace("e", "\N{FULLWIDTH LATIN SMALL LETTER E}", 1),
        f"{encoded(b'{' * 1000)}.{encoded({})}.{encoded(b'')}",
        f"{encoded(b'[' * 1000)}.{encoded({})}.{encoded(b'')}",
        f"{encoded(bytes([255] * 30))}.{encoded({})}.{encoded(b'')}",
        f"{encoded(HEADER)}.!!!.{encoded(b'')}",
    ],
    ids=lambda token: ascii(token)[:20],
)
def test_garbage_is_invalid(tokens, token):
    assert_invalid(tokens, token)


@pytest.mark.parametrize(
    "claims", [b"", b"[]", b"null", b"{", b"[" * 2500, b"\xff", b'"a"', b'{"exp": ' + b"9" * 2500 + b"}"]
)
def test_a_signed_body_that_is_no_object_is_invalid(tokens, claims):
    assert_invalid(tokens, forged(claims=claims))


def test_a_long_token_is_refused_before_it_is_read(tokens, monkeypatch):
    exact = forged(claims=CLAIMS | {"padding": "x" * (2776 + 1)})
    long = forged(claims=CLAIMS | {"padding": "x" * 4000})

    def unread(*arguments, **options):
        raise AssertionError("it was read")

    assert len(exact) <= 4096 < len(long)
    assert told(tokens.verify(exact)) == WHO
    monkeypatch.setattr(jwt, "decode_complete", unread)
    assert_invalid(tokens, long)
    assert_invalid(tokens, "é")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
header_names = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "zip"])
claim_names = st.sampled_from([*CLAIMS, "nbf"])


@given(st.dictionaries(header_names, json_values, min_size=1), st.dictionaries(claim_names, json_values))
def test_nothing_but_our_errors_escapes(header, claims):
    tokens = JwtTokens(SECRET, "us", "our api", timedelta(hours=1), StoppedClock())

    for token in (forged(HEADER | header, CLAIMS | claims), forged(HEADER, CLAIMS | claims)):
        with suppress(InvalidToken, TokenExpired):
            assert told(tokens.verify(token)) == WHO


@given(st.text(st.characters(), max_size=100) | st.from_regex(r"[\w-]{0,30}\.[\w-]{0,30}\.[\w-]{0,30}", fullmatch=True))
def test_no_text_is_a_token_by_chance(text):
    tokens = JwtTokens(SECRET, "us", "our api", timedelta(hours=1), StoppedClock())

    assert_invalid(tokens, text)


@pytest.mark.parametrize("secret", [b"", b"x" * 31])
def test_a_short_secret_is_refused_and_not_shown(clock, secret):
    with pytest.raises(ValueError, match="secret") as refused:
        JwtTokens(secret, "us", "our api", timedelta(hours=1), clock)

    assert "xxx" not in str(refused.value)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1)])
def test_a_lifetime_of_nothing_is_refused(clock, lifetime):
    with pytest.raises(ValueError, match="lifetime"):
        JwtTokens(SECRET, "us", "our api", lifetime, clock)


def test_the_secret_is_not_shown(tokens):
    assert "secret of the tests" not in repr(tokens)


def test_without_a_secret_one_is_kept_in_the_data_folder(tmp_path, clock):
    hour = timedelta(hours=1)
    user_id = UserId(uuid4())
    token = open_token_issuer(None, tmp_path, lifetime=hour, clock=clock).issue(user_id, SESSION).token

    assert open_token_issuer(None, tmp_path, lifetime=hour, clock=clock).verify(token).user == user_id
    with pytest.raises(InvalidToken):
        open_token_issuer(None, tmp_path / "other", lifetime=hour, clock=clock).verify(token)
    with pytest.raises(InvalidToken):
        open_token_issuer("x" * 32, tmp_path, lifetime=hour, clock=clock).verify(token)
