"""Pictures for the report: every augmentation class, mistakes, uploads and recommendations.

Gallery, mistakes and uploads are test images, which neither the encoder nor a classifier has seen;
the alternates come from the whole catalogue, as in the service.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emailimg import (
    augment,
    images,
    labels,
    lookalikes,
    sources,
    splits,
    storage,
    taxonomy,
    versions,
)
from emailimg import mistakes as explanation
from emailimg.bundle import Bundle
from emailimg.config import Config
from emailimg.parquet import read_table
from emailimg.predict import Predictor
from emailimg.report import Candidate, Demonstration, GalleryItem, Mistake

_GALLERY_ITEMS = 24


@dataclass(frozen=True)
class Upload:
    """A test image and what to ask about it."""

    title: str
    file_name: str
    data: bytes
    target: str
    campaign_type: str
    industry: str


def gallery(config: Config, catalogue_folder: str, examples_folder: str) -> list[GalleryItem]:
    """One version of a test image per augmentation class that occurs, replayed from its record."""
    test = read_table(splits.folder(examples_folder, "test"), exclude=("pixels",))
    chosen = test.sort_values("example_id").drop_duplicates("augmentation_class")
    order = {name: position for position, name in enumerate(taxonomy.AUGMENTATION_CLASSES)}
    # Of composed versions there are more combinations than a page should show.
    ranks = chosen["augmentation_class"].map(lambda name: order.get(name, len(order)))
    shown = chosen.assign(rank=ranks).sort_values("rank", kind="stable").head(_GALLERY_ITEMS)
    encoded = _encoded(config, catalogue_folder, shown["source_id"])
    return [_gallery_item(config, row, encoded) for row in shown.to_dict("records")]


def _gallery_item(config: Config, row: Any, encoded: dict[str, bytes]) -> GalleryItem:
    steps = versions.from_json(row["steps"])
    pixels = images.decode(encoded[row["source_id"]], config.images)
    return GalleryItem(
        augmentation_class=row["augmentation_class"],
        parameters={name: value for step in steps for name, value in step.parameters.items()},
        image=augment.replay(steps, pixels),
    )


def demonstrations(
    config: Config, bundle: Bundle, catalogue_folder: str, examples_folder: str
) -> list[Demonstration]:
    """An upload with its edits and alternates for one target of each rule."""
    test = read_table(splits.folder(examples_folder, "test"), exclude=("pixels",))
    originals = test[test["version"] == 0].sort_values("source_id")
    predictor = Predictor(bundle)
    shown: list[Demonstration] = []
    for target in _one_target_per_rule(config):
        row = _likely_to_improve(config, originals, target, len(shown))
        data = _encoded(config, catalogue_folder, [row["source_id"]])[row["source_id"]]
        shown.append(_demonstrate(config, predictor, target, row, data))
    return shown


def example_upload(config: Config, catalogue_folder: str, examples_folder: str) -> Upload:
    """A test image whose first target can be improved."""
    test = read_table(splits.folder(examples_folder, "test"), exclude=("pixels",))
    originals = test[test["version"] == 0].sort_values("source_id")
    row = _likely_to_improve(config, originals, config.targets[0], 0)
    return Upload(
        title=row["class_name"] or "an image of the test set",
        file_name=f"{row['source_id'][:12]}.img",
        data=_encoded(config, catalogue_folder, [row["source_id"]])[row["source_id"]],
        target=config.targets[0],
        campaign_type=row["campaign_type"],
        industry=row["industry"],
    )


def mistakes(config: Config, card: dict[str, Any], examples_folder: str) -> list[Mistake]:
    """Examples of the encoder's most frequent confusions, as the encoder saw them.

    card: the scorecard. Empty for versions of several techniques, whose mistakes are not explained.
    """
    explained = card["attributes"].get(explanation.HEAD, {}).get("mistakes")
    confusions = explained["confusions"] if explained else []
    source_of = {row["example_id"]: row["source_id"] for row in confusions}
    found = {
        pair.example_id: pair for pair in explanation.pairs(config, examples_folder, source_of)
    }
    kept = ("true", "said", "mistakes", "unavoidable", "reason")
    return [
        Mistake(
            **{name: row[name] for name in kept},
            difference=lookalikes.difference(pair.original, pair.pixels),
            image=pair.pixels,
            original=pair.original,
        )
        for row in confusions
        for pair in (found[row["example_id"]],)
    ]


def _one_target_per_rule(config: Config) -> list[str]:
    firsts: dict[str, str] = {}
    for target in config.targets:
        firsts.setdefault(config.labels.rules[target].model_dump_json(), target)
    return list(firsts.values())


def _likely_to_improve(
    config: Config, originals: pd.DataFrame, target: str, skip: int
) -> dict[str, Any]:
    """An ordinary upload: one whose true probability is not already at the top."""
    rows: list[dict[str, Any]] = originals.to_dict("records")  # type: ignore[assignment]
    middling = [row for row in rows if _truth(config, target, row) <= 0.5] or rows
    return middling[skip % len(middling)]


def _truth(config: Config, target: str, row: dict[str, Any]) -> float:
    return labels.true_probability(config.labels.rules[target], target, row)


def _demonstrate(
    config: Config, predictor: Predictor, target: str, row: dict[str, Any], data: bytes
) -> Demonstration:
    context = (row["campaign_type"], row["industry"])
    answer = predictor.recommend(data, target, *context, k=config.report.candidates)
    observed = np.isnan(row[f"{target}_p"])
    return Demonstration(
        image=images.decode(data, config.images.model_copy(update={"working_size_px": 640})),
        title=row["class_name"] or "An image of the test set",
        target=target,
        campaign_type=context[0],
        industry=context[1],
        probability=answer.probability,
        true_probability=None if observed else _truth(config, target, row),
        lower_is_better=target in taxonomy.LOWER_IS_BETTER,
        edits=[_edit_card(edit) for edit in answer.edits],
        alternates=[_alternate_card(config, alternate) for alternate in answer.alternates],
        explanation=predictor.explain(data, target, *context),
    )


def _edit_card(edit: Any) -> Candidate:
    detail = ", ".join(
        f"{name} {value:g}" for name, value in edit.parameters.items() if name != "seed"
    )
    return Candidate(
        title=edit.augmentation_class.replace("_", " "),
        detail=detail,
        probability=edit.probability,
        gain=edit.gain,
        image=edit.image,
    )


def _alternate_card(config: Config, alternate: Any) -> Candidate:
    limits = config.images.model_copy(update={"working_size_px": 320})
    return Candidate(
        title=alternate.class_name or alternate.file_name,
        detail=f"{alternate.campaign_type or 'any campaign'}, "
        f"{alternate.industry or 'any industry'}",
        probability=alternate.probability,
        gain=alternate.gain,
        image=images.decode(alternate.thumbnail, limits),
    )


def _encoded(config: Config, catalogue_folder: str, image_ids: Any) -> dict[str, bytes]:
    """Encoded bytes of a few catalogue images, from where they came from."""
    table = read_table(storage.join(catalogue_folder, "catalogue.parquet"))
    rows: Any = table[table["image_id"].isin(set(image_ids))].to_dict("records")
    return {row["image_id"]: sources.load(row, config.source, config.images) for row in rows}
