"""Answers about an uploaded image: how likely it succeeds, which edits and alternates beat it.

`Predictor` gives them in one process, from a bundle. The service runs the same steps in separate
deployments: `embed_versions` beside the encoder, `prediction` beside the classifiers,
`Recommender` beside the catalogue. Neither has steps of its own, so both give the same numbers.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from emailimg import explain, images
from emailimg.answers import Explanation, HeatMap, Recommendation, Score, to_score
from emailimg.boosters import Classifiers, Prediction
from emailimg.bundle import Bundle
from emailimg.config import ImageConfig
from emailimg.edits import Edit, apply
from emailimg.question import Question, parse_question, parse_questions
from emailimg.recommender import Case, Recommender, Subject, Wishes
from emailimg.techniques import TECHNIQUES
from emailimg.together import by_kind

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

    embeddings: float32 (1 + E, D), the image itself first; pooled: float32 (F,), the image's
    pooled features, which tell how it looks; attributes_seen: its class by attribute;
    domain_distance: how far it is from the catalogue (see `domain`), None where the bundle does not
    know.
    """

    embeddings: np.ndarray
    pooled: np.ndarray
    attributes_seen: dict[str, str]
    domain_distance: float | None = None

    @property
    def alone(self) -> "Embedded":
        """The image without its edits."""
        return replace(self, embeddings=self.embeddings[:1])


def read_upload(image_bytes: bytes, limits: ImageConfig) -> Upload:
    """Decode an upload; raises ImageError (see `images.decode`)."""
    return Upload(images.image_id(image_bytes), images.decode(image_bytes, limits))


def picture_to_show(image_bytes: bytes, limits: ImageConfig) -> np.ndarray:
    """Uint8 (H, W, 3) RGB, at most 1,024 pixels long, for people; raises ImageError."""
    return images.decode(image_bytes, limits.model_copy(update={"working_size_px": _SHOWN_PX}))


def edited(image_bytes: bytes, edit: Edit, limits: ImageConfig) -> np.ndarray:
    """The edited picture to be sent, uint8 (H, W, 3) RGB, at most 1,024 pixels long.

    Edits are scored at working size. Their lengths are shares of the longer side, so that a larger
    picture is edited alike; noise and edges, which are as fine as the pixels, are enlarged with it.
    """
    shown = picture_to_show(image_bytes, limits)
    if not TECHNIQUES[edit.augmentation_class].fine:
        return apply(edit, shown)
    scored = images.to_working_size(shown, limits.working_size_px)
    change = apply(edit, scored).astype(np.float32) - scored
    return images.with_change(shown, change)


def embed_versions(embedder: "Embedder", batch: Sequence[Versions]) -> list[Embedded]:
    """Embed several images and their edits in as few passes through the encoder as possible."""
    side = embedder.spec.model_size_px
    squares = [
        images.to_model_pixels(pixels, side)
        for item in batch
        for pixels in (item.pixels, *(apply(edit, item.pixels) for edit in item.edits))
    ]
    looks = _look_in_chunks(embedder, squares)
    embeddings = np.concatenate([look.embeddings for look in looks])
    starts = [*itertools.accumulate((1 + len(item.edits) for item in batch), initial=0)]
    for start, end in itertools.pairwise(starts):
        embeddings[start:end] = _of_one_picture(embeddings[start:end], embedder.lasting)
    pooled = np.concatenate([look.pooled for look in looks])
    seen = {head: [c for look in looks for c in look.seen[head]] for head in embedder.spec.heads}
    return [
        Embedded(
            embeddings[start:end],
            pooled[start],
            {head: classes[start] for head, classes in seen.items()},
            None if embedder.domain is None else embedder.domain.distance(pooled[start]),
        )
        for start, end in itertools.pairwise(starts)
    ]


def _of_one_picture(embeddings: np.ndarray, lasting: list[int]) -> np.ndarray:
    """Embeddings, float32 (1 + E, D), of an image and its edits that agree on what lasts.

    An edit does not make an SUV of a pickup, however the encoder takes the turned picture; left
    alone, such mistakes are recommended.
    """
    agreed = embeddings.copy()
    agreed[:, lasting] = embeddings[0, lasting]
    return agreed


def features_of(
    classifiers: Classifiers,
    question: Question,
    embeddings: np.ndarray,
    vehicle_types: Sequence[str | None] | None = None,
) -> np.ndarray:
    """Embeddings, float32 (N, D) -> what the classifiers see, float32 (N, F), for any target.

    vehicle_types: of the rows; the question's own where nothing is said.
    """
    count = len(embeddings)
    kinds = [question.vehicle_type] * count if vehicle_types is None else vehicle_types
    contexts = [question.campaign_type] * count, [question.industry] * count
    return classifiers.matrix(embeddings, *contexts, kinds)


