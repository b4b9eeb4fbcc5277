"""A small but real bundle, made in seconds: an untrained encoder, boosters on showroom pictures.

A label depends on the picture's mean brightness and on the context, which an untrained encoder's
embedding and the context columns both carry; so target, campaign type and industry, and edits of
the picture, change the answer.
"""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import xgboost

from emailimg import (
    boosters,
    bundle,
    domain,
    encoder,
    features,
    images,
    near_duplicates,
    showroom,
    splits,
    storage,
    taxonomy,
)
from emailimg.boosters import Members, Trained
from emailimg.calibration import Platt
from emailimg.config import Config, load
from emailimg.embed import Embedder, Look
from emailimg.encoder_spec import EncoderSpec
from emailimg.intervals import Uncertainty
from emailimg.labels import context_effect
from emailimg.parquet import write_table

TARGETS = ("open_rate", "conversion_rate", "unsubscribe_rate")
CATALOGUE_IMAGES = 60
_SHOWROOM_SEED = 5
# Few enough contexts that some have several images and most have none, which widens the scope.
_CATALOGUE_CAMPAIGNS = ("Newsletter", "Promotional")
_CATALOGUE_INDUSTRIES = ("Automotive", "Retail")
_ROUNDS = 60


def showroom_jpeg(index: int, long_side_px: int = 96) -> bytes:
    """A picture of the showroom; indices from CATALOGUE_IMAGES on are not in the catalogue."""
    return showroom.render_jpeg(showroom.describe(_SHOWROOM_SEED, index), long_side_px)


def bundle_config() -> Config:
    rule = {"kind": "augmentation"}
    assignments = [
        *(f"labels.rules.{target}={rule}" for target in TARGETS),
        "labels.rules.click_to_open_rate=null",
        "labels.rules.revenue_per_email=null",
    ]
    return load("tiny", assignments=assignments)


def write_bundle(folder: Path, seed: int = 0) -> str:
    """Write a bundle below `folder`; returns its location. Another seed has another encoder."""
    config = bundle_config()
    stages = {
        name: str(folder / name) for name in ("catalogue", "embeddings", "encoder", "boosters")
    }
    encoder.save(_untrained_encoder(config, seed), stages["encoder"])
    embedder = Embedder(encoder.load(stages["encoder"]), config.embed.kind, threads=1)
    rows = _catalogue_rows()
    side = config.images.model_size_px
    pictures = [images.decode(data, config.images) for data in rows["image"]]
    look = embedder.look(np.stack([images.to_model_pixels(p, side) for p in pictures]))
    _write_catalogue(rows, stages["catalogue"])
    _write_embeddings(rows["image_id"], look, stages["embeddings"])
    trained = {target: _train(config, target, embedder, rows["image"]) for target in TARGETS}
    boosters.save(trained, embedder.width, stages["boosters"])
    location = str(folder / "bundle")
    bundle.build(
        config,
        catalogue_folder=stages["catalogue"],
        embeddings_folder=stages["embeddings"],
        encoder_folder=stages["encoder"],
        classifiers_folder=stages["boosters"],
        metrics={},
        folder=location,
    )
    return location


def _untrained_encoder(config: Config, seed: int) -> encoder.Encoder:
    heads = {
        "augmentation_class": taxonomy.AUGMENTATION_CLASSES,
        "vehicle_type": taxonomy.VEHICLE_TYPES,
    }
    torch.manual_seed(seed)
    return encoder.Encoder(EncoderSpec("resnet18", config.images.model_size_px, heads))


def _catalogue_rows() -> pd.DataFrame:
    rows = []
    for index in range(CATALOGUE_IMAGES):
        scene = showroom.describe(_SHOWROOM_SEED, index)
        data = showroom_jpeg(index)
        rows.append(
            {
                "image_id": images.image_id(data),
                "source_uri": f"/srv/secret/pictures/{index:04d}.jpg",
                "class_name": scene.class_name,
                "make": scene.make,
                "vehicle_type": scene.vehicle_type,
                "year": float(scene.year) if index % 5 else np.nan,
                "campaign_type": _CATALOGUE_CAMPAIGNS[index % 2],
                "industry": _CATALOGUE_INDUSTRIES[index // 2 % 2] if index % 7 else None,
                "image": data,
            }
        )
    return pd.DataFrame(rows)


def _write_catalogue(rows: pd.DataFrame, folder: str) -> None:
    write_table(storage.join(folder, "catalogue.parquet"), rows.drop(columns="image"))
    # The pictures are small enough to be their own thumbnails.
    pictures = rows[["image_id", "image"]].rename(columns={"image": "thumbnail"})
    limits = bundle_config().images
    pictures["perceptual_hash"] = [
        near_duplicates.perceptual_hash(images.decode(data, limits)) for data in rows["image"]
    ]
    write_table(storage.join(folder, "images", "part.parquet"), pictures)


def _write_embeddings(image_ids: pd.Series, look: Look, folder: str) -> None:
    columns = features.embedding_columns(look.embeddings.shape[1])
    table = pd.DataFrame(look.embeddings, columns=columns).assign(source_id=image_ids, version=0)
    table["pooled"] = [row.tobytes() for row in look.pooled.astype(np.float16)]
    originals = [taxonomy.ORIGINAL] * (len(table) // 2)
    outline = domain.fit(look.pooled[::2], originals, look.pooled[1::2], originals)
    storage.write_bytes(storage.join(folder, domain.FILE), outline.to_bytes())
    # The bundle reads every split; where a row stands does not matter to it.
    for start, split in enumerate(splits.SPLITS):
        write_table(storage.join(splits.folder(folder, split), "part.parquet"), table[start::3])


def _train(config: Config, target: str, embedder: Embedder, encoded: pd.Series) -> Trained:
    """A booster fitted to made-up rates of brightened and darkened pictures in random contexts."""
    rng = np.random.default_rng(TARGETS.index(target))
    pictures = [_exposed(images.decode(data, config.images), rng) for data in encoded for _ in "ab"]
    campaign_types = rng.choice(taxonomy.CAMPAIGN_TYPES, len(pictures)).tolist()
    industries = rng.choice(taxonomy.INDUSTRIES, len(pictures)).tolist()
    rates = _true_rates(target, pictures, campaign_types, industries)
    matrix = features.assemble(embedder.embed_images(pictures)[0], campaign_types, industries)
    data = xgboost.DMatrix(matrix, label=rates)
    booster = _boost(data)
    others = []
    for _ in range(3):
        data.set_weight(rng.poisson(1.0, len(rates)))
        others.append(_boost(data))
    return Trained(
        (booster,),
        Platt(slope=0.9, intercept=0.05),
        log_loss=0.6,
        rounds=_ROUNDS,
        members=Members(tuple(others), too_wide=1.0, uncertainty=Uncertainty(1.0, 0.01)),
    )


def _boost(data: xgboost.DMatrix) -> bytes:
    settings = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.2, "nthread": 1}
    return bytes(xgboost.train(settings, data, num_boost_round=_ROUNDS).save_raw("ubj"))


def _exposed(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (pixels * rng.uniform(0.5, 1.4)).clip(0, 255).astype(np.uint8)


def _true_rates(
    target: str, pictures: list[np.ndarray], campaign_types: list[str], industries: list[str]
) -> np.ndarray:
    brightness = np.array([picture.mean() for picture in pictures])
    sign = -1 if target == "conversion_rate" else 1
    effect = functools.partial(context_effect, target)
    odds = sign * (brightness - 115) / 30 + list(map(effect, campaign_types, industries))
    return 1 / (1 + np.exp(-odds))
