"""Who somebody is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from attrs import evolve

from imgsvc.domain.api_key import ApiKeyId, Scope
from imgsvc.domain.errors import (
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    PasswordTooLong,
    PasswordTooWeak,
    TokenExpired,
    TokenRevoked,
    UsernameTaken,
)
from imgsvc.domain.session import SessionId
from imgsvc.domain.user import UserId
from tests.application.adapters import NoPasswords, WatchedPasswords
from tests.application.conftest import SECRET
from tests.clocks import StoppedClock

PASSWORD = "correct horse"


def test_who_registers_can_log_in_and_is_known_by_the_token(use_cases):
    registered = use_cases.register_user("Ada", PASSWORD, "ada@example.com")
    issued = use_cases.log_in("Ada", PASSWORD)

    known = use_cases.authenticate(issued.token).user

    assert known == registered
    assert (known.username, known.email) == ("Ada", "ada@example.com")
    assert issued.lifetime == timedelta(hours=1)


@pytest.mark.parametrize("spelled", ["ada", "ADA", "\N{FULLWIDTH LATIN SMALL LETTER A}da"])
def test_a_name_is_one_however_it_is_spelled(use_cases, spelled):
    use_cases.register_user("Ada", PASSWORD)

    assert use_cases.log_in(spelled, PASSWORD).token
    with pytest.raises(UsernameTaken):
        use_cases.register_user(spelled, "another password")
    assert use_cases.log_in("Ada", PASSWORD).token


def test_of_many_who_register_one_name_at_once_one_gets_it(use_cases):
    def attempt(number):
        try:
            use_cases.register_user("ada", f"{PASSWORD} {number}")
        except UsernameTaken:
            return None
        return f"{PASSWORD} {number}"

    with ThreadPoolExecutor(8) as threads:
        winners = [password for password in threads.map(attempt, range(8)) if password]

    assert len(winners) == 1
    assert use_cases.log_in("ada", winners[0]).token


@pytest.mark.parametrize(
    ("username", "password", "email", "error"),
    [
        ("ada", "hush", None, PasswordTooWeak),
        ("ada-lovelace", "Ada-Lovelace", None, PasswordTooWeak),
        ("ada", "x" * 1025, None, PasswordTooLong),
        ("a", PASSWORD, None, InvalidInput),
        ("ada\nlovelace", PASSWORD, None, InvalidInput),
        ("ada", PASSWORD, "nobody", InvalidInput),
    ],
)
def test_what_cannot_be_registered_is_refused_before_a_password_is_hashed(
    ports, with_ports, username, password, email, error
):
    use_cases = with_ports(hasher=NoPasswords(SECRET))

    with pytest.raises(error) as refused:
        use_cases.register_user(username, password, email)

    assert password not in str(vars(refused.value))
    assert ports.users.find_by_username("ada") is None


def test_the_password_is_kept_as_a_hash_and_shown_to_nobody(use_cases, ports):
    user = use_cases.register_user("ada", PASSWORD)

    assert PASSWORD not in ports.users.get(user.id).password_hash
    assert user.password_hash not in repr(user)


def test_every_byte_of_a_long_password_counts(use_cases):
    use_cases.register_user("ada", "x" * 1023 + "y")

    with pytest.raises(InvalidCredentials):
        use_cases.log_in("ada", "x" * 1024)
    assert use_cases.log_in("ada", "x" * 1023 + "y").token


def test_a_wrong_name_and_a_wrong_password_cannot_be_told_apart(use_cases):
    use_cases.register_user("ada", PASSWORD)
    answers = set()

    for username, password in [("ada", "wrong horse"), ("bob", PASSWORD), ("ada", "x" * 2000), ("\0", "")]:
        with pytest.raises(InvalidCredentials) as refused:
            use_cases.log_in(username, password)
        answers.add(str(vars(refused.value)))

    assert len(answers) == 1


def test_an_unknown_name_costs_a_comparison_too(with_ports):
    hasher = WatchedPasswords(SECRET, cost=4)

    with pytest.raises(InvalidCredentials):
        with_ports(hasher=hasher).log_in("nobody", PASSWORD)

    assert hasher.compared == [None]


def test_the_token_of_an_account_that_is_gone_is_revoked(use_cases, ports):
    with pytest.raises(TokenRevoked):
        use_cases.authenticate(ports.tokens.issue(UserId(uuid4()), SessionId(uuid4())).token)


def test_a_token_ends(with_ports, ports):
    clock = StoppedClock()
    use_cases = with_ports(tokens=evolve(ports.tokens, clock=clock))
    use_cases.register_user("ada", PASSWORD)
    token = use_cases.log_in("ada", PASSWORD).token
    clock.advance(timedelta(hours=2))

    with pytest.raises(TokenExpired):
        use_cases.authenticate(token)


def test_a_token_of_another_installation_is_not_ours(use_cases, ports):
    user = use_cases.register_user("ada", PASSWORD)
    foreign = evolve(ports.tokens, secret=SECRET[::-1]).issue(user.id, SessionId(uuid4()))

    with pytest.raises(InvalidToken):
        use_cases.authenticate(foreign.token)


def test_a_key_that_an_earlier_try_has_left_is_found_and_what_it_is_stays_unknown(use_cases, ada):
    key_id = ApiKeyId(uuid4())
    made, key = use_cases.create_api_key(ada, "shop", (Scope.READ,), key_id)

    found = use_cases.create_api_key(ada, "shop", (Scope.READ,), key_id)

    assert key is not None
    assert found == (made, None)
