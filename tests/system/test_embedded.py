"""The whole service on embedded defaults: upload to variant, and killed in between."""

import os
import signal
import socket
from hashlib import sha256
from pathlib import Path

import pytest

from imgsvc.application.storage_mark import MARK
from tests.pictures import decoded, encoded, textured
from tests.servers import running_server
from tests.waiting import wait_for

# What a dead server held is found within seconds.
SOON = {"LEASE_SECONDS": "1", "REQUEUE_AFTER_SECONDS": "1", "RENDER_SLOTS": "1"}


@pytest.fixture(scope="module")
def photograph():
    return encoded(textured(1600, 1200), "jpeg")


def request_rendering(account, image_id, width):
    """A job that takes a while."""
    steps = [{"op": "resize", "width": width}, {"op": "blur", "sigma": 40}, {"op": "blur", "sigma": 40}]
    answer = account.client.post(f"/v1/images/{image_id}/transform?mode=async", json={"steps": steps})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_a_rendering_that_takes_too_long_is_given_up_now_and_as_a_job(tmp_path, photograph):
    with running_server(tmp_path / "data", SYNC_SECONDS="1", JOB_SECONDS="2", RENDER_SLOTS="1") as server:
        account = server.account()
        image_id = account.upload(photograph)
        address = f"/v1/images/{image_id}"
        stop_children(server)
        now = account.client.get(f"{address}/content?t=w:10")
        # By the job that it has become; then there is a child again that can be stopped.
        wait_for(lambda: account.client.get(f"{address}/content?t=w:10").status_code == 200)
        stop_children(server)
        later = account.client.post(f"{address}/transform?mode=async", json={"steps": [{"op": "flip"}]})
        job = wait_for(lambda: ended(account, later.json()["id"]))
        account.client.close()

    assert (now.status_code, now.json()["status"]) == (202, "pending")
    assert (job["status"], job["failure"]["code"]) == ("failed", "processing_timeout")


def stop_children(server):
    """Whatever they are asked next takes for ever."""
    for file in Path(f"/proc/{server.process.pid}/task").glob("*/children"):
        for child in file.read_text().split():
            os.kill(int(child), signal.SIGSTOP)


def ended(account, job_id):
    job = account.client.get(f"/v1/jobs/{job_id}").json()
    return job if job["status"] in ("ready", "failed") else None


def statuses(account):
    return [job["status"] for job in account.client.get("/v1/jobs?limit=100").json()["items"]]


def send_half_an_upload(server, account, content):
    """An open connection on which the second half of a form is missing."""
    host, port = server.address.removeprefix("http://").split(":")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="half.jpg"\r\n\r\n' + content + b"\r\n--b--\r\n"
    )
    head = (
        f"POST /v1/images HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {account.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((host, int(port)))
    connection.sendall(head.encode() + body[: len(body) // 2])
    return connection


def blob_files(data_dir):
    """Every file that is neither the database nor a secret, by the key of the blob that it should be."""
    blobs = data_dir / "blobs"
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    others = [path for path in files if not path.name.startswith("imgsvc.sqlite3") and path.parent.name != "secrets"]
    return sorted(path.relative_to(blobs).as_posix().removesuffix("+") for path in others)


def expected_files(account):
    """One file for the bytes of images, and for each ready variant, that the API tells of."""
    images = account.client.get("/v1/images?limit=100").json()["items"]
    variants = [
        variant
        for image in images
        for variant in account.client.get(f"/v1/images/{image['id']}/variants?limit=100").json()["items"]
    ]
    made = [f"variants/{one['image_id']}/{one['spec_id']}-{one['engine']}" for one in variants]
    kept = {f"originals/{image['duplicate_of'] or image['id']}" for image in images}  # equal bytes once
    return sorted([MARK, *kept, *made])


def test_a_picture_is_uploaded_rendered_now_and_later_and_fetched(account, photograph):
    image_id = account.upload(photograph, "photo.jpg")

    now = account.client.get(f"/v1/images/{image_id}/content?t=rs:cover:60:40,gray,f:webp")
    queued = account.client.post(f"/v1/images/{image_id}/transform?mode=async", json={"rotate": 90, "format": "png"})
    job_url = queued.headers["location"]
    job = wait_for(lambda: (found := account.client.get(job_url).json())["status"] == "ready" and found)
    later = account.client.get(job["result_url"])

    assert (decoded(now.content).format, decoded(now.content).size) == ("WEBP", (60, 40))
    assert (decoded(later.content).format, decoded(later.content).size) == ("PNG", (1200, 1600))
    assert account.client.get("/v1/images").json()["total"] == 1


def test_a_kill_loses_nothing_that_was_accepted_and_leaves_nothing_behind(tmp_path, photograph):
    with running_server(tmp_path / "data", WORKER_SLOTS="1", **SOON) as server:
        account = server.account()
        image_id = account.upload(photograph, "whole.jpg")
        jobs = [request_rendering(account, image_id, 400 + width) for width in range(20)]
        connection = send_half_an_upload(server, account, photograph)
        wait_for(lambda: "processing" in statuses(account) or "ready" in statuses(account))
        unfinished = [status for status in statuses(account) if status != "ready"]
        server.kill()
        connection.close()
        account.client.close()
    assert unfinished, "everything was made before the server was killed: the test shows nothing"

    with running_server(tmp_path / "data", **SOON) as server:
        with server.client(account.token) as client:
            account = type(account)(client, account.token)
            wait_for(lambda: statuses(account) == ["ready"] * len(jobs), seconds=60)
            original = client.get(f"/v1/images/{image_id}/content").content
            contents = [client.get(f"/v1/variants/{job}/content").content for job in jobs]
            images = client.get("/v1/images").json()
            expected = expected_files(account)

        assert original == photograph
        assert sorted(decoded(content).size[0] for content in contents) == [400 + width for width in range(20)]
        assert [image["id"] for image in images["items"]] == [image_id]
        assert blob_files(server.data_dir) == expected


def test_a_server_that_is_killed_again_and_again_still_makes_everything(tmp_path, photograph):
    with running_server(tmp_path / "data", **SOON) as server:
        account = server.account()
        account.client.close()
        token = account.token
    accepted = []

    for round_number in range(4):
        with running_server(tmp_path / "data", **SOON) as server, server.client(token) as client:
            account = type(account)(client, token)
            image_id = account.upload(photograph, f"{round_number}.jpg")
            accepted += [request_rendering(account, image_id, 300 + width) for width in range(5)]
            wait_for(lambda account=account: "ready" in statuses(account))
            server.kill()

    with running_server(tmp_path / "data", **SOON) as server, server.client(token) as client:
        account = type(account)(client, token)
        wait_for(lambda: statuses(account) == ["ready"] * len(accepted), seconds=60)
        sums = {image["sha256"] for image in client.get("/v1/images").json()["items"]}
        assert sums == {sha256(photograph).hexdigest()}
        assert client.get("/v1/images").json()["total"] == 4
        assert blob_files(server.data_dir) == expected_files(account)


def test_a_server_told_to_stop_finishes_what_it_makes_and_ends_well(tmp_path, photograph):
    with running_server(tmp_path / "data") as server, server.account().client as client:
        image_id = client.post("/v1/images", files={"file": ("a.jpg", photograph)}).json()["id"]
        client.post(f"/v1/images/{image_id}/transform?mode=async", json={"blur": 100})
        server.process.terminate()

        status = server.process.wait(30)

    assert status == 0
    assert "error" not in server.log().replace('"log.level": "info"', "")
