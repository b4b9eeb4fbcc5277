"""The end of the quickstart: start the service, ask it for one recommendation over HTTP, stop."""

import time
from typing import Any

from emailimg import demonstrate, service, taxonomy
from emailimg.config import Config
from emailimg.stages import Workspace


def ask_service(config: Config, workspace: Workspace) -> None:
    """Serve the workspace's bundle, print one recommendation for a test image, and stop."""
    upload = demonstrate.example_upload(
        config, workspace.folder("catalogue"), workspace.folder("examples")
    )
    started = time.monotonic()
    # Any free port: a service of the user's own may be using the usual one.
    settings = config.serve.model_copy(update={"port": 0})
    url = service.start(workspace.folder("bundle"), settings, config.cluster)
    try:
        ready_s = time.monotonic() - started
        print(f"{'service':<12} {f'{ready_s:.1f} s':>8}  answers at {url}", flush=True)
        answer, milliseconds = _ask(url, upload)
    finally:
        service.stop()
    _print_answer(upload, answer, milliseconds)


def _ask(url: str, upload: demonstrate.Upload) -> tuple[dict[str, Any], float]:
    """The answer, and how long a second request for the same took (the first one warms up)."""
    for _ in range(2):
        started = time.monotonic()
        answer = service.recommend(
            url,
            upload.data,
            upload.file_name,
            upload.target,
            upload.campaign_type,
            upload.industry,
            k=3,
        )
        milliseconds = (time.monotonic() - started) * 1000
    return answer, milliseconds


def _print_answer(upload: demonstrate.Upload, answer: dict[str, Any], milliseconds: float) -> None:
    print(
        f"\nPOST /v1/recommend, {milliseconds:.0f} ms: {upload.title}, {upload.target} of a "
        f"{upload.campaign_type} campaign in {upload.industry}"
    )
    print(f"  {answer['probability']:6.1%}           this image")
    for edit in answer["edits"]:
        print(_line(edit, f"edit: {edit['augmentation_class'].replace('_', ' ')}"))
    for alternate in answer["alternates"]:
        print(_line(alternate, f"alternate: {alternate['class_name'] or alternate['file_name']}"))
    if upload.target in taxonomy.LOWER_IS_BETTER:
        print("  (lower is better)")


def _line(candidate: dict[str, Any], name: str) -> str:
    return f"  {candidate['probability']:6.1%}  {candidate['gain'] * 100:+5.1f} pp  {name}"
