"""The Stanford Cars data set as it is distributed.

Either `car_ims/` with `cars_annos.mat`, or `cars_train/` and `cars_test/` with a devkit:
`cars_train_annos.mat`, `cars_test_annos.mat` (without classes) or `cars_test_annos_withlabels.mat`,
and `cars_meta.mat` (the names of the classes). Copies of the set nest these differently, so files
and folders are recognised by their names, at any depth.

A box is x1, y1, x2, y2 in pixels of the stored image, before EXIF rotation. As in MATLAB the first
pixel is 1, and x2 and y2 belong to the box: the annotations hold many an x1 of 1 and none of 0.
"""

import io
import re
from collections import defaultdict
from dataclasses import asdict
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image

from emailimg import images, storage
from emailimg.config import ImageConfig
from emailimg.errors import ImageError, SourceError
from emailimg.sources import car_names
from emailimg.sources.attributes import complete
from emailimg.sources.car_annotations import BOX_COLUMNS, read_annotations, read_class_names
from emailimg.sources.folder import File, list_files

# Downloads add to a name: `cars_test_annos_withlabels (1).mat`.
_ANNOTATIONS = re.compile(r"cars_((?P<part>train|test)_)?annos.*\.mat", re.IGNORECASE)
_CLASS_NAMES = re.compile(r"cars_meta.*\.mat", re.IGNORECASE)
# Beside its images the distribution holds archives, a readme and scripts.
_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
_ACCEPTED = (
    "accepted: car_ims/ with cars_annos.mat, or cars_train/ and cars_test/ with "
    "cars_train_annos.mat, cars_test_annos.mat or cars_test_annos_withlabels.mat, and cars_meta.mat"
)


