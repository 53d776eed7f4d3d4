"""The Kubernetes manifests: that a cluster would take them, and that what they say of us is so."""

import re
import shutil
import subprocess
from itertools import product
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from imgsvc.adapters.blobs.s3_address import S3Address
from imgsvc.adapters.cache.redis_address import RedisAddress
from imgsvc.adapters.jobs.rabbitmq.address import address_of
from imgsvc.adapters.repositories import _engine
from imgsvc.entrypoints.cli import main
from imgsvc.entrypoints.settings_sources import SettingsError, load_settings
from tests.deploy.files import KUBERNETES, VARIABLES, bytes_of, manifests, ours

VERSIONS = ("1.31", "1.37")  # the oldest that we want to run on, and the newest that is known
KEDA = ("ScaledObject", "TriggerAuthentication")
FOREIGN = ("Kustomization", "Component", *KEDA)  # kinds of which Kubernetes itself knows nothing

ALL = {
    (document["kind"], document["metadata"]["name"]): document for _, document in manifests() if "metadata" in document
}
PODS = {name: one["spec"]["template"]["spec"] for (kind, name), one in ALL.items() if kind in ("Deployment", "Job")}
CONTAINERS = {name: pod["containers"][0] for name, pod in PODS.items()}
SECRET = ALL["Secret", "imgsvc"]["stringData"]
SHARED = [
    dict(one.split("=", 1) for one in generator["literals"])
    for _, document in manifests()
    for generator in document.get("configMapGenerator", ())
]


def variables(name):
    return {one["name"]: one["value"] for one in CONTAINERS[name].get("env", ())}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [name for name in ALL if name[0] not in FOREIGN], ids="-".join)
def test_a_cluster_would_take_it(name, version):
    kubernetes_validate.validate(ALL[name], version, strict=True)


def test_there_is_all_that_an_installation_needs():
    assert ALL.keys() >= {
        ("Deployment", "imgsvc-api"),
        ("Deployment", "imgsvc-worker"),
        ("Job", "imgsvc-migration"),
        ("Service", "imgsvc-api"),
        ("PodDisruptionBudget", "imgsvc-api"),
        ("PodDisruptionBudget", "imgsvc-worker"),
        ("HorizontalPodAutoscaler", "imgsvc-api"),
        ("ScaledObject", "imgsvc-worker"),
    }


def test_every_file_is_of_some_kustomization():
    listed = set()
    for path, document in manifests():
        if document["kind"] in ("Kustomization", "Component"):
            listed |= {(path.parent / one).as_posix() for one in (*document["resources"], path.name)}

    files = {path.as_posix() for path, _ in manifests()}

    assert files - listed == {"example/secret.example.yaml"}


def built(folder):
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("needs kubectl")
    result = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return list(yaml.safe_load_all(result.stdout))


def test_the_example_can_be_built():
    documents = built(KUBERNETES / "example")

    assert {one["metadata"].get("namespace", "imgsvc") for one in documents} == {"imgsvc"}
    for one in documents:
        if one["kind"] not in KEDA:
            kubernetes_validate.validate(one, VERSIONS[0], strict=True)


def test_a_setting_that_is_changed_is_a_rollout(tmp_path):
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    example = tmp_path / "kubernetes" / "example" / "kustomization.yaml"
    templates = []
    for level in ("info", "debug"):
        example.write_text(example.read_text().replace("LOG_LEVEL=info", f"LOG_LEVEL={level}"))
        documents = built(example.parent)
        templates.append([one["spec"]["template"] for one in documents if one["kind"] == "Deployment"])

    assert len(templates[0]) == 2
    assert all(before != after for before, after in zip(*templates, strict=True))


# Settings


def test_what_is_set_are_settings_of_ours():
    text = "".join(path.read_text() for path in KUBERNETES.rglob("*.yaml"))

    for name, shared in product(CONTAINERS, SHARED):
        load_settings({**shared, **variables(name)})
    told = {"IMGSVC_API_SERVICE_HOST"}  # of which a comment tells that it is none
    assert set(re.findall(r"\bIMGSVC_[A-Z_]+\b", text)) <= VARIABLES | told


def test_the_secret_has_what_makes_processes_one_installation_and_no_value_that_works():
    assert SECRET.keys() == {
        key for key in ours()["api"]["environment"] if re.search("_SECRET|LINK_KEYS|(?<!PUBLIC)_URL", key)
    }
    assert all("CHANGE-ME" in value for value in SECRET.values())
    with pytest.raises(SettingsError, match="at least 32 bytes"):
        load_settings(SECRET)


def test_the_urls_of_the_secret_are_understood():
    _engine(SECRET["IMGSVC_DATABASE_URL"], 1).dispose()
    assert S3Address.of(SECRET["IMGSVC_BLOBS_URL"]).bucket == "imgsvc-pictures"
    assert address_of(SECRET["IMGSVC_JOBS_URL"]).is_encrypted
    assert RedisAddress.of(urlsplit(SECRET["IMGSVC_CACHE_URL"])).is_secure


