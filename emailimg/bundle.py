"""The bundle: the folder that the service loads. This file owns its paths and names.

  encoder/             encoder.safetensors, encoder.json
  classifiers/         {target}.ubj, classifiers.json (calibration included)
  domain.safetensors   where the catalogue ends (may be absent)
  catalogue.parquet    one row per image that can be recommended: attributes, embedding, thumbnail
  config.json          the settings of the run
  metrics.json         the scorecard's figures
  manifest.json        format, version and SHA-256 of every other file; written last

No file is a pickle. A bundle is written to a temporary folder and renamed; on S3 the manifest,
written last, says that it is whole. Loading checks every checksum and that the parts fit.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emailimg import boosters, domain, features, splits, storage
from emailimg.boosters import Classifiers
from emailimg.config import Config, from_mapping
from emailimg.domain import Domain
from emailimg.encoder_spec import EncoderSpec, read_spec
from emailimg.errors import BundleError
from emailimg.parquet import read_table, write_table

if TYPE_CHECKING:
    from emailimg.embed import Embedder

FORMAT = 2
_MANIFEST = "manifest.json"
_CATALOGUE = "catalogue.parquet"
_CONFIG = "config.json"
_METRICS = "metrics.json"
_ENCODER = "encoder"
_CLASSIFIERS = "classifiers"
_CATALOGUE_COLUMNS = ["image_id", "source_uri", "class_name", "make", "vehicle_type", "year"]
_CATALOGUE_COLUMNS += ["campaign_type", "industry"]
_LOOKS = ["pooled", "perceptual_hash"]


@dataclass(frozen=True)
class CatalogueIndex:
    """The images that can be recommended.

    rows: image_id, source_uri, class_name, make, vehicle_type, year, campaign_type and industry
    (None: fits any), thumbnail (JPEG bytes); embeddings: float32 (N, D) in the same order; pooled:
    float16 (N, F), the encoder's pooled features, which tell how an image looks, and
    perceptual_hashes (see `near_duplicates`): None in bundles that were made without.
    """

    rows: pd.DataFrame
    embeddings: np.ndarray
    pooled: np.ndarray | None = None
    perceptual_hashes: list[bytes] | None = None


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    version: a hash of its content; checksums: SHA-256 by file.
    """

    location: str
    version: str
    config: Config
    metrics: dict[str, Any]
    checksums: dict[str, str]

    def embedder(self, *, device: str = "cpu", threads: int | None = None) -> "Embedder":
        # Seconds to import, which only the processes that hold the encoder should spend.
        from emailimg import encoder
        from emailimg.embed import Embedder

        model = encoder.load(storage.join(self.location, _ENCODER))
        settings = self.config.embed
        return Embedder(
            model,
            settings.kind,
            domain=self.domain(),
            device=device,
            threads=threads,
            precision=settings.precision,
        )

    def encoder_spec(self) -> EncoderSpec:
        return read_spec(storage.join(self.location, _ENCODER))

    def classifiers(self, threads: int = 1) -> Classifiers:
        return boosters.load(storage.join(self.location, _CLASSIFIERS), threads)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that there are models for."""
        index = boosters.read_index(storage.join(self.location, _CLASSIFIERS))
        return tuple(index["targets"])

    def domain(self) -> Domain | None:
        """None for a bundle that was made without."""
        path = storage.join(self.location, domain.FILE)
        return Domain.from_bytes(storage.read_bytes(path)) if storage.exists(path) else None

    def catalogue_columns(self, columns: list[str]) -> pd.DataFrame:
        """Some columns of the catalogue's rows, without reading embeddings and thumbnails."""
        return read_table(storage.join(self.location, _CATALOGUE), columns=columns)

    def catalogue(self) -> CatalogueIndex:
        table = read_table(storage.join(self.location, _CATALOGUE))
        width = boosters.read_index(storage.join(self.location, _CLASSIFIERS))["embedding_width"]
        columns = features.embedding_columns(width)
        missing = sorted(set(columns) - set(table.columns))
        if missing:
            raise BundleError(
                f"the bundle's catalogue lacks {len(missing)} of the {width} embedding columns "
                "that its classifiers expect"
            )
        embeddings = np.ascontiguousarray(table[columns].to_numpy(np.float32))
        rows = table.drop(columns=[*columns, *_LOOKS], errors="ignore")
        if not set(_LOOKS) <= set(table.columns):
            return CatalogueIndex(rows, embeddings)
        pooled = np.stack([np.frombuffer(data, np.float16) for data in table["pooled"]])
        return CatalogueIndex(rows, embeddings, pooled, list(table["perceptual_hash"]))


def load(location: str, *, verify: bool = True) -> Bundle:
    """Open a bundle, local or s3://; raises BundleError naming the part that is missing or changed.

    verify: read every file and compare its checksum.
    """
    location = storage.absolute(location)
    manifest = _read_manifest(location)
    for name, expected in manifest["files"].items() if verify else ():
        path = storage.join(location, name)
        if not storage.exists(path):
            raise BundleError(f"bundle {location!r} is incomplete: {name} is missing")
        if _checksum(storage.read_bytes(path)) != expected:
            raise BundleError(f"bundle {location!r} is damaged: {name} is not what was written")
    bundle = Bundle(
        location=location,
        version=manifest["version"],
        config=from_mapping(storage.read_json(storage.join(location, _CONFIG))),
        metrics=storage.read_json(storage.join(location, _METRICS)),
        checksums=manifest["files"],
    )
    _check_fit(bundle)
    return bundle


