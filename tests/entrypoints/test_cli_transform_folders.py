"""``imgsvc transform`` over folders, and with images over pictures."""

import os
import signal
from uuid import UUID

import pytest

from tests.entrypoints.commands import SCRIPT, interruptible, run, run_script
from tests.pictures import decoded, encoded, half_clear, quadrants, textured
from tests.waiting import wait_for

PASSED_OVER = "3 files passed over: no picture (photos/empty, photos/notes.txt, photos/2025/may/list.csv)."
STAMP = UUID("0190a6f2-7d3b-7c44-9f5e-3a1c52b6d801")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the command is run: with a tree of pictures, and what else lies in such trees."""
    monkeypatch.chdir(tmp_path)
    files = {
        "photos/a.jpg": encoded(quadrants(40, 20), "jpeg"),
        "photos/notes.txt": b"hello",
        "photos/empty": b"",
        "photos/2025/b.png": encoded(quadrants(40, 20)),
        "photos/2025/may/c.bmp": encoded(quadrants(40, 20), "bmp"),
        "photos/2025/may/list.csv": b"1,2",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def tree(folder):
    """The files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def picture_at(path):
    return decoded(path.read_bytes())


def test_a_folder_and_its_folders_are_made_again_with_every_picture_in_them(folder):
    result = run_script("transform", "-r", "photos", "out", "--spec", "w:10", folder=folder)

    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"{PASSED_OVER}\n"
    assert tree(folder / "out") == ["2025/b.png", "2025/may/c.png", "a.jpg"]
    assert {picture_at(folder / "out" / name).size for name in tree(folder / "out")} == {(10, 5)}


def test_without_being_told_only_the_pictures_of_the_folder_itself_are_made(folder):
    result = run("transform", "photos", "out", "--spec", "w:10,f:webp")

    assert result.exit_code == 0
    assert result.stderr == "2 files passed over: no picture (photos/empty, photos/notes.txt).\n"
    assert tree(folder / "out") == ["a.webp"]


def test_folders_and_files_may_be_named_together(folder):
    assert run("transform", "photos/a.jpg", "photos/2025", "out", "--spec", "f:png").exit_code == 0
    assert tree(folder / "out") == ["a.png", "b.png"]


def test_a_file_is_a_picture_by_its_content_and_not_by_its_name(folder):
    (folder / "photos" / "scan.dat").write_bytes(encoded(quadrants(40, 20)))
    (folder / "photos" / "fake.png").write_text("hello")

    result = run("transform", "photos", "out", "--spec", "w:10")

    told = "3 files passed over: no picture (photos/empty, photos/fake.png, photos/notes.txt).\n"
    assert (result.exit_code, result.stderr) == (0, told)
    assert tree(folder / "out") == ["a.jpg", "scan.png"]


def test_of_many_files_that_are_no_pictures_the_first_few_are_named(folder):
    for number in range(9):
        (folder / "photos" / f"note-{number}").write_text("hello")

    result = run("transform", "photos", "out", "--spec", "w:10")

    named = "photos/empty, photos/note-0, photos/note-1"
    assert result.stderr == f"11 files passed over: no picture ({named}, and 8 more).\n"


def test_a_file_that_was_named_and_is_no_picture_is_an_error(folder):
    result = run("transform", "photos/notes.txt", "photos/a.jpg", "photos/2025", "out", "--spec", "w:10")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[0].startswith("photos/notes.txt: this is not a picture")
    assert result.stderr.splitlines()[-1] == "1 of 3 pictures could not be made."
    assert tree(folder / "out") == ["a.jpg", "b.png"]


def test_a_damaged_picture_is_told_at_the_end_and_the_others_are_made(folder):
    (folder / "photos" / "cut.png").write_bytes(encoded(textured(300, 300))[:-2000])

    result = run("transform", "-r", "photos", "out", "--spec", "w:10", "-j", "2")

    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith("photos/cut.png: ")
    assert lines[1:] == [PASSED_OVER, "1 of 4 pictures could not be made."]
    assert tree(folder / "out") == ["2025/b.png", "2025/may/c.png", "a.jpg"]


def test_a_folder_without_pictures_is_an_error_that_says_what_may_help(folder):
    (folder / "none" / "deep").mkdir(parents=True)
    (folder / "none" / "deep" / "a.png").write_bytes(encoded(quadrants()))

    result = run("transform", "none", "out", "--spec", "w:10")

    assert result.exit_code == 1
    assert result.stderr == "There are no pictures; -r looks in the folders of folders, too.\n"


def test_two_pictures_that_would_become_the_same_file_are_refused_before_anything_is_made(folder):
    (folder / "photos" / "2025" / "b.jpg").write_bytes(encoded(quadrants(), "jpeg"))

    result = run("transform", "-r", "photos", "out", "--spec", "f:webp")

    assert result.exit_code == 2
    assert "2 of the pictures would become the same file, 2025/b.webp." in result.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize("target", ["photos", "photos/../photos", "link"])
