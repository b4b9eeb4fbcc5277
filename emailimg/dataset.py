"""The examples stage: decode, augment, label and split the catalogue's images, by Ray Data.

Output folder: {train,validation,test}/*.parquet, one row per version of a source image:
  example_id, source_id, version, attributes, context, and for each target its labels;
  augmentation_class and techniques: what was applied, as one text and as a list;
  steps: the same with its parameters as JSON, which `augment.replay` turns into the same pixels;
  pixels: uint8 (S, S, 3) as bytes, S = model_size_px.
All versions of one source image, and of its near-duplicates, are in one split.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from emailimg import (
    augment,
    catalogue,
    images,
    labels,
    pixel_columns,
    ray_data,
    resources,
    sources,
    splits,
    storage,
    taxonomy,
    versions,
)
from emailimg.config import Config
from emailimg.errors import SourceError
from emailimg.parquet import column_names, read_table
from emailimg.progress import Reporter, track
from emailimg.splits import Sides

_BATCH_ROWS = 32
_CONTEXT = ("campaign_type", "industry")
_CARRIED = (*(name for name in sources.TEXT_ATTRIBUTES if name not in _CONTEXT), "year")


def build(config: Config, catalogue_folder: str, folder: str) -> str:
    """Write the examples of the catalogue to `folder`; returns a summary line."""
    sides, image_ids = split_catalogue(config, catalogue_folder)
    _check_splits(sides, image_ids)
    resources.require("examples", resources.data_bundles(config.cluster), config.cluster)
    with track("examples", len(image_ids), "images") as reporter:
        _make_all(config, catalogue_folder, sides, folder, reporter)
    return _summary(folder, sides)


def split_catalogue(config: Config, catalogue_folder: str) -> tuple[Sides, list[str]]:
    """The split of a catalogue, and the ids of its images."""
    table = storage.join(catalogue_folder, "catalogue.parquet")
    good = read_table(table, columns=["image_id", "perceptual_hash"])
    image_ids = good["image_id"].tolist()
    return splits.assign(config.split, image_ids, good["perceptual_hash"].tolist()), image_ids


def make_versions(config: Config, sides: Sides, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The examples of one catalogue row: the original and `augment.copies` augmented versions.

    row: as `catalogue.iterate` gives it.
    """
    source_id = row["image_id"]
    campaign_type, industry = labels.assign_context(config.labels.seed, source_id)
    shared = {name: row[name] for name in _CARRIED} | {
        "source_id": source_id,
        "split": sides.of(source_id),
        "campaign_type": row["campaign_type"] or campaign_type,
        "industry": row["industry"] or industry,
    }
    for version in range(config.augment.copies + 1):
        steps = versions.draw(config.augment, source_id, version)
        square = images.to_model_pixels(
            augment.replay(steps, row["pixels"]), config.images.model_size_px
        )
        example_id = f"{source_id}-{version}"
        example = shared | {
            "example_id": example_id,
            "version": version,
            "steps": versions.to_json(steps),
            "pixels": square,
        }
        example |= versions.attributes(steps)
        known = row if version == 0 else row | labels.unobserved(row)
        yield example | labels.draw_labels(config.labels, example_id, known | example)


def _make_all(
    config: Config, catalogue_folder: str, sides: Sides, folder: str, reporter: Reporter
) -> None:
    cluster = config.cluster
    source = storage.join(catalogue_folder, "images")
    columns = [name for name in column_names(source) if name != "thumbnail"]
    examples = ray_data.map_tasks(
        ray_data.read(source, cluster, columns),
        _make_batch,
        cluster,
        batch_rows=_BATCH_ROWS,
        config=config,
        sides=sides,
        rejected=catalogue.rejected_uris(catalogue_folder),
        reporter=reporter,
    )
    ray_data.write(examples, folder, cluster, partition_by="split")


def _make_batch(
    batch: pa.Table, config: Config, sides: Sides, rejected: pa.Array, reporter: Reporter
) -> pa.Table:
    rows = catalogue.good_rows(batch, rejected)
    examples = [
        example for row in catalogue.iterate(rows) for example in make_versions(config, sides, row)
    ]
    reporter.add(len(rows))
    return pixel_columns.table(examples, _schema(config))


def _schema(config: Config) -> pa.Schema:
    names = [*sources.TEXT_ATTRIBUTES, "source_id", "split", "example_id"]
    names += ["augmentation_class", "steps"]
    fields = [(name, pa.string()) for name in names]
    fields += [("techniques", pa.list_(pa.string()))]
    fields += [("year", pa.float32()), ("version", pa.int32()), ("pixels", pa.large_binary())]
    fields += labels.label_columns(config.labels)
    return pa.schema(fields)


def _check_splits(sides: Sides, image_ids: list[str]) -> None:
    used = {sides.of(image_id) for image_id in image_ids}
    for split in splits.SPLITS:
        if split not in used:
            raise SourceError(
                f"{len(image_ids)} images are too few: none of them falls into the {split} split; "
                "give more images or larger split.test and split.validation"
            )


def _summary(folder: str, sides: Sides) -> str:
    counts = {
        split: len(read_table(splits.folder(folder, split), columns=["version"]))
        for split in splits.SPLITS
    }
    parts = ", ".join(f"{rows} {split}" for split, rows in counts.items())
    alike = f", {len(sides.leader_of)} near-duplicates kept together" if sides.leader_of else ""
    classes = len(taxonomy.AUGMENTATION_CLASSES)
    return f"{sum(counts.values())} examples ({parts}), {classes} classes{alike}"
