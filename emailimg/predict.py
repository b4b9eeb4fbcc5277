"""Answers about an uploaded image: how likely it succeeds, which edits and alternates beat it.

`Predictor` gives them in one process, from a bundle. The service runs the same steps in separate
deployments: `embed_versions` beside the encoder, `chances` beside the classifiers,
`Recommender` beside the catalogue. Neither has steps of its own, so both give the same numbers.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from emailimg import explain, images
from emailimg.answers import (
    Alternate,
    Explanation,
    HeatMap,
    Recommendation,
    Score,
    SuggestedEdit,
    to_score,
)
from emailimg.boosters import Classifiers, Prediction
from emailimg.bundle import Bundle, CatalogueIndex
from emailimg.config import AugmentConfig, ImageConfig
from emailimg.question import Question, parse_question, parse_questions
from emailimg.recommend import Edit, Ranked, candidate_edits, eligible, rank, rank_edits

if TYPE_CHECKING:
    from emailimg.embed import Embedder, Look

# Images that go through the encoder together; bounds the memory that many uploads at once take.
_CHUNK_IMAGES = 64
# The longer side, at most, of a picture with its heat map.
_SHOWN_PX = 1024


@dataclass(frozen=True)
class Upload:
    """A decoded image: id of its bytes, pixels uint8 (H, W, 3) RGB at working size."""

    image_id: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Versions:
    """An image to embed, uint8 (H, W, 3) RGB, together with edits of it."""

    pixels: np.ndarray
    edits: Sequence[Edit] = ()


@dataclass(frozen=True)
class Embedded:
    """What the encoder makes of an image and its edits.

    embeddings: float32 (1 + E, D), the image itself first; attributes_seen: its class by
    attribute; domain_distance: how far it is from the catalogue (see `domain`), None where the
    bundle does not know.
    """

    embeddings: np.ndarray
    attributes_seen: dict[str, str]
    domain_distance: float | None = None


@dataclass(frozen=True)
class Shortlist:
    """Catalogue images that fit a question.

    rows: int64 (M,) row numbers; embeddings: float32 (M, D) of those rows; vehicle_types: M, None
    where the catalogue does not know; scope: in words.
    """

    rows: np.ndarray
    embeddings: np.ndarray
    vehicle_types: list[str | None]
    scope: str


def read_upload(image_bytes: bytes, limits: ImageConfig) -> Upload:
    """Decode an upload; raises ImageError (see `images.decode`)."""
    return Upload(images.image_id(image_bytes), images.decode(image_bytes, limits))


def picture_to_show(image_bytes: bytes, limits: ImageConfig) -> np.ndarray:
    """Uint8 (H, W, 3) RGB, at most 1,024 pixels long, for people; raises ImageError."""
    return images.decode(image_bytes, limits.model_copy(update={"working_size_px": _SHOWN_PX}))


def edited(image_bytes: bytes, edit: Edit, limits: ImageConfig) -> np.ndarray:
    """The edited picture at the size at which edits are scored, uint8 (H, W, 3) RGB."""
    return _apply(edit, images.decode(image_bytes, limits))


def embed_versions(embedder: "Embedder", batch: Sequence[Versions]) -> list[Embedded]:
    """Embed several images and their edits in as few passes through the encoder as possible."""
    side = embedder.spec.model_size_px
    squares = [
        images.to_model_pixels(pixels, side)
        for item in batch
        for pixels in (item.pixels, *(_apply(edit, item.pixels) for edit in item.edits))
    ]
    looks = _look_in_chunks(embedder, squares)
    embeddings = np.concatenate([look.embeddings for look in looks])
    pooled = np.concatenate([look.pooled for look in looks])
    seen = {head: [c for look in looks for c in look.seen[head]] for head in embedder.spec.heads}
    starts = itertools.accumulate((1 + len(item.edits) for item in batch), initial=0)
    return [
        Embedded(
            embeddings[start:end],
            {head: classes[start] for head, classes in seen.items()},
            None if embedder.domain is None else embedder.domain.distance(pooled[start]),
        )
        for start, end in itertools.pairwise(starts)
    ]


@dataclass(frozen=True)
class Chances:
    """P(success) of an upload and of what it is compared with.

    own: of the upload, one row, with its interval; of_each: float64 (N,), the upload first. The
    interval takes ten times as long as the probability, so the others go without.
    """

    own: Prediction
    of_each: np.ndarray


def chances(
    classifiers: Classifiers,
    question: Question,
    embeddings: np.ndarray,
    vehicle_types: Sequence[str | None] = (),
) -> Chances:
    """Embeddings float32 (N, D), the upload's first -> its chances and those of the others.

    vehicle_types: of the last rows, as the catalogue knows them; the question's own type is that
    of the rows before, which are the upload and its edits.
    """
    count = len(embeddings)
    kinds = [question.vehicle_type] * (count - len(vehicle_types)) + list(vehicle_types)
    contexts = [question.campaign_type] * count, [question.industry] * count
    matrix = classifiers.matrix(embeddings, *contexts, kinds)
    model = classifiers[question.target]
    return Chances(own=model.predict(matrix[:1]), of_each=model.probability(matrix))


def score_of(
    questions: Sequence[Question],
    image_id: str,
    embedded: Embedded,
    found: Sequence[Chances],
) -> Score:
    """The score that answers questions which differ in their target only."""
    predicted = [each.own for each in found]
    return to_score(
        questions,
        image_id,
        embedded.attributes_seen,
        predicted,
        embedded.domain_distance,
    )


class Recommender:
    """Finds what to compare an upload with, and ranks it; holds the catalogue and no model."""

    def __init__(self, catalogue: CatalogueIndex, config: AugmentConfig) -> None:
        self._catalogue = catalogue
        self._row_of = {name: row for row, name in enumerate(catalogue.rows["image_id"])}
        self.edits = candidate_edits(config)

    def shortlist(self, question: Question, image_id: str, k: int) -> Shortlist:
        """The catalogue images to rank for a question, widened where fewer than `k` fit."""
        rows, scope = eligible(
            self._catalogue.rows,
            question.campaign_type,
            question.industry,
            at_least=k,
            exclude_image_id=image_id,
        )
        known = self._catalogue.rows["vehicle_type"].iloc[rows]
        types = [_known(name) for name in known]
        return Shortlist(rows, self._catalogue.embeddings[rows], types, scope)

    def rank(
        self,
        question: Question,
        upload: Upload,
        embedded: Embedded,
        shortlist: Shortlist,
        found: Chances,
        k: int,
    ) -> Recommendation:
        """Up to `k` edits and `k` alternates that beat the upload.

        found: of the upload, `self.edits` and the shortlist.
        """
        own, edited, others = np.split(found.of_each, [1, 1 + len(self.edits)])
        target, probability = question.target, float(own[0])
        best_edits = rank_edits(target, probability, self.edits, edited, k)
        best_others = rank(target, probability, others, k)
        return Recommendation(
            score=score_of([question], upload.image_id, embedded, [found]),
            edits=[self._suggested(upload.pixels, ranked) for ranked in best_edits],
            alternates=[self._alternate(shortlist, ranked) for ranked in best_others],
            scope=shortlist.scope,
            considered=len(shortlist.rows),
        )

    def thumbnail(self, image_id: str) -> bytes | None:
        """JPEG bytes of a catalogue image; None when there is no such image."""
        row = self._row_of.get(image_id)
        return None if row is None else self._catalogue.rows["thumbnail"].iloc[row]

    def vehicle_type(self, image_id: str) -> str | None:
        """Of a catalogue image; None where the catalogue does not know, or has no such image."""
        row = self._row_of.get(image_id)
        return None if row is None else _known(self._catalogue.rows["vehicle_type"].iloc[row])

    def _suggested(self, pixels: np.ndarray, ranked: Ranked) -> SuggestedEdit:
        edit = self.edits[ranked.position]
        return SuggestedEdit(
            augmentation_class=edit.augmentation_class,
            parameters=edit.parameters,
            probability=ranked.probability,
            gain=ranked.gain,
            image=_apply(edit, pixels),
        )

    def _alternate(self, shortlist: Shortlist, ranked: Ranked) -> Alternate:
        row = self._catalogue.rows.iloc[shortlist.rows[ranked.position]]
        return Alternate(
            image_id=row["image_id"],
            file_name=PurePosixPath(row["source_uri"]).name,
            class_name=_known(row["class_name"]),
            vehicle_type=_known(row["vehicle_type"]),
            year=None if _known(row["year"]) is None else int(row["year"]),
            campaign_type=_known(row["campaign_type"]),
            industry=_known(row["industry"]),
            probability=ranked.probability,
            gain=ranked.gain,
            thumbnail=row["thumbnail"],
        )


class Predictor:
    """Scores and recommends in this process, without Ray.

    threads: of torch and XGBoost; None leaves torch's own choice.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        self._limits = bundle.config.images
        self._embedder = bundle.embedder(threads=threads)
        self._classifiers = bundle.classifiers(threads or 1)
        self._recommender = Recommender(bundle.catalogue(), bundle.config.augment)

    @property
    def targets(self) -> tuple[str, ...]:
        return self._classifiers.targets

    def score(
        self,
        image_bytes: bytes,
        target: str,
        campaign_type: str,
        industry: str,
        vehicle_type: str | None = None,
    ) -> Score:
        """The image's probability of success; target `all` gives every target's.

        vehicle_type: where you know it. Raises ImageError or TaxonomyError.
        """
        questions = parse_questions(self.targets, target, campaign_type, industry, vehicle_type)
        upload = read_upload(image_bytes, self._limits)
        [embedded] = embed_versions(self._embedder, [Versions(upload.pixels)])
        found = [chances(self._classifiers, q, embedded.embeddings) for q in questions]
        return score_of(questions, upload.image_id, embedded, found)

    def explain(
        self,
        image_bytes: bytes,
        target: str,
        campaign_type: str,
        industry: str,
        vehicle_type: str | None = None,
    ) -> Explanation:
        """Why the image has its probability: what contributes to it, and where in the picture.

        Raises ImageError or TaxonomyError; of `all` targets at once there is no explanation.
        """
        question = parse_question(self.targets, target, campaign_type, industry, vehicle_type)
        upload = read_upload(image_bytes, self._limits)
        [embedded] = embed_versions(self._embedder, [Versions(upload.pixels)])
        found = explain.reasons(
            self._classifiers,
            question,
            embedded.embeddings[0],
            embedded.attributes_seen,
            self._embedder.spec,
            self._embedder.kind,
        )
        shown = picture_to_show(image_bytes, self._limits)
        own = chances(self._classifiers, question, embedded.embeddings)
        return Explanation(
            score=score_of([question], upload.image_id, embedded, [own]),
            base_log_odds=found.base_log_odds,
            contributions=found.contributions,
            image=shown,
            heat_map=explain.heat_map(self._embedder, upload.pixels, found.focus, shown.shape[:2]),
        )

    def heat_map(
        self, image_bytes: bytes, attribute: str, class_name: str | None = None
    ) -> HeatMap:
        """Where in the image an attribute's class is seen, at most 1,024 pixels long.

        class_name: the class that is seen, unless said otherwise. Raises ImageError, or
        ConfigError listing the attributes or classes that there are.
        """
        upload = read_upload(image_bytes, self._limits)
        if class_name is None:
            [embedded] = embed_versions(self._embedder, [Versions(upload.pixels)])
            class_name = embedded.attributes_seen.get(attribute, "")
        focus = explain.Focus(attribute, tuple(class_name.split(" + ")))
        size = picture_to_show(image_bytes, self._limits).shape[:2]
        return explain.heat_map(self._embedder, upload.pixels, focus, size)

    def recommend(
        self,
        image_bytes: bytes,
        target: str,
        campaign_type: str,
        industry: str,
        k: int = 6,
        vehicle_type: str | None = None,
    ) -> Recommendation:
        """Up to `k` edits and `k` catalogue images that beat the upload.

        Raises ImageError or TaxonomyError.
        """
        question = parse_question(self.targets, target, campaign_type, industry, vehicle_type)
        upload = read_upload(image_bytes, self._limits)
        versions = Versions(upload.pixels, self._recommender.edits)
        [embedded] = embed_versions(self._embedder, [versions])
        shortlist = self._recommender.shortlist(question, upload.image_id, k)
        candidates = np.concatenate([embedded.embeddings, shortlist.embeddings])
        found = chances(self._classifiers, question, candidates, shortlist.vehicle_types)
        return self._recommender.rank(question, upload, embedded, shortlist, found, k)


def _apply(edit: Edit, pixels: np.ndarray) -> np.ndarray:
    # Only the replicas that make edits pay for the import of Albumentations, and of torch with it.
    from emailimg import augment

    return augment.apply(edit.augmentation_class, edit.parameters, pixels)


def _look_in_chunks(embedder: "Embedder", squares: list[np.ndarray]) -> "list[Look]":
    """Model pixels, N of uint8 (S, S, 3) -> what the encoder makes of them, a chunk at a time."""
    starts = range(0, len(squares), _CHUNK_IMAGES)
    return [embedder.look(np.stack(squares[start : start + _CHUNK_IMAGES])) for start in starts]


def _known(value: Any) -> Any:
    """None for the several ways in which a table says that it does not know."""
    return None if value is None or value != value else value
