"""Clients that others wrote get along with the service."""

import importlib
import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest

from tests.pictures import decoded, encoded, quadrants, textured
from tests.servers import PASSWORD

PICTURES = [f"image/{kind}" for kind in ("*", "avif", "bmp", "gif", "heic", "jpeg", "png", "tiff", "webp")]


@pytest.fixture(scope="module")
def generated(server, tmp_path_factory):
    """A client made of the API document by a program that knows nothing else of us."""
    folder = tmp_path_factory.mktemp("generated")
    document, config = folder / "openapi.json", folder / "config.json"
    with server.client() as client:
        document.write_bytes(client.get("/openapi.json").content)
    as_bytes = {"content_type_overrides": dict.fromkeys(PICTURES, "application/octet-stream"), "post_hooks": []}
    config.write_text(json.dumps(as_bytes))
    program = Path(sys.executable).with_name("openapi-python-client")
    target = folder / "imgsvc_client"
    command = [program, "generate", "--path", document, "--config", config, "--meta", "none", "--output-path", target]
    result = subprocess.run([*command, "--fail-on-warning"], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"imgsvc_client.{name}")
    sys.path.remove(str(folder))


def test_a_client_that_was_generated_from_the_document_makes_a_whole_session(server, generated):
    models, kinds = generated("models"), generated("client")
    credentials = {"username": f"user-{uuid4().hex[:12]}", "password": PASSWORD}
    file = generated("types").File(BytesIO(encoded(quadrants(80, 60))), "picture.png", "image/png")
    spec = models.TransformSpec.from_dict({"steps": [{"op": "resize", "width": 20}], "output": {"format": "webp"}})

    with kinds.Client(base_url=server.address) as anyone:
        generated("api.accounts.register").sync(client=anyone, body=models.Registration(**credentials))
        tokens = generated("api.accounts.log_in").sync(client=anyone, body=models.Login(**credentials))
    with kinds.AuthenticatedClient(base_url=server.address, token=tokens.access_token) as client:
        image = generated("api.images.upload_image").sync(client=client, body=models.UploadImageFilesBody(file=file))
        variant = generated("api.variants.transform_image").sync(image.id, client=client, body=spec)
        picture = generated("api.variants.get_variant_content").sync_detailed(variant.id, client=client)
        listed = generated("api.images.list_images").sync(client=client)

    assert (variant.status.value, variant.rendition.width) == ("ready", 20)
    assert decoded(picture.content).size == (20, 15)
    assert [one.id for one in listed.items] == [image.id]


def test_curl_goes_on_with_a_download_that_was_broken_off(account, tmp_path):
    content = encoded(textured(400, 300))
    image_id = account.upload(content)
    target = tmp_path / "picture.png"
    target.write_bytes(content[: len(content) // 2])

    address = f"{account.client.base_url}/v1/images/{image_id}/content"
    command = ["curl", "--fail", "--silent", "--continue-at", "-", "--output", target, "--write-out", "%{http_code}"]
    answer = subprocess.run(
        [*command, "--header", f"Authorization: Bearer {account.token}", address],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert answer.stdout == "206"
    assert target.read_bytes() == content
