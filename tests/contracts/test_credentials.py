"""What every password hasher and every token issuer promises (ports/credentials.py)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from imgsvc.domain.errors import InvalidInput, InvalidToken, PasswordTooLong, TokenExpired
from imgsvc.domain.session import SessionId
from imgsvc.domain.user import UserId

SESSION = SessionId(uuid4())


def shown(value):
    """For the name of a test."""
    return ascii(value)[:30]


@pytest.mark.parametrize(
    "password",
    ["correct horse", "", "x" * 1024, "ü" * 512, "\N{GRINNING FACE}" * 256, "a\0b", "\0", "  spaces  ", "\r\n"],
)
def test_a_password_matches_its_hash(password_hasher, password):
    assert password_hasher.matches(password, password_hasher.hash(password))


@pytest.mark.parametrize(
    ("password", "another"),
    [
        ("correct horse", "correct horsf"),
        ("correct horse", "Correct horse"),
        ("correct horse", "correct horse "),
        ("", "\0"),
        ("a\0b", "a\0c"),
        ("a", "a\0"),
        ("x" * 72 + "a", "x" * 72 + "b"),
        ("x" * 1023 + "a", "x" * 1023 + "b"),
        ("x" * 1024, "x" * 1023),
        ("\N{GRINNING FACE}" * 64, "\N{GRINNING FACE}" * 63 + "\N{SLIGHTLY SMILING FACE}"),
    ],
    ids=shown,
)
def test_every_byte_of_a_password_counts(password_hasher, password, another):
    assert not password_hasher.matches(another, password_hasher.hash(password))


def test_equal_passwords_have_different_hashes(password_hasher):
    assert password_hasher.hash("correct horse") != password_hasher.hash("correct horse")


def test_a_hash_does_not_show_the_password(password_hasher):
    assert "horse" not in password_hasher.hash("correct horse")


@pytest.mark.parametrize("password", ["x" * 1025, "ü" * 513, "\N{GRINNING FACE}" * 257, "x" * 10_000_000], ids=shown)
def test_a_password_too_long_is_refused_and_matches_nothing(password_hasher, password):
    with pytest.raises(PasswordTooLong) as refused:
        password_hasher.hash(password)

    assert len(str(vars(refused.value))) < 1000
    assert not password_hasher.matches(password, password_hasher.hash(password[:100]))


@pytest.mark.parametrize("password", ["\ud800", "correct \udfff horse"], ids=shown)
def test_a_password_that_is_no_text_is_refused_and_matches_nothing(password_hasher, password):
    with pytest.raises(InvalidInput) as refused:
        password_hasher.hash(password)

    assert "horse" not in str(vars(refused.value))
    assert not password_hasher.matches(password, password_hasher.hash("correct horse"))


@pytest.mark.parametrize("password", ["x" * 1025, "\ud800"], ids=shown)
def test_a_refused_password_is_not_taken_for_an_empty_one(password_hasher, password):
    assert not password_hasher.matches(password, password_hasher.hash(""))


@pytest.mark.parametrize("password", ["correct horse", "", "x" * 1025, "\ud800"], ids=shown)
def test_no_hash_matches_nothing(password_hasher, password):
    assert not password_hasher.matches(password, None)


@pytest.mark.parametrize(
    "damage", [lambda h: h[:-1], lambda h: h + "x", lambda h: h[1:], lambda h: h[::-1], lambda _: ""]
)
def test_a_broken_hash_matches_nothing(password_hasher, damage):
    broken = damage(password_hasher.hash("correct horse"))

    assert not password_hasher.matches("correct horse", broken)


@pytest.mark.parametrize(
    "broken", ["x", "\0", "é" * 60, "\ud800", "$2b$", "$2b$99$" + "." * 53, "$argon2id$v=19$m=8,t=1"]
)
def test_what_is_no_hash_matches_nothing(password_hasher, broken):
    assert not password_hasher.matches("correct horse", broken)


def test_a_token_says_whose_it_is(token_issuer):
    user_id, session_id = UserId(uuid4()), SessionId(uuid4())

    claims = token_issuer.verify(token_issuer.issue(user_id, session_id).token)

    assert (claims.user, claims.session) == (user_id, session_id)


def test_no_two_tokens_are_equal(token_issuer):
    user_id = UserId(uuid4())

    assert token_issuer.issue(user_id, SESSION).token != token_issuer.issue(user_id, SESSION).token


def test_a_token_is_good_for_its_lifetime(token_issuer, clock):
    user_id = UserId(uuid4())
    issued = token_issuer.issue(user_id, SESSION)

    clock.advance(issued.lifetime - timedelta(seconds=2))

    assert token_issuer.verify(issued.token).user == user_id


def test_a_token_expires(token_issuer, clock):
    issued = token_issuer.issue(UserId(uuid4()), SESSION)

    clock.advance(issued.lifetime)

    with pytest.raises(TokenExpired):
        token_issuer.verify(issued.token)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "x" * 100_000, "é", "\ud800", "\0", "Bearer x", "null", "{}"]
)
def test_what_is_no_token_is_invalid(token_issuer, token):
    with pytest.raises(InvalidToken):
        token_issuer.verify(token)


def test_a_token_that_was_changed_anywhere_is_invalid(token_issuer):
    token = token_issuer.issue(UserId(uuid4()), SESSION).token

    for position, character in enumerate(token):
        changed = token[:position] + ("A" if character != "A" else "B") + token[position + 1 :]
        with pytest.raises(InvalidToken) as refused:
            token_issuer.verify(changed)
        assert changed[:8] not in refused.value.detail


def test_a_refresh_token_is_known_again_by_its_hashes(refresh_tokens):
    token = refresh_tokens.issue()

    assert refresh_tokens.read(token.token) == token


def test_no_two_refresh_tokens_have_a_hash_in_common(refresh_tokens):
    one, other = refresh_tokens.issue(), refresh_tokens.issue()

    assert len({one.token_hash, other.token_hash, one.family_hash, other.family_hash}) == 4


def test_a_successor_is_another_of_the_same_family_and_the_same_each_time(refresh_tokens):
    token = refresh_tokens.issue()
    successor = refresh_tokens.successor(token)

    assert successor.family_hash == token.family_hash
    assert successor.token_hash != token.token_hash
    assert refresh_tokens.successor(token) == successor
    assert refresh_tokens.read(successor.token) == successor
    assert refresh_tokens.successor(successor).token_hash not in (token.token_hash, successor.token_hash)


def test_the_hashes_of_a_refresh_token_do_not_show_it(refresh_tokens):
    token = refresh_tokens.issue()

    assert token.token not in repr(token)
    assert token.token[9:] not in token.token_hash + token.family_hash


@pytest.mark.parametrize(
    "change",
    [lambda t: t[:-1], lambda t: t + "x", lambda t: t[1:], lambda t: t + "\n", lambda t: "é" + t, lambda _: ""],
)
def test_what_has_not_the_form_of_a_refresh_token_is_invalid(refresh_tokens, change):
    with pytest.raises(InvalidToken) as refused:
        refresh_tokens.read(change(refresh_tokens.issue().token))

    assert refused.value.detail == "the token is not valid"


def test_an_access_token_is_no_refresh_token_and_the_reverse(token_issuer, refresh_tokens):
    with pytest.raises(InvalidToken):
        refresh_tokens.read(token_issuer.issue(UserId(uuid4()), SESSION).token)
    with pytest.raises(InvalidToken):
        token_issuer.verify(refresh_tokens.issue().token)
