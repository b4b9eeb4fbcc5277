"""Embeddings: one `Embedder`, used by the Ray Data stage and by the service.

Output folder of the stage: {train,validation,test}/*.parquet with the examples' columns except
pixels, one float32 column per embedding dimension, the context indicators, per target
`{target}_rate` and `{target}_weight`, the attributes that the encoder saw (`seen_{head}`), and its
`pooled` features as the bytes of float16 (F,); domain.safetensors (see `domain`);
lasting_columns.json (see `features`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from ray.data import ActorPoolStrategy

from emailimg import (
    domain,
    encoder,
    encoder_spec,
    fast_encoder,
    features,
    heat_map,
    images,
    pixel_columns,
    ray_data,
    resources,
    splits,
    storage,
)
from emailimg.config import Config, Precision
from emailimg.domain import Domain
from emailimg.encoder import Encoder
from emailimg.parquet import read_table
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle

# Megabytes of numbers: of the groups that pixels need, every column of a few hundred rows is read
# by itself, and half a million rows took 2.3 s to read instead of 0.3.
_ROWS_PER_GROUP = 16_384


@dataclass(frozen=True)
class Look:
    """What the encoder makes of N images.

    embeddings: float32 (N, D); pooled: float32 (N, F), the features below the heads; seen: per
    attribute the N classes seen.
    """

    embeddings: np.ndarray
    pooled: np.ndarray
    seen: dict[str, list[str]]


class Embedder:
    """Maps images to embeddings with a loaded encoder.

    kind: `logits` concatenates the heads' logits (the report's embedding), `pooled` takes the
    features below them; domain: of the catalogue, where it is known; precision: of the
    convolutions on a CPU, `bfloat16` where it has instructions for it.
    """

    def __init__(
        self,
        model: Encoder,
        kind: str,
        *,
        domain: Domain | None = None,
        device: str = "cpu",
        threads: int | None = None,
        precision: Precision = "float32",
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.spec = model.spec
        self.kind = kind
        self.domain = domain
        self.lasting = model.spec.lasting_columns(kind)
        self._device = torch.device(device)
        self._model = model.to(self._device).eval()
        self._features = model.features if device != "cpu" else _on_cpu(self._model, precision)

    @property
    def width(self) -> int:
        """D, the embedding's number of columns."""
        return self.spec.embedding_width(self.kind)

    @torch.inference_mode()
    def look(self, pixels: np.ndarray) -> Look:
        """Everything the encoder makes of model pixels, uint8 (N, S, S, 3), in one pass."""
        tensor = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
        pooled = self._features(tensor)
        logits = {name: head(pooled) for name, head in self._model.heads.items()}
        seen = encoder.classes_seen(self.spec, logits)
        embedding = pooled if self.kind == "pooled" else torch.cat(list(logits.values()), dim=1)
        return Look(embedding.float().cpu().numpy(), pooled.float().cpu().numpy(), seen)

    def embed_pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, list[str]]]:
        """uint8 (N, S, S, 3) -> embeddings float32 (N, D) and the class seen per attribute."""
        look = self.look(pixels)
        return look.embeddings, look.seen

    def class_direction(self, head: str, class_name: str) -> np.ndarray:
        """Weights of a class's logit over the pooled features, float32 (F,).

        Raises ConfigError for an attribute or a class that the encoder does not know.
        """
        place = self.spec.place_of(head, class_name)
        weight: torch.Tensor = self._model.get_parameter(f"heads.{head}.weight")
        return weight[place].detach().cpu().numpy()

    def heat_map(
        self, picture: np.ndarray, direction: np.ndarray, height: int, width: int
    ) -> np.ndarray:
        """Where in a picture, uint8 (H, W, 3), the evidence in a direction is.

        direction: float32 (F,) over the pooled features. Returns float32 (height, width) in
        [0, 1], by `heat_map.evidence`; height and width of any size with the picture's aspect.
        """
        side = self.spec.model_size_px
        square, block = images.to_model_pixels(picture, side), heat_map.block_of(side)
        evidence = heat_map.evidence(self._model, square, direction, block)
        return heat_map.on_picture(evidence, block, side, height, width)

    def embed_images(self, pictures: list[np.ndarray]) -> tuple[np.ndarray, dict[str, list[str]]]:
        """Images uint8 (H, W, 3) of any size -> the same as `embed_pixels`."""
        side = self.spec.model_size_px
        return self.embed_pixels(np.stack([images.to_model_pixels(p, side) for p in pictures]))


def _on_cpu(model: Encoder, precision: Precision) -> fast_encoder.Features:
    narrow = precision == "bfloat16" and fast_encoder.has_bfloat16()
    return fast_encoder.features(model, torch.bfloat16 if narrow else torch.float32)


