"""A set of texts in a fixed amount of memory."""

from imgsvc.application.key_filter import KeyFilter


def test_it_contains_what_was_added_and_hardly_anything_else():
    known = KeyFilter()
    for number in range(20_000):
        known.add(f"known/{number}")

    assert all(f"known/{number}" in known for number in range(20_000))
    assert sum(f"other/{number}" in known for number in range(20_000)) <= 1


def test_a_new_one_is_empty():
    assert "known/1" not in KeyFilter()
