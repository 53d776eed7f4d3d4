"""``imgsvc plan``: what will come of a spec, from a file's header."""

import json
from uuid import UUID

import pytest

from imgsvc.domain.notation import parse
from tests.entrypoints.commands import run, run_script
from tests.pictures import animated, encoded, gif_claiming, png_claiming, quadrants, webp_claiming, with_orientation

STAMP = UUID("0190a6f2-7d3b-7c44-9f5e-3a1c52b6d801")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photo(folder):
    path = folder / "photo.jpg"
    path.write_bytes(encoded(quadrants(400, 200), "jpeg"))
    return path


def told(*arguments, status=0, **variables):
    """The rows of the text, by what they begin with."""
    result = run("plan", *arguments, **variables)
    assert (result.exit_code, result.stderr) == (status, "")
    return {line[:21].strip(): line[21:] for line in result.stdout.splitlines()}


def data(*arguments, status=0, **variables):
    result = run("plan", *arguments, "--format", "json", **variables)
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def test_the_script_tells_sizes_cost_memory_limits_and_the_spec(folder, photo):
    result = run_script("plan", "photo.jpg", "--spec", "rot:90,w:50,f:webp", folder=folder)

    spec = parse("rot:90,w:50,f:webp")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Picture              photo.jpg: image/jpeg, 400x200",
        "  1. rotate          200x400",
        "  2. resize          50x100",
        "Result               webp, 50x100",
        "Cost                 0.19 megapixels; the server makes it while you wait (up to 150)",
        "Memory               at most 130 MiB",
        "  max_side           400 of 16384: kept",
        "  max_frames         1 of 100: kept",
        "  max_pixels         80000 of 50000000: kept",
        "  max_output_side    100 of 8192: kept",
        "  max_output_pixels  5000 of 50000000: kept",
        "  render_memory      50381648 of 1073741824: kept",
        "Compact              rot:90,rs:inside:50,f:webp",
        f"JSON                 {spec.canonical_json}",
        f"Spec id              {spec.id}",
    ]


def test_the_data_is_that_of_http(photo):
    document = data(photo, "--spec", "rs:cover:40:40,gray")

    assert document["spec_id"] == parse("rs:cover:40:40,gray").id
    assert [(one["after"], one["width"], one["height"]) for one in document["sizes"]] == [
        (None, 400, 200),
        ("resize", 40, 40),
        ("grayscale", 40, 40),
    ]
    assert (document["format"], document["fits"], document["fits_sync"]) == ("jpeg", True, True)


def test_the_picture_is_taken_as_it_is_seen(folder):
    (folder / "turned.jpg").write_bytes(with_orientation(quadrants(40, 20), 6))

    assert told("turned.jpg", "--spec", "gray")["Picture"].endswith("40x20")


def test_sizes_after_a_trim_are_told_as_uncertain(photo):
    rows = told(photo, "--spec", "gray,trim,w:10")

    assert rows["1. grayscale"] == "400x200"
    assert rows["2. trim"] == "400x200 (if there is nothing to trim)"
    assert rows["Result"] == "jpeg, 10x5 (if there is nothing to trim)"
    assert [one["exact"] for one in data(photo, "--spec", "gray,trim,w:10")["sizes"]] == [True, True, False, False]


def test_frames_are_told_where_the_result_has_them(folder):
    (folder / "a.gif").write_bytes(animated("gif"))

    rows = told("a.gif", "--spec", "f:webp")

    assert rows["Picture"] == "a.gif: image/gif, 16x8, 3 frames"
    assert rows["Result"] == "webp, 16x8, 3 frames"
    assert told("a.gif", "--spec", "f:png")["Result"] == "png, 16x8"


@pytest.mark.parametrize(
    ("accept", "format"),
    [("", "jpeg"), ("image/avif,image/webp", "avif"), ("webp", "webp"), ("text/html, image/webp;q=0.8", "webp")],
)
def test_the_format_auto_is_what_the_client_accepts(photo, accept, format):
    assert data(photo, "--spec", "f:auto", "--accept", accept)["format"] == format


