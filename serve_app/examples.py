"""Images of the catalogue to try the service with."""

from emailimg.bundle import Bundle
from serve_app.schemas import ExampleImage

_COUNT = 8


def examples_of(bundle: Bundle) -> list[ExampleImage]:
    """A few images from all over the catalogue."""
    rows = bundle.catalogue_columns(["image_id", "class_name"])
    chosen = rows.iloc[:: max(1, len(rows) // _COUNT)][:_COUNT]
    # As objects: a column of text, or of nothing but gaps, would have None become NaN again.
    names = chosen["class_name"].astype(object).where(chosen["class_name"].notna(), None)
    return [
        ExampleImage(image_id=image_id, class_name=name, image=f"/v1/images/{image_id}")
        for image_id, name in zip(chosen["image_id"], names, strict=True)
    ]