class _EmbedBatch:
    """The Ray Data actor: loads the encoder once, then maps batches."""

    def __init__(self, config: Config, encoder_folder: str, reporter: Reporter) -> None:
        device = "cuda" if config.embed.use_gpu else "cpu"
        # One thread per CPU share held: several actors on one machine must not fight for cores.
        threads = max(1, int(config.embed.cpus_per_actor))
        self._embedder = Embedder(
            encoder.load(encoder_folder),
            config.embed.kind,
            device=device,
            threads=threads,
            precision=config.embed.precision,
        )
        self._config = config
        self._reporter = reporter

    def __call__(self, batch: pa.Table) -> pa.Table:
        pixels = pixel_columns.squares(batch["pixels"], self._embedder.spec.model_size_px)
        look = self._embedder.look(pixels)
        self._reporter.add(len(pixels))
        return _with_features(self._config, batch.drop_columns(["pixels"]), look)


def build(config: Config, examples_folder: str, encoder_folder: str, folder: str) -> str:
    """Embed every example; returns a summary line."""
    resources.require("embeddings", needs(config), config.cluster)
    rows = sum(
        len(read_table(splits.folder(examples_folder, split), columns=["version"]))
        for split in splits.SPLITS
    )
    with track("embeddings", rows, "images") as reporter:
        _embed_all(config, examples_folder, encoder_folder, folder, reporter)
    _write_domain(folder)
    spec = encoder_spec.read_spec(encoder_folder)
    features.write_lasting_columns(folder, spec.lasting_columns(config.embed.kind))
    return f"{rows} embeddings ({config.embed.kind})"


def needs(config: Config) -> list[Bundle]:
    """What the stage holds at the same time: every actor, and a Ray Data task to feed them."""
    gpus = 1.0 if config.embed.use_gpu else 0.0
    actors = resources.cpu_bundles(config.embed.num_actors, config.embed.cpus_per_actor, gpus)
    return actors + resources.data_bundles(config.cluster)


def _embed_all(
    config: Config, source: str, encoder_folder: str, target: str, reporter: Reporter
) -> None:
    embedded = ray_data.read(source, config.cluster).map_batches(
        _EmbedBatch,
        batch_format="pyarrow",
        batch_size=config.embed.batch_size,
        compute=ActorPoolStrategy(size=config.embed.num_actors),
        num_cpus=config.embed.cpus_per_actor,
        num_gpus=1 if config.embed.use_gpu else None,
        fn_constructor_kwargs={
            "config": config,
            "encoder_folder": encoder_folder,
            "reporter": reporter,
        },
    )
    ray_data.write(
        embedded, target, config.cluster, partition_by="split", rows_per_group=_ROWS_PER_GROUP
    )


def _write_domain(folder: str) -> None:
    """Where the catalogue ends, by what was embedded; nothing where a side is empty."""
    sides = [_pooled(splits.folder(folder, side)) for side in ("train", "validation")]
    if all(len(pooled) for pooled, _ in sides):
        (train, train_classes), (validation, validation_classes) = sides
        fitted = domain.fit(train, train_classes, validation, validation_classes)
        storage.write_bytes(storage.join(folder, domain.FILE), fitted.to_bytes())


def _pooled(split_folder: str) -> tuple[np.ndarray, list[str]]:
    """Pooled features, float32 (N, F), and augmentation classes of all versions on one side."""
    rows = read_table(split_folder, columns=["augmentation_class", "pooled"])
    pooled = [np.frombuffer(data, np.float16) for data in rows["pooled"]]
    return np.array(pooled, np.float32), rows["augmentation_class"].astype(str).tolist()


def _with_features(config: Config, batch: pa.Table, look: Look) -> pa.Table:
    contexts = [batch[name].to_pylist() for name in ("campaign_type", "industry")]
    known = features.half_hidden(batch["source_id"].to_pylist(), _vehicle_types(batch))
    matrix = features.assemble(look.embeddings, contexts[0], contexts[1], known)
    columns: dict[str, Any] = {name: batch[name] for name in batch.column_names}
    columns |= {f"seen_{head}": names for head, names in look.seen.items()}
    columns["pooled"] = pa.array(
        [row.tobytes() for row in look.pooled.astype(np.float16)], pa.binary()
    )
    for position, name in enumerate(features.feature_columns(look.embeddings.shape[1])):
        columns[name] = matrix[:, position]
    for target in config.targets:
        successes, trials = (batch[f"{target}_{part}"].to_numpy() for part in "kn")
        # Rows that were not observed (n = 0) weigh nothing; their rate is a placeholder.
        columns[f"{target}_rate"] = (successes / np.maximum(trials, 1)).astype(np.float32)
        columns[f"{target}_weight"] = trials.astype(np.float32)
    return pa.table(columns)


def _vehicle_types(batch: pa.Table) -> list[str | None]:
    if "vehicle_type" in batch.column_names:
        return batch["vehicle_type"].to_pylist()
    return [None] * batch.num_rows
