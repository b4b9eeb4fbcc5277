"""Embeddings: one `Embedder`, used by the Ray Data stage and by the service.

Output folder of the stage: {train,validation,test}/*.parquet with the examples' columns except
pixels, one float32 column per embedding dimension, the context indicators, per target
`{target}_rate` and `{target}_weight`, and the attributes that the encoder saw (`seen_{head}`).
"""

from typing import Any

import numpy as np
import pyarrow as pa
import torch
from ray.data import ActorPoolStrategy

from emailimg import encoder, features, images, pixel_columns, ray_data, resources, splits
from emailimg.config import Config
from emailimg.encoder import Encoder
from emailimg.parquet import read_table
from emailimg.progress import Reporter, track
from emailimg.resources import Bundle

# Megabytes of numbers: of the groups that pixels need, every column of a few hundred rows is read
# by itself, and half a million rows took 2.3 s to read instead of 0.3.
_ROWS_PER_GROUP = 16_384


class Embedder:
    """Maps images to embeddings with a loaded encoder; on a CPU always in float32.

    kind: `logits` concatenates the heads' logits (the report's embedding), `pooled` takes the
    features below them.
    """

    def __init__(
        self, model: Encoder, kind: str, *, device: str = "cpu", threads: int | None = None
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.spec = model.spec
        self.kind = kind
        self._device = torch.device(device)
        self._model = model.to(self._device).eval()

    @property
    def width(self) -> int:
        """D, the embedding's number of columns."""
        return self.spec.embedding_width(self.kind)

    @torch.inference_mode()
    def embed_pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, list[str]]]:
        """uint8 (N, S, S, 3) -> embeddings float32 (N, D) and the class seen per attribute."""
        tensor = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._device)
        pooled = self._model.features(tensor)
        logits = {name: head(pooled) for name, head in self._model.heads.items()}
        seen = encoder.classes_seen(self.spec, logits)
        embedding = pooled if self.kind == "pooled" else torch.cat(list(logits.values()), dim=1)
        return embedding.float().cpu().numpy(), seen

    def embed_images(self, pictures: list[np.ndarray]) -> tuple[np.ndarray, dict[str, list[str]]]:
        """Images uint8 (H, W, 3) of any size -> the same as `embed_pixels`."""
        side = self.spec.model_size_px
        return self.embed_pixels(np.stack([images.to_model_pixels(p, side) for p in pictures]))


class _EmbedBatch:
    """The Ray Data actor: loads the encoder once, then maps batches."""

    def __init__(self, config: Config, encoder_folder: str, reporter: Reporter) -> None:
        device = "cuda" if config.embed.use_gpu else "cpu"
        # One thread per CPU share held: several actors on one machine must not fight for cores.
        threads = max(1, int(config.embed.cpus_per_actor))
        self._embedder = Embedder(
            encoder.load(encoder_folder), config.embed.kind, device=device, threads=threads
        )
        self._config = config
        self._reporter = reporter

    def __call__(self, batch: pa.Table) -> pa.Table:
        pixels = pixel_columns.squares(batch["pixels"], self._embedder.spec.model_size_px)
        embeddings, seen = self._embedder.embed_pixels(pixels)
        self._reporter.add(len(pixels))
        return _with_features(self._config, batch.drop_columns(["pixels"]), embeddings, seen)


def build(config: Config, examples_folder: str, encoder_folder: str, folder: str) -> str:
    """Embed every example; returns a summary line."""
    resources.require("embeddings", needs(config), config.cluster)
    rows = sum(
        len(read_table(splits.folder(examples_folder, split), columns=["version"]))
        for split in splits.SPLITS
    )
    with track("embeddings", rows, "images") as reporter:
        _embed_all(config, examples_folder, encoder_folder, folder, reporter)
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


def _with_features(
    config: Config, batch: pa.Table, embeddings: np.ndarray, seen: dict[str, list[str]]
) -> pa.Table:
    contexts = [batch[name].to_pylist() for name in ("campaign_type", "industry")]
    matrix = features.assemble(embeddings, *contexts)
    columns: dict[str, Any] = {name: batch[name] for name in batch.column_names}
    columns |= {f"seen_{head}": names for head, names in seen.items()}
    for position, name in enumerate(features.feature_columns(embeddings.shape[1])):
        columns[name] = matrix[:, position]
    for target in config.targets:
        successes, trials = (batch[f"{target}_{part}"].to_numpy() for part in "kn")
        # Rows that were not observed (n = 0) weigh nothing; their rate is a placeholder.
        columns[f"{target}_rate"] = (successes / np.maximum(trials, 1)).astype(np.float32)
        columns[f"{target}_weight"] = trials.astype(np.float32)
    return pa.table(columns)
