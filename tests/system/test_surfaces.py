"""One spec, four surfaces, the same bytes."""

import subprocess
import sys
from io import BytesIO

import pytest

from imgsvc import parse_spec
from imgsvc.domain.plain_data import canonical
from tests.pictures import encoded, half_clear, textured
from tests.waiting import wait_for

SPECS = (
    "ao:1",
    "w:300,h:200,fit:cover,gray,f:webp",
    "crop:10:20:200:150,rot:30,wm:t.wqkgQWRh,f:png",
    "rs:inside:120:,blur:1.5,br:10,con:-5,f:jpeg,q:70",
    "rs:contain:100:100,sepia:60,sharp,f:gif",
    "w:150,pad:5:10:::336699,hue:40,gam:1.5,neg,tint:f80:40,px:6,round:max,f:webp",
    "trim,rs:cover:90:90:smart,dpr:1.5,kernel:bicubic,f:avif",
    "crop:200:150@entropy,wm:t.RFJBRlQ::0.7:12:30:20::1:-30:serif:1,f:jpeg,mb:4000,pr:1",
    "w:100,f:tiff,md:all,icc:keep",
    "rs:cover:80:60:fp:0.2:0.9,f:png,pl:9,pr:1",
)


@pytest.fixture(scope="module")
def pictures():
    """By the names of their files."""
    frames = [textured(300, 200).rotate(90 * turn) for turn in range(3)]
    several = {"save_all": True, "append_images": frames[1:], "duration": [40, 80, 120], "loop": 2}
    return {
        "photo.jpg": encoded(textured(800, 600), "jpeg"),
        "transparent.png": encoded(half_clear(400, 300), "png"),
        "animation.gif": encoded(frames[0], "gif", **several),
    }


def over_http(account, image_id, compact):
    return account.client.get(f"/v1/images/{image_id}/content", params={"t": compact}).content


def by_a_job(account, picture, compact):
    # Another image of the same bytes, so that nothing is stored for it yet.
    image_id = account.upload(picture)
    spec = canonical(parse_spec(compact))
    job = account.client.post(f"/v1/images/{image_id}/transform?mode=async", json=spec).json()
    wait_for(lambda: account.client.get(job["job_url"]).json()["status"] == "ready")
    return account.client.get(f"/v1/variants/{job['id']}/content").content


def on_the_command_line(folder, pictures, compact):
    """All at once, by the names of the pictures."""
    (folder / "in").mkdir()
    for name, content in pictures.items():
        (folder / "in" / name).write_bytes(content)
    command = [sys.executable, "-m", "imgsvc", "transform", folder / "in", folder / "out", "--spec", compact]
    subprocess.run(command, check=True, capture_output=True)
    made = {path.stem: path.read_bytes() for path in (folder / "out").iterdir()}
    return {name: made[name.partition(".")[0]] for name in pictures}


def as_a_library(service, user, picture, compact):
    image = service.use_cases.upload_image(user.id, BytesIO(picture))
    return service.use_cases.open_rendering(user.id, image.id, parse_spec(compact)).content


@pytest.mark.parametrize("compact", SPECS)
def test_a_spec_gives_the_same_bytes_on_every_surface(account, service, pictures, compact, tmp_path):
    made = on_the_command_line(tmp_path, pictures, compact)
    user = service.use_cases.register_user("ada", "correct horse")

    for name, picture in pictures.items():
        results = {
            "http": over_http(account, account.upload(picture), compact),
            "job": by_a_job(account, picture, compact),
            "command line": made[name],
            "library": as_a_library(service, user, picture, compact),
        }

        assert len(results["http"]) > 100
        assert {surface for surface, content in results.items() if content != results["http"]} == set(), name