def prediction(
    classifiers: Classifiers,
    question: Question,
    embeddings: np.ndarray,
    vehicle_types: Sequence[str | None] | None = None,
) -> Prediction:
    """P(success) of N embeddings with intervals and members; arguments as for `features_of`."""
    matrix = features_of(classifiers, question, embeddings, vehicle_types)
    return classifiers[question.target].predict(matrix)


def predictions(
    classifiers: Classifiers, asked: Sequence[tuple[Question, np.ndarray]]
) -> list[Prediction]:
    """`prediction` of questions and their embeddings, float32 (N, D) each.

    Whatever is asked about one target goes through its boosters together: a call costs them more
    than a row.
    """

    def of_one(target: str, some: list[tuple[Question, np.ndarray]]) -> list[Prediction]:
        matrices = [features_of(classifiers, *each) for each in some]
        predicted = classifiers[target].predict(np.concatenate(matrices))
        ends = itertools.accumulate((len(matrix) for matrix in matrices), initial=0)
        return [predicted.part(slice(*rows)) for rows in itertools.pairwise(ends)]

    return by_kind(asked, lambda each: each[0].target, of_one)


def probabilities(
    classifiers: Classifiers,
    question: Question,
    embeddings: np.ndarray,
    vehicle_types: Sequence[str | None] | None = None,
) -> np.ndarray:
    """P(success) alone, float64 (N,), in a tenth of the time."""
    matrix = features_of(classifiers, question, embeddings, vehicle_types)
    return classifiers[question.target].probability(matrix)


def score_of(
    questions: Sequence[Question],
    image_id: str,
    embedded: Embedded,
    predicted: Sequence[Prediction],
) -> Score:
    """The score that answers questions which differ in their target only.

    predicted: for each question, the image's prediction in its first row.
    """
    return to_score(
        questions, image_id, embedded.attributes_seen, predicted, embedded.domain_distance
    )


class Predictor:
    """Scores and recommends in this process, without Ray.

    threads: of torch and XGBoost; None leaves torch's own choice.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        self._limits = bundle.config.images
        self._embedder = bundle.embedder(threads=threads)
        self._classifiers = bundle.classifiers(threads or 1)
        self._recommender = Recommender(bundle.catalogue(), bundle.config)

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
        found = predictions(self._classifiers, [(q, embedded.embeddings) for q in questions])
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
        asked = explain.Asked(question, embedded.embeddings[0], embedded.attributes_seen)
        [found] = explain.reasons(
            self._classifiers, [asked], self._embedder.spec, self._embedder.kind
        )
        shown = picture_to_show(image_bytes, self._limits)
        own = prediction(self._classifiers, question, embedded.embeddings)
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
        TaxonomyError listing the attributes or classes that there are.
        """
        upload = read_upload(image_bytes, self._limits)
        spec = self._embedder.spec
        if class_name is None:
            [embedded] = embed_versions(self._embedder, [Versions(upload.pixels)])
            class_name = embedded.attributes_seen[explain.attribute_of(spec, attribute)]
        focus = explain.focus_of(spec, attribute, class_name)
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
        wishes: Wishes | None = None,
    ) -> Recommendation:
        """Up to `k` edits and `k` catalogue images that beat the upload.

        wishes: filters and more, in place of `k`. Raises ImageError, TaxonomyError or ConfigError.
        """
        wishes = wishes or Wishes(k=k)
        question = parse_question(self.targets, target, campaign_type, industry, vehicle_type)
        upload = read_upload(image_bytes, self._limits)
        versions = Versions(upload.pixels, wishes.to_try(self._recommender.edits))
        [embedded] = embed_versions(self._embedder, [versions])
        return self._recommendation(question, wishes, upload, embedded)

    def _recommendation(
        self, question: Question, wishes: Wishes, upload: Upload, embedded: Embedded
    ) -> Recommendation:
        """The steps of `recommender`, with the classifiers at hand."""
        subject = Subject(upload.image_id, upload.pixels, embedded.pooled)
        case = Case(question, wishes, subject)
        pool = self._recommender.pool(case)
        weighed = self._recommender.known(case, pool)
        if weighed is None:
            features = self._recommender.features(pool.rows)
            of_pool = probabilities(self._classifiers, question, *features)
            weighed = self._recommender.remember(case, pool, of_pool)
        predicted = prediction(self._classifiers, question, embedded.embeddings)
        rows = self._recommender.shortlist(case, weighed, predicted)
        of_rows = prediction(self._classifiers, question, *self._recommender.features(rows))
        score = score_of([question], upload.image_id, embedded, [predicted])
        return self._recommender.recommendation(case, score, predicted, weighed, rows, of_rows)


def _look_in_chunks(embedder: "Embedder", squares: list[np.ndarray]) -> "list[Look]":
    """Model pixels, N of uint8 (S, S, 3) -> what the encoder makes of them, a chunk at a time."""
    starts = range(0, len(squares), _CHUNK_IMAGES)
    return [embedder.look(np.stack(squares[start : start + _CHUNK_IMAGES])) for start in starts]