def test_services_add_no_variable_that_would_keep_us_from_starting():
    with pytest.raises(SettingsError, match="unknown variable"):
        load_settings({"IMGSVC_API_SERVICE_HOST": "10.0.0.1"})
    assert all(pod["enableServiceLinks"] is False for pod in PODS.values())


# Processes


@pytest.mark.parametrize("name", CONTAINERS)
def test_it_runs_one_of_our_commands_in_the_image_of_the_compose_file(name):
    assert CONTAINERS[name]["args"][0] in main.commands
    assert CONTAINERS[name]["image"] == ours()["api"]["image"]


@pytest.mark.parametrize("name", PODS)
def test_it_may_do_nothing_that_it_need_not(name):
    pod, container = PODS[name]["securityContext"], CONTAINERS[name]["securityContext"]

    assert pod["runAsNonRoot"] is True
    assert pod["runAsUser"] == 10001
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["allowPrivilegeEscalation"] is False
    assert container["readOnlyRootFilesystem"] is True
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert PODS[name]["automountServiceAccountToken"] is False
    assert [mount["mountPath"] for mount in CONTAINERS[name]["volumeMounts"]] == ["/tmp"]


def test_both_are_asked_whether_they_are_well_and_the_api_whether_it_can_work():
    api, worker = CONTAINERS["imgsvc-api"], CONTAINERS["imgsvc-worker"]

    assert api["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert api["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert api["readinessProbe"]["timeoutSeconds"] > 3  # which /readyz may take
    assert worker["livenessProbe"]["exec"]["command"][-1] == "/opt/imgsvc/healthcheck.py"
    assert variables("imgsvc-worker")["IMGSVC_WORKER_HEALTH_FILE"].startswith("/tmp/")
    assert "IMGSVC_WORKER_HEALTH_FILE" not in variables("imgsvc-api")


@pytest.mark.parametrize("name", ["imgsvc-api", "imgsvc-worker"])
def test_metrics_are_where_the_annotations_say_and_only_monitoring_comes_there(name):
    port = ALL["Deployment", name]["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"]
    (rule,) = ALL["NetworkPolicy", "imgsvc-metrics"]["spec"]["ingress"]

    assert variables(name)["IMGSVC_METRICS_PORT"] == port
    assert variables(name)["IMGSVC_METRICS_HOST"] == "0.0.0.0"
    assert int(port) in {one["containerPort"] for one in CONTAINERS[name]["ports"]}
    assert [one["port"] for one in rule["ports"]] == [int(port)]
    assert rule["from"]
    assert [one["targetPort"] for one in ALL["Service", "imgsvc-api"]["spec"]["ports"]] == ["http"]


def test_they_have_longer_to_stop_than_they_take():
    grace = int(variables("imgsvc-worker")["IMGSVC_WORKER_GRACE_SECONDS"])
    pause = int(CONTAINERS["imgsvc-api"]["lifecycle"]["preStop"]["exec"]["command"][1])

    assert PODS["imgsvc-worker"]["terminationGracePeriodSeconds"] > grace + 10
    assert PODS["imgsvc-api"]["terminationGracePeriodSeconds"] > pause + 20 + 10


@pytest.mark.parametrize(
    ("name", "slots"), [("imgsvc-api", "IMGSVC_RENDER_SLOTS"), ("imgsvc-worker", "IMGSVC_WORKER_SLOTS")]
)
def test_its_memory_is_enough_for_what_its_slots_may_take(name, slots):
    (volume,) = PODS[name]["volumes"]
    settings = load_settings(variables(name))

    needed = int(variables(name)[slots]) * settings.render_memory + bytes_of(volume["emptyDir"]["sizeLimit"]) + 2**28

    assert bytes_of(CONTAINERS[name]["resources"]["limits"]["memory"]) >= needed


# Scaling


def test_what_scales_the_workers_looks_at_our_queue():
    (trigger,) = ALL["ScaledObject", "imgsvc-worker"]["spec"]["triggers"]
    secret = ALL["TriggerAuthentication", trigger["authenticationRef"]["name"]]["spec"]["secretTargetRef"][0]

    assert trigger["metadata"]["queueName"] == address_of(SECRET["IMGSVC_JOBS_URL"]).queue
    assert (secret["name"], secret["key"]) == ("imgsvc", "IMGSVC_JOBS_URL")


def test_there_is_always_a_worker_and_nobody_else_says_how_many_there_are():
    scaled = {name for kind, name in ALL if kind in ("ScaledObject", "HorizontalPodAutoscaler")}

    assert ALL["ScaledObject", "imgsvc-worker"]["spec"]["minReplicaCount"] >= 1
    assert scaled == {"imgsvc-api", "imgsvc-worker"}
    assert not any("replicas" in ALL["Deployment", name]["spec"] for name in scaled)
