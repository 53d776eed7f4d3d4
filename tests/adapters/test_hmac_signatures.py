"""Signatures: of this message, by a key that we have, in the one form that we write."""

import hmac
from base64 import urlsafe_b64encode

import pytest

from imgsvc.adapters.credentials import open_signer
from imgsvc.adapters.credentials.hmac_signatures import HmacSignatures
from imgsvc.ports.signatures import Signature

OLD, NEW = "o" * 32, "n" * 32


def test_a_signature_is_the_hmac_of_the_message_in_base64():
    made = HmacSignatures.from_text(f"a:{NEW}").sign("/gray/x.webp")

    expected = urlsafe_b64encode(hmac.digest(NEW.encode(), b"/gray/x.webp", "sha256")).decode().rstrip("=")
    assert made == Signature("a", expected)


def test_the_first_key_signs_and_all_verify():
    before = HmacSignatures.from_text(f"old:{OLD}")
    while_rotating = HmacSignatures.from_text(f"new:{NEW}, old:{OLD}")
    after = HmacSignatures.from_text(f"new:{NEW}")
    signature = before.sign("m")

    assert while_rotating.verify(b"m", signature)
    assert while_rotating.sign("m").key == "new"
    assert not after.verify(b"m", signature)


@pytest.mark.parametrize(
    "changed",
    [
        lambda made: Signature(made.key, made.text[:-1]),
        lambda made: Signature(made.key, made.text + "="),
        lambda made: Signature(made.key, made.text.swapcase()),
        lambda made: Signature(made.key, ""),
        lambda made: Signature(made.key, "é" * 43),
        lambda made: Signature("other", made.text),
        lambda made: Signature("", made.text),
    ],
)
def test_no_other_text_passes(changed):
    signer = HmacSignatures.from_text(f"a:{NEW}")
    made = signer.sign("m")

    assert signer.verify(b"m", made)
    assert not signer.verify(b"m", changed(made))
    assert not signer.verify(b"M", made)


def test_what_an_unknown_key_would_sign_does_not_pass():
    signer = HmacSignatures.from_text(f"a:{NEW}")
    empty = urlsafe_b64encode(hmac.digest(b"", b"m", "sha256")).decode().rstrip("=")

    assert not signer.verify(b"m", Signature("nobody", empty))


def test_a_key_that_is_made_is_kept_and_can_be_given_with_others_later(tmp_path):
    signature = open_signer(None, tmp_path).sign("m")
    kept = (tmp_path / "secrets" / "link_keys").read_text()

    assert open_signer(None, tmp_path).verify(b"m", signature)
    assert open_signer(f"new:{NEW},{kept}", tmp_path).verify(b"m", signature)
    assert (tmp_path / "secrets" / "link_keys").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("keys", ["", "short", f"a:{NEW},a:{OLD}", f"a b:{NEW}", f"{'a' * 17}:{NEW}", f"a:{NEW},"])
def test_keys_of_no_use_are_refused_without_showing_them(keys, tmp_path):
    with pytest.raises(ValueError, match="link keys are") as refused:
        open_signer(keys, tmp_path)

    assert NEW not in str(refused.value)