def _check_fit(bundle: Bundle) -> None:
    """The classifiers were trained on embeddings as wide as this encoder makes them."""
    spec = bundle.encoder_spec()
    made = spec.embedding_width(bundle.config.embed.kind)
    index = boosters.read_index(storage.join(bundle.location, _CLASSIFIERS))
    if made != index["embedding_width"]:
        raise BundleError(
            f"bundle {bundle.location!r}: the encoder makes {made} embedding columns, the "
            f"classifiers expect {index['embedding_width']}"
        )


def build(
    config: Config,
    *,
    catalogue_folder: str,
    embeddings_folder: str,
    encoder_folder: str,
    classifiers_folder: str,
    metrics: dict[str, Any],
    folder: str,
) -> str:
    """Write the bundle to `folder`; returns a summary line with its version."""
    folder = storage.absolute(folder)
    target = _begin(folder)
    for source, part in ((encoder_folder, _ENCODER), (classifiers_folder, _CLASSIFIERS)):
        _copy_files(source, storage.join(target, part))
    outline = storage.join(embeddings_folder, domain.FILE)
    if storage.exists(outline):
        storage.write_bytes(storage.join(target, domain.FILE), storage.read_bytes(outline))
    index = _index(catalogue_folder, embeddings_folder)
    write_table(storage.join(target, _CATALOGUE), index)
    storage.write_json(storage.join(target, _CONFIG), config.model_dump(mode="json"))
    storage.write_json(storage.join(target, _METRICS), metrics)
    version = seal(target)
    if target != folder:
        _carry_over(folder, target)
        storage.replace_folder(target, folder)
    return f"version {version}, {len(index)} images to recommend"


def _begin(folder: str) -> str:
    """Where a new bundle is written to: beside the old one, but on S3, which cannot rename."""
    if not storage.is_remote(folder):
        storage.delete_folder(f"{folder}.partial")
        return f"{folder}.partial"
    storage.delete_file(storage.join(folder, _MANIFEST))  # first: what is left is no bundle
    storage.empty_folder(folder)
    return folder


def _copy_files(source: str, target: str) -> None:
    """The files directly in `source` that belong to a bundle: weights and descriptions."""
    source = storage.absolute(source)  # as the files are listed
    for file in storage.list_files(source):
        name = file.removeprefix(source).lstrip("/")
        if "/" not in name and not name.startswith("_") and name.endswith(_BUNDLED):
            storage.write_bytes(storage.join(target, name), storage.read_bytes(file))


_BUNDLED = (".safetensors", ".ubj", "encoder.json", "classifiers.json")


def _index(catalogue_folder: str, embeddings_folder: str) -> pd.DataFrame:
    """Catalogue rows with the embedding of their original version and a thumbnail."""
    width = features.embedding_width(embeddings_folder)
    wanted = ["source_id", "version", "pooled", *features.embedding_columns(width)]
    parts = [read_table(splits.folder(embeddings_folder, s), columns=wanted) for s in splits.SPLITS]
    embedded = pd.concat(parts, ignore_index=True)
    originals = embedded[embedded["version"] == 0].drop(columns="version")
    rows = read_table(storage.join(catalogue_folder, _CATALOGUE), columns=_CATALOGUE_COLUMNS)
    table = rows.merge(originals, left_on="image_id", right_on="source_id").drop(
        columns="source_id"
    )
    pictures = storage.join(catalogue_folder, "images")
    columns = ["image_id", "thumbnail", "perceptual_hash"]
    thumbnails = read_table(pictures, columns=columns).dropna()
    return table.merge(thumbnails.drop_duplicates("image_id"), on="image_id")


def seal(folder: str) -> str:
    """Write the manifest over all other files of a bundle; returns its version.

    Not over what begins with `_`: a stage's own notes about the folder.
    """
    names = [file.removeprefix(folder).lstrip("/") for file in storage.list_files(folder)]
    files = {
        name: _checksum(storage.read_bytes(storage.join(folder, name)))
        for name in names
        if name != _MANIFEST and not name.startswith("_")
    }
    version = _checksum("".join(f"{n}{s}" for n, s in sorted(files.items())).encode())[:12]
    manifest = {"format": FORMAT, "version": version, "files": files}
    storage.write_json(storage.join(folder, _MANIFEST), manifest)
    return version


def _read_manifest(location: str) -> dict[str, Any]:
    path = storage.join(location, _MANIFEST)
    if not storage.exists(path):
        raise BundleError(f"{location!r} is no bundle, or is half-written: it has no {_MANIFEST}")
    try:
        manifest = storage.read_json(path)
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict):
        raise BundleError(f"bundle {location!r} is damaged: {_MANIFEST} is no JSON object")
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"bundle {location!r} has format {manifest.get('format')!r}; {FORMAT} is read here"
        )
    if not manifest.keys() >= {"version", "files"}:
        raise BundleError(f"bundle {location!r} is damaged: {_MANIFEST} lacks version or files")
    return manifest


def _carry_over(old: str, new: str) -> None:
    """Keep the stage's own notes (its start marker) when the folder is replaced."""
    for file in storage.list_files(old):
        name = file.removeprefix(old).lstrip("/")
        if name.startswith("_"):
            shutil.copy(file, Path(new, name))


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
