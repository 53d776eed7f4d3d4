"""With any one server stopped, every endpoint answers soon: as always, or when to come back."""

from time import monotonic
from uuid import uuid4

import pytest
from attrs import frozen

from tests.pictures import encoded, quadrants
from tests.servers import PASSWORD
from tests.system.faults.record import Somebody
from tests.waiting import wait_for

PICTURE = encoded(quadrants(40, 20))
SPEC = {"steps": [{"op": "resize", "width": 10}]}
SECONDS = 3.0
WEBHOOK = "http://127.0.0.1:1024/"  # where nobody is

FOLLOWING = "GET /i/{key}.{signature}/{spec}/{image}.{extension}"

# What each request cannot do without. Nothing needs Redis or RabbitMQ: what they do is done later, or anew.
NEEDS = {
    "POST /v1/auth/register": {"postgres"},
    "POST /v1/auth/login": {"postgres"},
    "POST /v1/auth/refresh": {"postgres"},
    "POST /v1/auth/logout": {"postgres"},
    "POST /v1/auth/password": {"postgres"},
    "GET /v1/me": {"postgres"},
    "DELETE /v1/me": {"postgres", "s3"},
    "POST /v1/api-keys": {"postgres"},
    "GET /v1/api-keys": {"postgres"},
    "DELETE /v1/api-keys/{key_id}": {"postgres"},
    "POST /v1/images": {"postgres", "s3"},
    "GET /v1/images": {"postgres"},
    "GET /v1/images/{image_id}": {"postgres"},
    "PATCH /v1/images/{image_id}": {"postgres"},
    "DELETE /v1/images/{image_id}": {"postgres", "s3"},
    "GET /v1/images/{image_id}/content": {"postgres", "s3"},
    "GET /v1/images/{image_id}/content?t=w:20": {"postgres"},  # it was asked for before
    "POST /v1/images/{image_id}/plan": {"postgres"},
    "POST /v1/images/{image_id}/transform": {"postgres", "s3"},
    "POST /v1/images/{image_id}/transform?mode=async": {"postgres"},
    "GET /v1/images/{image_id}/variants": {"postgres"},
    "GET /v1/variants/{variant_id}": {"postgres"},
    "DELETE /v1/variants/{variant_id}": {"postgres", "s3"},
    "GET /v1/variants/{variant_id}/content": {"postgres", "s3"},
    "POST /v1/images/{image_id}/links": {"postgres"},
    FOLLOWING: {"postgres"},
    "GET /v1/jobs": {"postgres"},
    "POST /v1/jobs": {"postgres", "s3"},
    "GET /v1/jobs/{job_id}": {"postgres"},
    "GET /v1/jobs/{job_id}/events": {"postgres"},
    "DELETE /v1/jobs/{job_id}": {"postgres"},
    "GET /v1/presets": {"postgres"},
    "PUT /v1/presets/{name}": {"postgres"},
    "GET /v1/presets/{name}": {"postgres"},
    "DELETE /v1/presets/{name}": {"postgres"},
    "POST /v1/webhooks": {"postgres"},
    "GET /v1/webhooks": {"postgres"},
    "GET /v1/webhooks/{webhook_id}": {"postgres"},
    "PATCH /v1/webhooks/{webhook_id}": {"postgres"},
    "POST /v1/webhooks/{webhook_id}/secret": {"postgres"},
    "POST /v1/webhooks/{webhook_id}/test": {"postgres"},
    "GET /v1/webhooks/{webhook_id}/deliveries": {"postgres"},
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": {"postgres"},
    "DELETE /v1/webhooks/{webhook_id}": {"postgres"},
    "GET /healthz": set(),
    "GET /readyz": {"postgres", "s3"},
}


@frozen
class Belongings:
    """What somebody has before anything is stopped."""

    somebody: Somebody
    kept: str
    unwanted: str
    job: str
    cancelled: str
    purged: str  # a variant
    key: str  # the id of an API key
    link: str  # to what was asked for before
    webhooks: dict[str, str]  # the ids of one that stays, of one that does not, and of a delivery
    others: dict[str, Somebody]  # who make requests after which one is somebody else
    refresh_token: str

    def asked(self, request):
        """The answer."""
        method, _, path = request.partition(" ")
        ends = method == "DELETE"
        if request == FOLLOWING:
            return self.somebody.client.get(self.link)
        path = path.format(
            image_id=self.unwanted if ends else self.kept,
            variant_id=self.purged if ends else self.job,
            name="old" if ends else "new",
            job_id=self.cancelled if ends else self.job,
            key_id=self.key,
            webhook_id=self.webhooks["unwanted" if ends else "kept"],
            delivery_id=self.webhooks["delivery"],
        )
        asking = self.others.get(request, self.somebody)
        return asking.client.request(method, path, **self._body(method, path))

    def _body(self, method, path):
        match method, path:
            case "POST", "/v1/auth/register":
                return {"json": {"username": f"user-{uuid4().hex[:12]}", "password": PASSWORD}}
            case "POST", "/v1/auth/login":
                return {"json": {"username": self.somebody.name, "password": PASSWORD}}
            case "POST", "/v1/auth/refresh":
                return {"json": {"refresh_token": self.refresh_token}}
            case "POST", "/v1/auth/password":
                return {"json": {"current_password": PASSWORD, "new_password": f"{PASSWORD} again"}}
            case "DELETE", "/v1/me":
                return {"json": {"password": PASSWORD}}
            case "POST", "/v1/api-keys":
                return {"json": {"name": "another"}}
            case "POST", "/v1/webhooks":
                return {"json": {"url": WEBHOOK}}
            case "PATCH", _ if path.startswith("/v1/webhooks"):
                return {"json": {"enabled": True}}
            case "PATCH", _:
                return {"json": {"name": "another"}}
            case "POST", "/v1/images" | "/v1/jobs":
                return {"files": {"file": ("picture.png", PICTURE)}}
        if path.startswith("/v1/webhooks"):
            return {}
        if path.endswith("/links"):
            return {"json": {"spec": SPEC}}
        return {"json": SPEC} if method in ("POST", "PUT") else {}


