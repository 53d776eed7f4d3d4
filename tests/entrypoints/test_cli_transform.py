"""``imgsvc transform``: files in, files out."""

import os
import pty
import signal
import subprocess
from io import BytesIO

import pytest

from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import parse
from imgsvc.entrypoints.composition import compose_engine
from imgsvc.entrypoints.settings import Settings
from tests.entrypoints.commands import SCRIPT, environment, interruptible, run, run_script
from tests.pictures import RED, decoded, encoded, quadrants, textured
from tests.waiting import wait_for

ALL_FORMATS = "avif, gif, jpg, png, tiff, webp"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the command is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photo(folder):
    path = folder / "photo.jpg"
    path.write_bytes(encoded(quadrants(40, 20), "jpeg"))
    return path


@pytest.fixture
def photos(folder):
    """Three pictures in a folder, and another folder for what becomes of them."""
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    for name, format in (("a.jpg", "jpeg"), ("b.png", "png"), ("c.bmp", "bmp")):
        (folder / "in" / name).write_bytes(encoded(quadrants(40, 20), format))
    return sorted((folder / "in").iterdir())


def picture_at(path):
    return decoded(path.read_bytes())


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def refused(result):
    """What a wrong command line is told; nothing has happened."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    return result.stderr.partition("Error: ")[2].strip()


# One file


def test_the_script_transforms_one_file_and_says_nothing(folder, photo):
    result = run_script("transform", "photo.jpg", "thumb.webp", "--spec", "w:10,gray", folder=folder)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (picture_at(folder / "thumb.webp").format, picture_at(folder / "thumb.webp").size) == ("WEBP", (10, 5))
    assert names_in(folder) == ["photo.jpg", "thumb.webp"]


def test_the_result_is_what_the_engine_makes(folder, photo):
    result = run("transform", photo, "out.png", "--spec", "rot:90,f:png")

    with compose_engine(Settings()) as engine:
        expected = engine.render(BytesIO(photo.read_bytes()), parse("rot:90,f:png"))
    assert result.exit_code == 0
    assert (folder / "out.png").read_bytes() == expected.content


@pytest.mark.parametrize(
    ("target", "format"),
    [("o.jpg", "JPEG"), ("o.JPEG", "JPEG"), ("o.png", "PNG"), ("o.webp", "WEBP"), ("o.gif", "GIF")],
)
def test_the_extension_says_the_format(folder, photo, target, format):
    assert run("transform", photo, target, "--spec", "gray").exit_code == 0
    assert picture_at(folder / target).format == format


def test_the_spec_says_the_format_before_the_extension_does(folder, photo):
    assert run("transform", photo, "o.png", "--spec", "f:gif").exit_code == 0
    assert picture_at(folder / "o.png").format == "GIF"


def test_the_quality_of_the_spec_counts_without_its_format(folder, photo):
    for quality in (5, 95):
        assert run("transform", photo, f"{quality}.jpg", "--spec", f"q:{quality}").exit_code == 0

    assert (folder / "5.jpg").stat().st_size < (folder / "95.jpg").stat().st_size


@pytest.mark.parametrize("target", ["o.bmp", "o", "o.", ".png", "o.webp.bak"])
def test_an_extension_that_says_no_format_is_refused(folder, photo, target):
    told = refused(run("transform", photo, target, "--spec", "gray"))

    assert told == f"{target} has no extension that says the format: {ALL_FORMATS}; or say f: in the spec."
    assert names_in(folder) == ["photo.jpg"]


def test_what_stood_at_the_target_is_replaced(folder, photo):
    (folder / "o.png").write_text("old")

    assert run("transform", photo, "o.png", "--spec", "gray").exit_code == 0
    assert picture_at(folder / "o.png").size == (40, 20)


def test_a_file_may_be_replaced_by_its_own_result_where_that_is_said(folder, photo):
    assert run("transform", photo, photo, "--spec", "w:10").exit_code == 0
    assert picture_at(photo).size == (10, 5)


def test_what_a_link_leads_to_is_replaced_and_not_the_link(folder, photo):
    (folder / "real.png").write_text("old")
    (folder / "link.png").symlink_to("real.png")

    assert run("transform", photo, "link.png", "--spec", "gray").exit_code == 0
    assert (folder / "link.png").is_symlink()
    assert picture_at(folder / "real.png").size == (40, 20)


def test_the_result_may_be_read_by_whom_the_user_lets_read_files(folder, photo):
    before = os.umask(0o027)
    try:
        run("transform", photo, "o.png", "--spec", "gray")
    finally:
        os.umask(before)

    assert (folder / "o.png").stat().st_mode & 0o777 == 0o640


def test_a_file_with_any_name_can_be_read_and_written(folder, photo):
    strange = "a b\n'%$\N{PILE OF POO}" + "x" * 200 + ".png"
    photo.rename(strange)

    assert run("transform", strange, "-o.png", "--spec", "gray").exit_code == 2  # as for any command
    assert run("transform", "--spec", "gray", "--", strange, "-o.png").exit_code == 0
    assert run("transform", "--spec", "gray,f:png", strange, "y" * 250).exit_code == 0
    assert names_in(folder) == sorted(["-o.png", strange, "y" * 250])


# Many


def test_many_files_go_to_a_folder_each_in_its_own_format(folder, photos):
    result = run_script("transform", *photos, "out", "--spec", "w:10", folder=folder)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert names_in(folder / "out") == ["a.jpg", "b.png", "c.png"]  # BMP is nothing that we write
    assert {picture_at(path).size for path in (folder / "out").iterdir()} == {(10, 5)}


def test_many_files_get_the_format_of_the_spec(folder, photos):
    assert run("transform", *photos, "out/", "--spec", "w:10,f:webp", "--jobs", "1").exit_code == 0
    assert names_in(folder / "out") == ["a.webp", "b.webp", "c.webp"]
    assert {picture_at(path).format for path in (folder / "out").iterdir()} == {"WEBP"}


def test_one_file_may_go_to_a_folder_too(folder, photos):
    assert run("transform", photos[0], "out", "--spec", "w:10").exit_code == 0
    assert names_in(folder / "out") == ["a.jpg"]


@pytest.mark.parametrize("target", ["nowhere", "nowhere/", "in/a.jpg"])
def test_many_files_need_a_folder_that_exists(folder, photos, target):
    told = refused(run("transform", *photos, target, "--spec", "f:png"))

    assert told == f"There is no folder {target}; make it first."


@pytest.mark.parametrize(("target", "missing"), [("nowhere/", "nowhere/"), ("nowhere/o.png", "nowhere")])
def test_one_file_needs_the_folder_of_its_target(folder, photo, target, missing):
    assert (
        refused(run("transform", photo, target, "--spec", "f:png")) == f"There is no folder {missing}; make it first."
    )
    assert names_in(folder) == ["photo.jpg"]


def test_a_target_that_is_no_file_is_refused(folder, photo):
    os.mkfifo("pipe")

    assert refused(run("transform", photo, "pipe", "--spec", "f:png")) == "pipe is not a file."


@pytest.mark.parametrize(
    ("sources", "spec", "name"),
    [
        (["in/a.jpg", "other/a.jpg"], "gray", "a.jpg"),
        (["in/a.jpg", "in/a.png"], "f:webp", "a.webp"),
        (["in/a.png", "in/a.bmp"], "gray", "a.jpg"),  # which both are
        (["in/a.jpg", "in/a.JPEG"], "gray", "a.jpg"),
        (["in/a.jpg", "in/./a.jpg"], "gray", "a.jpg"),
    ],
)
def test_pictures_that_would_become_the_same_file_are_refused(folder, photos, sources, spec, name):
    (folder / "other").mkdir()
    for source in sources:
        (folder / source).write_bytes(photos[0].read_bytes())

    told = refused(run("transform", *sources, "out", "--spec", spec))

    assert told == f"2 of the pictures would become the same file, {name}."
    assert names_in(folder / "out") == []


def test_pictures_of_one_name_and_different_formats_are_no_collision(folder, photos):
    (folder / "in" / "b.jpg").write_bytes(photos[0].read_bytes())

    assert run("transform", "in/b.jpg", "in/b.png", "out", "--spec", "gray").exit_code == 0
    assert names_in(folder / "out") == ["b.jpg", "b.png"]


def test_a_picture_that_is_not_what_its_name_says_takes_nobodys_place(folder, photos):
    (folder / "in" / "b.jpg").write_bytes((folder / "in" / "b.png").read_bytes())

    told = refused(run("transform", "in/b.jpg", "in/b.png", "out", "--spec", "gray"))

    assert told == "2 of the pictures would become the same file, b.png."
    assert names_in(folder / "out") == []


def test_originals_are_not_replaced_by_accident(folder, photos):
    before = [path.read_bytes() for path in photos]

    told = refused(run("transform", *photos, "in", "--spec", "gray"))

    assert told == f"{photos[0]} would be replaced by its own result: say another folder."
    assert [path.read_bytes() for path in photos] == before


# What to do


@pytest.mark.parametrize(
    "document",
    [
        b'{"steps": [{"op": "crop", "x": 0, "y": 0, "width": 20, "height": 10}]}',
        b'{"transformations": {"crop": {"x": 0, "y": 0, "width": 20, "height": 10}}}',
        b'[{"operation": "crop", "params": {"x": 0, "y": 0, "width": 20, "height": 10}}]',
    ],
)
def test_the_spec_may_come_as_json_from_a_file_or_standard_input(folder, photo, document):
    (folder / "spec.json").write_bytes(document)

    assert run("transform", photo, "file.png", "--json", "spec.json").exit_code == 0
    assert run("transform", photo, "input.png", "--json", "-", given=document).exit_code == 0
    assert (folder / "file.png").read_bytes() == (folder / "input.png").read_bytes()
    red, green, blue = picture_at(folder / "file.png").convert("RGB").getpixel((5, 5))
    assert (red > 250, green < 5, blue < 5) == (True, True, True), RED


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("gray,grya", "character 6 of --spec: unknown operation 'grya'; did you mean 'gray'?; allowed: ao, bg,"),
        ("gray,w:400,h:99999", "character 12 of --spec: height must be 1 to 8192 pixels"),
        ("blur:many", "character 1 of --spec: 'many' is not a number; allowed: a plain decimal number"),
        (
            "f:bmp",
            "character 1 of --spec: unknown output format 'bmp'; allowed: auto, avif, gif, jpeg, png, tiff",
        ),
    ],
)
def test_a_bad_spec_is_refused_with_its_place_and_what_is_allowed(folder, photo, spec, told):
    assert refused(run("transform", photo, "o.png", "--spec", spec)).startswith(told)
    assert names_in(folder) == ["photo.jpg"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b'{"steps": [{"op": "blurr"}]}', "/steps/0/op: unknown operation 'blurr'; did you mean 'blur'?; allowed: "),
        (b'{"steps": [{"op": "blur", "sigma": 999}]}', "/steps/0/sigma: sigma must be 0.3 to 250"),
        (b'{"steps": ', "The file of --json does not hold JSON."),
        (b"\xff", "The file of --json does not hold JSON."),
        (b"[" * 100_000, "The file of --json does not hold JSON."),
        (b"7", "the input must be an object"),
    ],
)
def test_a_bad_json_file_is_refused_with_its_place_and_what_is_allowed(folder, photo, document, told):
    assert refused(run("transform", photo, "o.png", "--json", "-", given=document)).startswith(told)
    assert names_in(folder) == ["photo.jpg"]


@pytest.mark.parametrize("options", [[], ["--spec", "gray", "--json", "-"]])
def test_what_to_do_is_said_once(folder, photo, options):
    assert refused(run("transform", photo, "o.png", *options)) == "Say what to do with one of --spec and --json."


def test_what_is_not_there_is_refused_before_anything_is_made(folder, photo):
    told = refused(run("transform", photo, "missing.jpg", ".", "--spec", "f:png"))

    assert "'missing.jpg' does not exist" in told
    assert names_in(folder) == ["photo.jpg"]


def test_a_setting_that_is_wrong_is_refused_by_name(folder, photo):
    assert refused(run("transform", photo, "o.png", "--spec", "gray", PROT="1")).startswith(
        "unknown variable IMGSVC_PROT"
    )
    assert "'imagemagick'" in refused(run("transform", photo, "o.png", "--spec", "gray", ENGINE="imagemagick"))


# What cannot be done


def test_pictures_that_cannot_be_read_are_named_and_the_others_made(folder, photos):
    (folder / "in" / "text.jpg").write_text("hello")
    (folder / "in" / "cut.png").write_bytes(encoded(textured(300, 300))[:-2000])

    result = run_script("transform", *photos, "in/text.jpg", "in/cut.png", "out", "--spec", "w:10", folder=folder)

    lines = result.stderr.splitlines()
    assert (result.returncode, result.stdout, len(lines)) == (1, "", 3)
    assert lines[0].startswith("in/cut.png: the picture")
    assert lines[1].startswith("in/text.jpg: this is not a picture")
    assert lines[2] == "2 of 5 pictures could not be made."
    assert names_in(folder / "out") == ["a.jpg", "b.png", "c.png"]


def test_a_spec_that_does_not_fit_a_picture_is_told_with_what_would(folder, photo):
    result = run("transform", photo, "o.png", "--spec", "crop:100:0:5:5")

    assert result.exit_code == 1
    assert result.stderr == (
        "photo.jpg: the crop at 100,0 lies outside of the picture of 40x20 pixels;"
        " allowed: x at most 39, y at most 19\n"
    ).replace("photo.jpg", str(photo))
    assert names_in(folder) == ["photo.jpg"]


def test_the_limits_of_the_settings_hold_here_too(folder, photo):
    result = run("transform", photo, "o.png", "--spec", "gray", MAX_PIXELS="799")

    assert result.exit_code == 1
    assert "799" in result.stderr
    assert run("transform", photo, "o.png", "--spec", "gray", MAX_PIXELS="800").exit_code == 0
    assert Limits().max_pixels > 800


def test_a_target_that_cannot_be_written_keeps_what_it_was_and_leaves_nothing_half_written(folder, photo):
    full = folder / "full"
    full.mkdir()
    (full / "o.png").write_text("old")
    script = f"ulimit -f 8; exec {SCRIPT} transform {photo} {full}/o.png --spec w:900,el:1,blur:1,f:png"

    result = subprocess.run(["bash", "-c", script], env=environment(), capture_output=True, text=True, timeout=60)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{photo}: File too large\n"
    assert names_in(full) == ["o.png"]
    assert (full / "o.png").read_text() == "old"


def test_ctrl_c_ends_soon_and_leaves_nothing_half_written(folder):
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    content = encoded(textured(600, 400), "jpeg")
    for number in range(300):
        (folder / "in" / f"{number}.jpg").write_bytes(content)
    command = [SCRIPT, "transform", *sorted((folder / "in").iterdir()), "out", "--spec", "blur:30,f:png", "-j", "1"]

    with interruptible(command) as process:
        wait_for(lambda: names_in(folder / "out"))
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)

    assert (process.returncode, stdout) == (1, b"")
    assert stderr.decode().strip() == "Aborted!"
    made = list((folder / "out").iterdir())
    assert 0 < len(made) < 300
    assert {picture_at(path).size for path in made} == {(600, 400)}


# What one sees


def on_a_terminal(*arguments):
    """What the command writes where standard error is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [SCRIPT, *map(str, arguments)], env={**environment(), "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:
        pass  # how a terminal says that nobody writes to it any more
    stdout, _ = process.communicate(timeout=60)
    os.close(ours)
    assert (process.returncode, stdout) == (0, b"")
    return seen.decode()


def test_a_bar_shows_the_progress_of_many_on_a_terminal(folder, photos):
    seen = on_a_terminal("transform", *photos, "out", "--spec", "gray")

    assert "Pictures" in seen
    assert "3/3" in seen


def test_no_bar_is_shown_for_one(folder, photo):
    assert on_a_terminal("transform", photo, "o.png", "--spec", "gray") == ""


def test_the_help_has_examples_and_they_work(folder, photos):
    shown = run("transform", "--help").stdout
    examples = [line.strip() for line in shown.splitlines() if line.strip().startswith("imgsvc transform ")]
    (folder / "photo.jpg").write_bytes(photos[0].read_bytes())
    (folder / "in").rename("photos")
    (folder / "out").rename("thumbs")
    (folder / "spec.json").write_text('{"steps": [{"op": "grayscale"}]}')

    script = "\n".join(["set -e", *(line.replace("imgsvc", str(SCRIPT), 1) for line in examples)])
    result = subprocess.run(["bash", "-c", script], env=environment(), capture_output=True, text=True, timeout=60)

    assert len(examples) == 4
    assert (result.returncode, result.stderr) == (0, "")
    assert {"thumb.webp", "out.png"} <= set(names_in(folder))
    assert names_in(folder / "thumbs") == ["a.webp"]
