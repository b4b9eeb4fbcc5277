"""Requests to score a few showroom pictures with the small bundle, by the command's own options."""

from collections.abc import Sequence
from pathlib import Path

from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg

from emailimg import bundle, cli, storage
from emailimg.score_catalogue import options
from emailimg.score_catalogue.request import Request

QUESTION = ("--target", "open_rate", "--campaign", "Newsletter", "--industry", "Retail")


def request(bundle_location: str, *arguments: str, question: Sequence[str] = QUESTION) -> Request:
    """What `emailimg score-catalogue` makes of its arguments."""
    command = ["score-catalogue", "--bundle", bundle_location, *question, *arguments]
    return options.request(cli._parser().parse_args(command), bundle.load(bundle_location))


def write_images(folder: str, count: int) -> list[str]:
    """So many pictures that are not in the bundle's catalogue, local or on S3; their places."""
    places = [storage.join(folder, f"{index:03}.jpg") for index in range(count)]
    for index, place in enumerate(places):
        storage.write_bytes(place, showroom_jpeg(CATALOGUE_IMAGES + index))
    return places


def write_bad_images(folder: str) -> dict[str, str]:
    """Files that cannot be scored: reasons by place."""
    whole = showroom_jpeg(CATALOGUE_IMAGES)
    files = {"text.jpg": (b"no image", "not_an_image"), "empty.png": (b"", "empty")}
    files["cut.jpg"] = (whole[: len(whole) // 2], "truncated")
    for name, (data, _) in files.items():
        storage.write_bytes(storage.join(folder, name), data)
    reasons = {storage.join(folder, name): reason for name, (_, reason) in files.items()}
    if not storage.is_remote(folder):
        Path(folder, "gone.jpg").symlink_to("nowhere.jpg")
        reasons[storage.join(folder, "gone.jpg")] = "unreadable"
    return reasons
