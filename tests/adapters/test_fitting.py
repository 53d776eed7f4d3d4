"""The search for a quality that makes few enough bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.adapters.imaging.fitting import best_fit, first_fit
from imgsvc.domain.errors import TooManyBytes


class Encoder:
    """Makes ten bytes for each step of quality."""

    def __init__(self):
        self.tried = []

    def __call__(self, quality):
        self.tried.append(quality)
        return bytes(10 * quality)


@given(st.integers(10, 2000), st.integers(1, 100))
def test_the_best_quality_that_fits_is_found_in_eight_tries(most, quality):
    encode = Encoder()

    content = best_fit(encode, most, quality)

    assert len(content) == 10 * min(quality, most // 10)
    assert len(encode.tried) <= 8


def test_what_fits_at_once_is_encoded_once():
    encode = Encoder()

    best_fit(encode, 10_000, 80)

    assert encode.tried == [80]


def test_what_never_fits_names_the_least_that_was_reached():
    with pytest.raises(TooManyBytes) as caught:
        best_fit(Encoder(), 9, 80)

    assert caught.value.value == 10
    assert caught.value.allowed == "at most 9 bytes"


def test_sizes_that_do_not_grow_with_quality_still_fit():
    content = best_fit(lambda quality: bytes(50 if quality % 2 else 200), 100, 80)

    assert len(content) == 50


def test_the_first_attempt_that_fits_is_taken():
    assert first_fit([lambda: bytes(30), lambda: bytes(20), lambda: bytes(10)], 20) == bytes(20)


def test_attempts_that_all_fail_name_the_smallest():
    with pytest.raises(TooManyBytes) as caught:
        first_fit([lambda: bytes(20), lambda: bytes(30)], 10)

    assert caught.value.value == 20
