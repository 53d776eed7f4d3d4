"""What clients were told: all that was accepted, and every refusal."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from uuid import uuid4

import httpx
from attrs import define, field, frozen

from tests.servers import PASSWORD
from tests.waiting import wait_for

_ENDED = ("ready", "failed")


@frozen
class AcceptedImage:
    token: str
    sha256: str


@frozen
class AcceptedJob:
    token: str
    image_id: str


@frozen
class Refusal:
    """An answer of 500 or more."""

    request: str
    status: int
    retry_after: str | None


@define
class Record:
    """Kept for all clients of one installation; safe from any thread, since each entry is one step."""

    images: dict[str, AcceptedImage] = field(factory=dict)
    jobs: dict[str, AcceptedJob] = field(factory=dict)
    refusals: list[Refusal] = field(factory=list)

    def forget(self) -> None:
        for kept in (self.images, self.jobs, self.refusals):
            kept.clear()

    @contextmanager
    def client(self, address: str, token: str = "", seconds: float = 30) -> Iterator[httpx.Client]:
        """All of whose answers are noted."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        hooks = {"response": [self._note]}
        with httpx.Client(
            base_url=address, headers=headers, timeout=seconds, verify=False, event_hooks=hooks
        ) as client:
            yield client

    def _note(self, answer: httpx.Response) -> None:
        request = answer.request
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if answer.status_code >= 500:
            where = f"{request.method} {request.url.path}"
            self.refusals.append(Refusal(where, answer.status_code, answer.headers.get("Retry-After")))
        if request.method == "DELETE":  # whatever came of it
            self.images.pop(request.url.path.rpartition("/")[2], None)
        if request.method != "POST" or answer.status_code not in (201, 202):
            return
        answer.read()
        match answer.headers.get("Location", "").split("/"):
            case ["", "v1", "images", image]:
                self.images[image] = AcceptedImage(token, answer.json()["sha256"])
            case ["", "v1", "jobs", job]:
                self.jobs[job] = AcceptedJob(token, answer.json()["image_id"])


@frozen
class Somebody:
    """A logged in user, at one address of the installation."""

    client: httpx.Client
    token: str
    name: str = ""  # where this is how they came to be

    def upload(self, content: bytes) -> str:
        """The id of the image that became of it."""
        answer = self.try_to_upload(content)
        assert answer.status_code == 201, answer.text
        assert answer.json()["sha256"] == sha256(content).hexdigest()
        return str(answer.json()["id"])

    def try_to_upload(self, content: bytes) -> httpx.Response:
        return self.client.post("/v1/images", files={"file": ("picture.png", content)})

    def order(self, image_id: str, width: int = 10) -> str:
        """The id of the job that makes the image so many pixels wide."""
        answer = self.try_to_order(image_id, width)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def try_to_order(self, image_id: str, width: int = 10) -> httpx.Response:
        spec = {"steps": [{"op": "resize", "width": width}]}
        return self.client.post(f"/v1/images/{image_id}/transform?mode=async", json=spec)

    def original(self, image_id: str) -> bytes:
        return self.client.get(f"/v1/images/{image_id}/content").raise_for_status().content

    def job(self, job_id: str) -> dict[str, object]:
        found: dict[str, object] = self.client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
        return found

    def ended(self, job_id: str, seconds: float = 30) -> dict[str, object]:
        """The job, once it is ready or failed; a failure to ask is none of the job's."""

        def found() -> dict[str, object] | None:
            answer = self.client.get(f"/v1/jobs/{job_id}")
            job: dict[str, object] = answer.json()
            return job if answer.status_code == 200 and job["status"] in _ENDED else None

        return wait_for(found, seconds)


def register(client: httpx.Client) -> tuple[str, str]:
    """Name and token of somebody new."""
    name = f"user-{uuid4().hex[:12]}"
    credentials = {"username": name, "password": PASSWORD}
    client.post("/v1/auth/register", json=credentials).raise_for_status()
    answer = client.post("/v1/auth/login", json=credentials).raise_for_status()
    return name, answer.json()["access_token"]
