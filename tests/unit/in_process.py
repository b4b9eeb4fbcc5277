"""The service in this process, without Ray: the real ingress and the real parts behind it."""

from typing import Any

import httpx
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from fastapi.testclient import TestClient

from serve_app.deployments import Classifiers, Embedder, Recommender
from serve_app.ingress import Ingress
from serve_app.settings import ServiceArguments
from serve_app.versions import BundleRef

FORM = {"target": "open_rate", "campaign_type": "Newsletter", "industry": "Retail"}
JPEG = showroom_jpeg(CATALOGUE_IMAGES + 10)


def parts_of(ref: BundleRef) -> dict[str, Any]:
    classifiers = Classifiers(ref)
    recommender = Recommender(ref, classifiers, timeout_s=20)
    return {
        "embedder": Embedder(ref, threads=1),
        "classifiers": classifiers,
        "recommender": recommender,
    }


def application(ref: BundleRef, parts: dict[str, Any], **replaced: Any) -> Any:
    """The ASGI application; `replaced`: parts, and settings of the service."""
    chosen = {name: replaced.pop(name, part) for name, part in parts.items()}
    settings = ServiceArguments(bundle=ref.location, **replaced)
    return Ingress(ref, settings, **chosen).__serve_build_asgi_app__()


def client_of(ref: BundleRef, parts: dict[str, Any], **replaced: Any) -> TestClient:
    return TestClient(application(ref, parts, **replaced))


def post(client: TestClient, path: str, image: bytes = JPEG, **form: Any) -> httpx.Response:
    return client.post(path, files={"image": ("car.jpg", image)}, data=FORM | form)


def assert_failure(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"code", "message", "accepted"}
    assert error["code"] == code
    assert error["message"]
    return error
