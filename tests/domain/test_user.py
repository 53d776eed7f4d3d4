from datetime import UTC, datetime

import pytest

from imgsvc.domain.errors import InvalidInput, PasswordTooLong, PasswordTooWeak
from imgsvc.domain.passwords import is_common
from imgsvc.domain.user import User, check_new_password, is_too_long, username_key

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def user(username="anna", email=None):
    return User(username=username, email=email, password_hash="a secret", created_at=NOW)


@pytest.mark.parametrize("name", ["bob", "Ann-Marie", "j.r.r@tolkien", "日本語", "a_b+c", "x" * 64])
def test_a_username_is_kept_as_it_was_registered(name):
    assert user(name).username == name


@pytest.mark.parametrize("name", ["", "ab", "x" * 65, "a b", "a/b", "anna\n", "an\x00na", "<anna>", 12345, None])
def test_a_username_has_3_to_64_plain_characters(name):
    with pytest.raises(InvalidInput, match="username must be 3 to 64 letters, digits or any of") as caught:
        user(name)

    assert caught.value.path == ("username",)


@pytest.mark.parametrize(
    "email", [None, "a@b.de", "first.last+tag@sub.example.org", "ü@ü.de", "a" * 242 + "@example.org"]
)
def test_an_email_address_may_be_left_out(email):
    assert user(email=email).email == email


@pytest.mark.parametrize(
    "email", ["", "a", "a@b", "@b.de", "a@.", "a b@c.de", "a@b.de\n", "a@@b.de", "a\x00@b.de", "a" * 250 + "@b.de"]
)
def test_another_text_is_no_email_address(email):
    with pytest.raises(InvalidInput, match="email must be an e-mail address"):
        user(email=email)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "anna"),
        ("ANNA", "anna"),
        ("STRASSE", "straße"),
        ("ﬁona", "fiona"),
        ("\u210cans", "hans"),
        ("\uff21nna", "anna"),
    ],
)
def test_names_that_nobody_can_tell_apart_have_one_key(one, other):
    assert username_key(one) == username_key(other)


def test_different_names_have_different_keys():
    assert user("anna").username_key != user("anne").username_key


def test_a_hash_is_not_shown():
    assert "secret" not in repr(user())


@pytest.mark.parametrize("password", ["correct horse", "a1b2 c3d", "ππππππππ", "x" * 1024])
def test_a_password_of_8_characters_is_good_enough(password):
    check_new_password(password, "anna")


@pytest.mark.parametrize(
    ("password", "kind", "detail"),
    [
        ("1234567", PasswordTooWeak, "the password is too short"),
        ("", PasswordTooWeak, "the password is too short"),
        ("ANNA.BELL", PasswordTooWeak, "the password must not be the username"),
        ("x" * 1025, PasswordTooLong, "the password is too long"),
        ("ü" * 513, PasswordTooLong, "the password is too long"),
    ],
)
def test_a_bad_password_is_refused_and_never_repeated(password, kind, detail):
    with pytest.raises(kind, match=detail) as caught:
        check_new_password(password, "Anna.Bell")

    assert caught.value.path == ("password",)
    assert not caught.value.has_value


def test_a_password_is_too_long_by_its_bytes():
    assert is_too_long("ü" * 513)
    assert not is_too_long("u" * 1024)


@pytest.mark.parametrize("password", ["12345678", "qwertyuiop", "iloveyou", "1q2w3e4r5t"])
def test_a_password_that_everybody_tries_first_is_too_weak(password):
    with pytest.raises(PasswordTooWeak) as refused:
        check_new_password(password, "ada")

    assert refused.value.pointer == "/password"
    assert password.lower() not in str(vars(refused.value))


@pytest.mark.parametrize("password", ["", "\n", "correct horse battery", "pass\u00adword"])
def test_what_is_not_on_the_list_is_not_common(password):
    assert not is_common(password)


def test_the_email_address_is_no_password():
    with pytest.raises(PasswordTooWeak):
        check_new_password("Ada@Example.org", "ada", "ada@example.org")