@pytest.fixture(scope="module")
def working(standing_installation):
    standing_installation.api(OUTBOUND_NETWORKS="127.0.0.1/32")
    standing_installation.worker(RENDER_IN="process")
    standing_installation.failures = frozenset({"cancelled"})
    standing_installation.may_leave_orphans = True  # of images that were deleted while their bytes could not be
    return standing_installation


@pytest.fixture(scope="module", params=["postgres", "s3", "rabbitmq", "redis"])
def gone(request, working):
    """Its name, and somebody with a few belongings, made before it was stopped."""
    somebody = working.somebody(working.processes[0])
    kept, unwanted = somebody.upload(PICTURE), somebody.upload(PICTURE)
    job = somebody.order(kept, width=15)
    assert somebody.ended(job)["status"] == "ready"
    for name in ("old", "new"):
        somebody.client.put(f"/v1/presets/{name}", json=SPEC).raise_for_status()
    cancelled = one_cancelled(somebody, kept)
    made = somebody.client.post(f"/v1/images/{kept}/transform?mode=sync", json={"resize": {"width": 11}})
    purged = made.raise_for_status().json()["id"]
    somebody.client.get(f"/v1/images/{kept}/content?t=w:20").raise_for_status()
    link = somebody.client.post(f"/v1/images/{kept}/links", json={"t": "w:20"}).raise_for_status().json()["url"]
    somebody.client.get(link).raise_for_status()
    key = somebody.client.post("/v1/api-keys", json={"name": "one"}).raise_for_status().json()["api_key"]["id"]
    credentials = {"username": somebody.name, "password": PASSWORD}
    login = somebody.client.post("/v1/auth/login", json=credentials).raise_for_status().json()
    leaving = ("POST /v1/auth/logout", "POST /v1/auth/password", "DELETE /v1/me")
    others = {one: working.somebody(working.processes[0]) for one in leaving}
    belongings = Belongings(
        somebody,
        kept,
        unwanted,
        job,
        cancelled,
        purged,
        key,
        link,
        webhooks_of(somebody),
        others,
        refresh_token=login["refresh_token"],
    )
    with working.servers[request.param].stopped():
        if request.param == "postgres":  # what was remembered is shown for a moment longer
            wait_for(lambda: somebody.client.get(link).status_code == 503)
        yield request.param, belongings


def webhooks_of(somebody):
    """The ids of two webhooks, and of a delivery of one."""
    made = [somebody.client.post("/v1/webhooks", json={"url": WEBHOOK}).raise_for_status() for _ in "12"]
    kept, unwanted = (answer.json()["webhook"]["id"] for answer in made)
    delivery = somebody.client.post(f"/v1/webhooks/{kept}/test").raise_for_status().json()["id"]
    return {"kept": kept, "unwanted": unwanted, "delivery": delivery}


def one_cancelled(somebody, image_id):
    """A job that was cancelled before it was made: the first of which that can be said."""
    jobs = (somebody.order(image_id, width=width) for width in range(100, 200))
    return next(job for job in jobs if somebody.client.delete(f"/v1/jobs/{job}").is_success)


@pytest.mark.parametrize("request_line", NEEDS)
def test_every_endpoint_answers_as_always_or_when_to_come_back(gone, request_line):
    name, belongings = gone

    begun = monotonic()
    answer = belongings.asked(request_line)
    seconds = monotonic() - begun

    if name in NEEDS[request_line]:
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2")
    else:
        assert answer.is_success, answer.text
    assert seconds < SECONDS


def test_all_endpoints_were_asked_and_all_is_well_once_the_servers_are_back(standing):
    described = standing.somebody(standing.processes[0]).client.get("/openapi.json").json()["paths"]
    endpoints = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}

    assert endpoints == {request.partition("?")[0] for request in NEEDS}