def list_images(location: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A row per annotated image and per image without annotation; notes on what is not there.

    location: folder of the data set, local or s3://.
    Columns: `source_uri` (sorted), every attribute (None where unknown; `year` float32), and
    `box_x1`, `box_y1`, `box_x2`, `box_y2` (float64, NaN where unknown).
    An annotated image that is missing is listed where it should be. An annotation file none of
    whose images is there is left out: half of the set may not have been downloaded. Where
    `cars_meta.mat` is missing, the classes are the 196 that Stanford published.
    Raises SourceError when the folder holds neither layout, or both, or none of the annotated
    images; when a .mat file cannot be read, a class id has no name, or an image is annotated twice.
    """
    files = list_files(location)
    names = _class_names(files)
    tables = _read_all(files, names or car_names.CLASS_NAMES, location)
    placed = [_place(table, files) for table in tables]
    there = [table for table in placed if not table["missing"].all()]
    if not there:
        raise SourceError(
            f"folder {location!r} holds no image of those that {tables[0]['mat'].iloc[0]!r} "
            f"annotates, e.g. {tables[0]['key'].iloc[0]}; {_ACCEPTED}"
        )
    annotated = _once(pd.concat(there, ignore_index=True), location)
    rows = pd.concat([_describe(annotated), _others(files, annotated)], ignore_index=True)
    rows = complete(rows.sort_values("source_uri", ignore_index=True))
    return rows, _notes(names, placed)


def crop(data: bytes, box: tuple[int, int, int, int], limits: ImageConfig | None = None) -> bytes:
    """What the box (x1, y1, x2, y2) holds of an image, as upright JPEG bytes.

    A box is clipped to the image. The same bytes and box give the same JPEG: quality 95, colour at
    full resolution, EXIF rotation applied, no metadata.
    Raises ImageError with reason `bad_box` when nothing of the image is in the box, and those of
    `images.read_rgb`, with the defaults of ImageConfig unless limits are given.
    """
    _, width, height = images.probe(data, limits or ImageConfig())
    x1, y1, x2, y2 = box
    left, top, right, bottom = max(x1 - 1, 0), max(y1 - 1, 0), min(x2, width), min(y2, height)
    if left >= right or top >= bottom:
        raise ImageError(
            "bad_box", f"the box {x1}, {y1}, {x2}, {y2} holds nothing of {width} x {height} pixels"
        )
    try:
        image = Image.open(io.BytesIO(data), formats=images.FORMATS)
        pixels = _to_rgb(images.upright(image.crop((left, top, right, bottom))))
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError) as error:
        raise ImageError("truncated", f"the image is truncated or corrupt ({error})") from None
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, subsampling=0)
    return stream.getvalue()


def _to_rgb(image: Image.Image) -> np.ndarray:
    """uint8 (H, W, 3); what is not plain colour or grey goes the way of all images, as a PNG."""
    if image.mode in ("RGB", "L", "CMYK") and "transparency" not in image.info:
        return np.asarray(image.convert("RGB"))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    # The image was within the limits; a part of it may be small, and many bytes as a PNG.
    unlimited = ImageConfig(max_bytes=2**40, max_pixels=2**40, min_side_px=1)
    return images.read_rgb(stream.getvalue(), unlimited)


def _name(location: str) -> str:
    return PurePosixPath(location).name


def _key(path: str) -> str:
    """The last folder and the name: by these an annotated path is recognised among the files."""
    return "/".join(PurePosixPath(path).parts[-2:])


def _class_names(files: list[File]) -> tuple[str, ...] | None:
    """Those of `cars_meta.mat`, by class id; None where it is missing."""
    for file in files:
        if _CLASS_NAMES.fullmatch(_name(file.location)):
            return read_class_names(file.location)
    return None


def _read_all(files: list[File], names: tuple[str, ...], location: str) -> list[pd.DataFrame]:
    """A table per annotation file, with its location (`mat`) and the `key` of every image."""
    tables = []
    for file in files:
        match = _ANNOTATIONS.fullmatch(_name(file.location))
        if match is not None:
            part = (match["part"] or "").lower()
            field, folder = ("fname", f"cars_{part}") if part else ("relative_im_path", "car_ims")
            table = read_annotations(file.location, field, names)
            table["key"] = [_key(f"{folder}/{path}") for path in table["path"]]
            tables.append(table.assign(mat=file.location))
    if not tables:
        raise SourceError(f"folder {location!r} holds no annotations of Stanford Cars; {_ACCEPTED}")
    return tables


def _place(table: pd.DataFrame, files: list[File]) -> pd.DataFrame:
    """The table with `source_uri`: where each image is, or should be if it is `missing`."""
    places = defaultdict(list)
    for file in files:
        places[_key(file.location)].append(file.location)
    found = [places.get(key, []) for key in table["key"]]
    several = next((where for where in found if len(where) > 1), None)
    if several is not None:
        raise SourceError(
            f"{table['mat'].iloc[0]!r} annotates one image that may be any of {', '.join(several)}"
        )
    # Where the others are; with none of them anywhere the table is left out anyway.
    beside = next((where[0].rpartition("/")[0] for where in found if where), "")
    uris = [
        where[0] if where else storage.join(beside, _name(key))
        for where, key in zip(found, table["key"], strict=True)
    ]
    return table.assign(source_uri=uris, missing=[not where for where in found])


def _once(annotated: pd.DataFrame, location: str) -> pd.DataFrame:
    """One row per image: `cars_test_annos.mat` often lies beside the one with labels.

    Raises SourceError when files say different things about an image, or are of both layouts.
    """
    layouts = {_name(mat).lower().startswith("cars_annos") for mat in annotated["mat"]}
    if len(layouts) > 1:
        raise SourceError(
            f"folder {location!r} holds the images of Stanford Cars twice, in car_ims/ and in "
            "cars_train/ or cars_test/; leave one of the two"
        )
    classified = annotated["class_name"].notna()
    known = annotated["source_uri"].isin(annotated.loc[classified, "source_uri"])
    rows = annotated[classified | ~known]
    rows = rows.drop_duplicates(["source_uri", "class_name", *BOX_COLUMNS], ignore_index=True)
    twice = rows[rows["source_uri"].duplicated(keep=False)].sort_values("source_uri")
    if len(twice):
        raise SourceError(
            f"{' and '.join(map(repr, twice['mat'].iloc[:2]))} annotate "
            f"{twice['source_uri'].iloc[0]!r} differently"
        )
    return rows


def _describe(annotated: pd.DataFrame) -> pd.DataFrame:
    """The columns of the listing, with what the class names say."""
    rows = annotated[["source_uri", "class_name", *BOX_COLUMNS]]
    known = {name: asdict(car_names.parse(name)) for name in rows["class_name"].dropna().unique()}
    said = pd.DataFrame([known.get(name, {}) for name in rows["class_name"]], index=rows.index)
    return rows.join(said)


def _others(files: list[File], annotated: pd.DataFrame) -> pd.DataFrame:
    """Images that no annotation names: without attributes and box."""
    named = set(annotated["source_uri"])
    uris = [
        file.location
        for file in files
        if file.may_be_image
        and file.location.lower().endswith(_IMAGES)
        and file.location not in named
    ]
    return pd.DataFrame({"source_uri": pd.Series(uris, dtype=str)})


def _notes(names: tuple[str, ...] | None, placed: list[pd.DataFrame]) -> tuple[str, ...]:
    """For people: what the listing had to do without."""
    notes = [] if names else ["no cars_meta.mat: the classes are the 196 that Stanford published"]
    for table in placed:
        missing, mat = int(table["missing"].sum()), table["mat"].iloc[0]
        if missing == len(table):
            notes.append(f"{mat} is left out: none of its {missing:,} images is there")
        elif missing:
            notes.append(f"{missing:,} of {len(table):,} images that {mat} annotates are missing")
    return tuple(notes)