def test_what_is_over_a_limit_is_told_and_the_status_says_so(photo):
    rows = told(photo, "--spec", "rs:stretch:8000:8000,el:1", status=1)

    assert rows["max_output_pixels"] == "64000000 of 50000000: TOO MUCH"
    assert rows["max_output_side"].endswith("kept")
    assert rows["Cost"].endswith("the server refuses it")
    assert data(photo, "--spec", "rs:stretch:8000:8000,el:1", status=1)["fits"] is False


def test_the_limits_are_those_of_the_settings(photo):
    assert told(photo, "--spec", "gray", status=1, MAX_SIDE="399")["max_side"] == "400 of 399: TOO MUCH"


def test_what_takes_more_memory_than_the_server_has_for_it_is_told(folder):
    (folder / "large.png").write_bytes(png_claiming(4000, 3000))

    rows = told("large.png", "--spec", "f:avif", status=1, RENDER_MEMORY="268435456")

    assert rows["render_memory"].endswith("of 268435456: TOO MUCH")
    assert rows["Cost"].endswith("the server refuses it")
    assert "render_memory" not in told("large.png", "--spec", "f:avif", RENDER_IN="process", RENDER_MEMORY="268435456")


def test_what_costs_too_much_to_wait_for_fits_and_is_told(photo):
    rows = told(photo, "--spec", "blur:2", SYNC_MEGAPIXELS="0.1")

    assert rows["Cost"] == "0.16 megapixels; the server makes a job of it (over 0.1)"


@pytest.mark.parametrize(
    ("name", "content", "pixels"),
    [
        ("bomb.png", png_claiming(60000, 60000), 3_600_000_000),
        ("bomb.gif", gif_claiming(60000, 60000), 3_600_000_000),
        ("bomb.webp", webp_claiming(16000, 16000), 256_000_000),
    ],
)
def test_a_bomb_is_measured_by_its_header_alone(folder, name, content, pixels):
    (folder / name).write_bytes(content)

    assert told(name, "--spec", "w:10", status=1)["max_pixels"] == f"{pixels} of 50000000: TOO MUCH"


def test_a_picture_whose_pixels_are_missing_can_be_planned_by_its_header(folder):
    (folder / "cut.png").write_bytes(encoded(quadrants(400, 200))[:60])

    assert told("cut.png", "--spec", "w:10")["Result"] == "png, 10x5"


def test_a_watermark_costs_what_its_image_does(folder, photo):
    (folder / "logo.png").write_bytes(encoded(quadrants(1000, 1000)))

    document = data(photo, "--spec", f"wm:{STAMP}", "--overlay", f"{STAMP}=logo.png")

    assert document["megapixels"] == 1.16


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--spec", "blurr"], "character 1 of --spec: unknown operation 'blurr'; did you mean 'blur'?"),
        ([], "Say what to do with one of --spec and --json."),
        (["--spec", f"wm:{STAMP}"], f"A watermark names the image {STAMP}: say --overlay {STAMP}=FILE."),
        (["--spec", "gray", "--overlay", f"{STAMP}=photo.jpg"], f"--overlay gives the image {STAMP}, which no"),
        (["--spec", "gray", "--overlay", "logo.png"], "--overlay must be ID=FILE with the id of an image"),
        (["--spec", "gray", "--overlay", f"{STAMP}=none.png"], "The file of --overlay 'none.png' cannot be read"),
    ],
)
def test_a_wrong_command_line_is_refused(photo, arguments, said):
    result = run("plan", photo, *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("crop:500:0:10:10", "/steps/0/x: the crop at 500,0 lies outside of the picture of 400x200 pixels"),
        ("ll:1", "lossless means nothing to jpeg"),
    ],
)
def test_what_cannot_be_done_at_any_size_is_told(photo, spec, said):
    result = run("plan", photo, "--spec", spec)

    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_a_file_that_is_no_picture_is_told(folder):
    (folder / "text.jpg").write_text("hello")

    result = run("plan", "text.jpg", "--spec", "gray")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "text.jpg: this is not a picture of a format that we read" in result.stderr


def test_the_help_has_examples_and_they_work(folder, photo):
    (folder / "spec.json").write_text('{"steps": [{"op": "grayscale"}]}')
    shown = run("plan", "--help").stdout
    examples = [line.strip() for line in shown.splitlines() if line.strip().startswith("imgsvc plan")]

    assert len(examples) == 3
    for example in examples:
        words = example.replace("'", "").split()[1:]
        assert run(*words).exit_code == 0, example
