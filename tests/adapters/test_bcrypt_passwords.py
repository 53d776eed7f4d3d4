"""How passwords become bcrypt hashes, and that nobody can tell by the work done why one was refused."""

import base64
import hmac
import logging
import random
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import bcrypt
import pytest

from imgsvc.adapters.credentials import open_password_hasher
from imgsvc.adapters.credentials.bcrypt_passwords import BcryptPasswords
from imgsvc.domain.errors import Busy

SECRET = b"a secret of the tests, 32 bytes long"
ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def passwords():
    return BcryptPasswords(SECRET, cost=4)


@pytest.fixture
def checks(monkeypatch):
    """The hash, by cost, and the length of the password of each comparison."""
    made = []
    check = bcrypt.checkpw

    def noted(password, hashed):
        made.append((hashed[:7], len(password)))
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", noted)
    return made


def test_a_hash_is_bcrypt_over_a_keyed_hash(passwords):
    made = passwords.hash("correct horse")
    prehash = base64.b64encode(hmac.digest(SECRET, b"correct horse", "sha384"))

    assert made.startswith("$2b$04$")
    assert len(prehash) == 64
    assert bcrypt.checkpw(prehash, made.encode())


def test_the_cost_is_12_unless_told(passwords):
    assert BcryptPasswords(SECRET).hash("correct horse").startswith("$2b$12$")


def test_a_hash_of_another_cost_still_matches(passwords):
    assert passwords.matches("correct horse", BcryptPasswords(SECRET, cost=5).hash("correct horse"))


def test_a_hash_is_worth_nothing_without_the_secret(passwords):
    made = BcryptPasswords(b"another secret, also 32 bytes long", cost=4).hash("correct horse")

    assert not passwords.matches("correct horse", made)


@pytest.mark.parametrize("shared", [72, 73, 64, 48, 1000])
def test_nothing_is_cut_off(passwords, shared):
    made = passwords.hash("x" * shared + "a")

    assert passwords.matches("x" * shared + "a", made)
    assert not passwords.matches("x" * shared + "b", made)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_letter_is_the_same_however_it_was_typed(passwords, form):
    password = "Åsa läßt grüßen, 가나다"

    made = passwords.hash(unicodedata.normalize(form, password))

    assert passwords.matches(unicodedata.normalize("NFC", password), made)
    assert passwords.matches(unicodedata.normalize("NFD", password), made)


def test_letters_that_only_look_alike_are_different(passwords):
    assert not passwords.matches("Kelvin fi 2", passwords.hash("Kelvin \N{LATIN SMALL LIGATURE FI} 2"))


@pytest.mark.parametrize(
    ("password", "stored"),
    [
        ("correct horse", "right"),
        ("wrong", "right"),
        ("wrong", None),
        ("", None),
        ("wrong", "corrupt"),
        ("x" * 1025, "right"),
        ("x" * 1025, None),
        ("\ud800", "right"),
        ("\ud800", None),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_every_answer_costs_one_comparison_of_the_same_price(passwords, checks, password, stored):
    stored = passwords.hash("correct horse") if stored == "right" else stored

    matches = passwords.matches(password, stored)

    assert matches == (password == "correct horse")
    assert checks == [(b"$2b$04$", 64)]


@pytest.mark.parametrize(
    "corrupt",
    [
        "corrupt",
        "",
        "$2b$04$" + "." * 52,
        "$2b$04$" + "." * 54,
        "$2b$04$" + "." * 53 + "\n",
        "$2b$03$" + "." * 53,
        "$2b$17$" + "." * 53,
        "$2b$31$" + "." * 53,
        "$2b$\N{ARABIC-INDIC DIGIT ZERO}4$" + "." * 53,
        "$2b$04$" + "." * 21 + "z" + "." * 31,
        "$2y$04$" + "." * 53,
    ],
    ids=ascii,
)
def test_a_corrupt_hash_is_logged_without_its_content(passwords, caplog, corrupt):
    matches = passwords.matches("correct horse", corrupt)

    (record,) = caplog.records
    assert not matches
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "a stored password hash is corrupt; its user cannot log in"
    assert not record.args


def test_no_hash_is_nothing_to_log(passwords, caplog):
    passwords.matches("correct horse", None)
    passwords.matches("correct horse", passwords.hash("another"))

    assert caplog.records == []


def test_no_damage_of_a_hash_raises(passwords):
    made = passwords.hash("correct horse")
    chance = random.Random(1)

    for _ in range(300):
        position = chance.randrange(len(made))
        damaged = made[:position] + chance.choice(ALPHABET) + made[position + 1 :]
        if not damaged.startswith("$2b$1"):  # which is another cost, and slow
            assert passwords.matches("correct horse", damaged) == (damaged == made)


def test_the_dummy_matches_nothing(passwords):
    assert not passwords.matches("", None)
    assert not passwords.matches("", passwords._dummy.decode())


def test_no_more_hashes_are_made_at_once_than_there_are_cores(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    passwords = BcryptPasswords(SECRET, cost=4)
    running, most, lock, both = 0, 0, Lock(), Barrier(2)
    hashed = bcrypt.hashpw

    def noted(password, salt):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait(timeout=10)  # two are let through together, as long as two may run at once
        with lock:
            running -= 1
        return hashed(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", noted)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(passwords.hash, ["correct horse"] * 6))

    assert most == 2


def test_who_would_wait_too_long_is_told_that_we_are_busy(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    passwords = BcryptPasswords(SECRET, cost=4, patience=0.01)
    begun, may_end = Event(), Event()

    def hold(password, salt):
        begun.set()
        may_end.wait(timeout=10)
        return b""

    monkeypatch.setattr(bcrypt, "hashpw", hold)
    with ThreadPoolExecutor(1) as threads:
        holder = threads.submit(passwords.hash, "correct horse")
        begun.wait(timeout=10)
        with pytest.raises(Busy):
            passwords.matches("correct horse", None)
        may_end.set()
        holder.result()

    assert not passwords.matches("correct horse", None)


def test_a_hash_that_fails_gives_its_slot_back(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    passwords = BcryptPasswords(SECRET, cost=4, patience=0)

    with monkeypatch.context() as broken:
        broken.setattr(bcrypt, "hashpw", lambda password, salt: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            passwords.hash("correct horse")

    assert passwords.hash("correct horse")


@pytest.mark.parametrize("secret", [b"", b"x" * 31])
def test_a_short_secret_is_refused_and_not_shown(secret):
    with pytest.raises(ValueError, match="secret") as refused:
        BcryptPasswords(secret)

    assert "xxx" not in str(refused.value)


@pytest.mark.parametrize("cost", [0, 3, 17, 31])
def test_a_cost_of_no_use_is_refused(cost):
    with pytest.raises(ValueError, match="cost"):
        BcryptPasswords(SECRET, cost=cost)


def test_the_secret_is_not_shown(passwords):
    assert "secret of the tests" not in repr(passwords)


def test_without_a_secret_one_is_kept_in_the_data_folder(tmp_path):
    made = open_password_hasher(None, tmp_path, cost=4).hash("correct horse")

    assert open_password_hasher(None, tmp_path, cost=4).matches("correct horse", made)
    assert not open_password_hasher(None, tmp_path / "other", cost=4).matches("correct horse", made)
    assert not open_password_hasher("x" * 32, tmp_path, cost=4).matches("correct horse", made)


def test_an_empty_secret_is_a_mistake(tmp_path):
    with pytest.raises(ValueError, match="secret"):
        open_password_hasher("", tmp_path, cost=4)

    assert list(tmp_path.iterdir()) == []