def test_originals_are_never_replaced(folder, target):
    (folder / "link").symlink_to("photos")
    before = (folder / "photos" / "a.jpg").read_bytes()

    result = run("transform", "-r", "photos", target, "--spec", "w:10")

    assert result.exit_code == 2
    assert "would be replaced by its own result: say another folder." in result.stderr
    assert (folder / "photos" / "a.jpg").read_bytes() == before


def test_results_within_the_folder_are_no_sources_of_the_next_run(folder):
    for _ in range(2):
        assert run("transform", "-r", "photos", "photos/small", "--spec", "w:10").exit_code == 0

    assert tree(folder / "photos" / "small") == ["2025/b.png", "2025/may/c.png", "a.jpg"]


def test_what_is_there_already_is_passed_over_if_told(folder):
    (folder / "out" / "2025").mkdir(parents=True)
    (folder / "out" / "2025" / "b.webp").write_text("old")

    result = run("transform", "-r", "photos", "out", "--spec", "w:10,f:webp", "--skip-existing")

    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        PASSED_OVER,
        "1 picture passed over: there already.",
    ]
    assert (folder / "out" / "2025" / "b.webp").read_text() == "old"
    assert tree(folder / "out") == ["2025/b.webp", "2025/may/c.webp", "a.webp"]


def test_it_is_no_failure_if_all_is_there_already(folder):
    for _ in range(2):
        result = run("transform", "photos", "out", "--spec", "w:10", "--skip-existing")

    assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "1 picture passed over: there already.")


def test_the_format_auto_is_one_that_every_client_shows(folder):
    (folder / "photos" / "clear.webp").write_bytes(encoded(half_clear(), "webp"))
    (folder / "photos" / "full.webp").write_bytes(encoded(quadrants(), "webp"))

    assert run("transform", "photos", "out", "--spec", "w:10,f:auto").exit_code == 0
    assert tree(folder / "out") == ["a.jpg", "clear.png", "full.jpg"]
    assert [picture_at(folder / "out" / name).format for name in tree(folder / "out")] == ["JPEG", "PNG", "JPEG"]


def test_links_to_folders_are_not_followed_and_pipes_are_not_read(folder):
    (folder / "photos" / "loop").symlink_to(".")
    os.mkfifo(folder / "photos" / "pipe")

    result = run_script("transform", "-r", "photos", "out", "--spec", "w:10", folder=folder)

    assert result.returncode == 0
    assert tree(folder / "out") == ["2025/b.png", "2025/may/c.png", "a.jpg"]


def test_a_folder_cannot_become_a_file(folder):
    result = run("transform", "photos", "photos/a.jpg", "--spec", "w:10")

    assert result.exit_code == 2
    assert "There is no folder photos/a.jpg; make it first." in result.stderr


def test_ctrl_c_finishes_what_runs_and_leaves_nothing_half_written(folder):
    content = encoded(textured(600, 400), "jpeg")
    for number in range(200):
        (folder / "photos" / f"{number}.jpg").write_bytes(content)
    command = [SCRIPT, "transform", "photos", "out", "--spec", "blur:30,f:png", "--workers", "1"]

    with interruptible(command) as process:
        wait_for(lambda: (folder / "out").exists() and tree(folder / "out"))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)

    assert (process.returncode, stderr.decode().strip()) == (1, "Aborted!")
    made = tree(folder / "out")
    assert 0 < len(made) < 201
    assert not [name for name in made if name.startswith(".")]


def test_many_are_made_in_child_processes_where_the_settings_say_so(folder):
    result = run_script("transform", "-r", "photos", "out", "--spec", "w:10", folder=folder, RENDER_IN="children")

    assert result.returncode == 0
    assert tree(folder / "out") == ["2025/b.png", "2025/may/c.png", "a.jpg"]


# Images over pictures


def test_an_image_is_laid_over_every_picture(folder):
    (folder / "logo.png").write_bytes(encoded(quadrants(4, 4).point(lambda value: 0)))

    result = run(
        "transform", "-r", "photos", "out", "--spec", f"wm:{STAMP}:southeast:1:0.25:0:0,f:png",
        "--overlay", f"{STAMP}=logo.png",
    )  # fmt: skip

    assert result.exit_code == 0, result.stderr
    for name in tree(folder / "out"):
        picture = picture_at(folder / "out" / name).convert("RGB")
        assert max(picture.getpixel((37, 17))) < 10
        assert min(picture.getpixel((25, 15))) > 245


def test_a_watermark_without_its_image_is_refused_before_anything_is_made(folder):
    result = run("transform", "photos", "out", "--spec", f"wm:{STAMP}")

    assert result.exit_code == 2
    assert f"A watermark names the image {STAMP}: say --overlay {STAMP}=FILE." in result.stderr
    assert not (folder / "out").exists()


def test_an_overlay_that_is_no_picture_is_told(folder):
    result = run("transform", "photos", "out", "--spec", f"wm:{STAMP}", "--overlay", f"{STAMP}=photos/notes.txt")

    assert result.exit_code == 1
    assert "photos/a.jpg: " in result.stderr
    assert "not a picture" in result.stderr
