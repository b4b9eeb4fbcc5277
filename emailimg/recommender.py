"""What would do better than an upload: edits of it, and images of the catalogue.

`Recommender` holds the catalogue and no model. It says what the classifiers are to be asked, and
makes the recommendation of their answers; who asks them, and where they are, is the caller's. In
order: `pool` (which images fit), `known` or `remember` (probabilities of the whole pool, which do
not depend on the upload), `shortlist` (the best of them), `recommendation`.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

import numpy as np

from emailimg import better, looks, near_duplicates, taxonomy
from emailimg.answers import Alternate, Recommendation, Score, SuggestedEdit
from emailimg.better import Comparison, Spread
from emailimg.boosters import Prediction
from emailimg.bundle import CatalogueIndex
from emailimg.config import Config
from emailimg.edits import Edit, apply, candidate_edits
from emailimg.errors import ConfigError
from emailimg.question import Question
from emailimg.shortlist import Columns, Filters, Pool

# Catalogue images that are looked at closely: with members, for intervals and duplicates.
_CLOSELY = 96
# Questions whose probabilities of the pool are kept; of a million images 8 MB each.
_REMEMBERED = 32
_LEAST_GAIN = 1e-9

Kind = Literal["edits", "alternates"]


@dataclass(frozen=True)
class Wishes:
    """What is to be recommended.

    k: at most so many edits and so many alternates; min_better: the least probability with which
    each must be better than the upload; similarity: 0 to 1, how much an alternate's likeness to the
    upload counts beside its gain; diversity: 0 to 1, how much alternates should differ; suggest:
    edits, which are most of the work, or alternates, or both.
    """

    k: int = 6
    min_better: float = 0.8
    similarity: float = 0.0
    diversity: float = 0.0
    filters: Filters = field(default_factory=Filters)
    suggest: tuple[Kind, ...] = get_args(Kind)

    def to_try(self, edits: list[Edit]) -> list[Edit]:
        """Those of the edits that have to be embedded with the upload: all or none."""
        return edits if "edits" in self.suggest else []


@dataclass(frozen=True)
class Subject:
    """The image to do better than.

    pixels: uint8 (H, W, 3) RGB at working size; pooled: float32 (F,), see `predict.Embedded`.
    """

    image_id: str
    pixels: np.ndarray
    pooled: np.ndarray


@dataclass(frozen=True)
class Case:
    """What is asked about which image."""

    question: Question
    wishes: Wishes
    subject: Subject

    @property
    def sign(self) -> int:
        """1 where a high probability is good, -1 where a low one is."""
        return -1 if self.question.target in taxonomy.LOWER_IS_BETTER else 1


@dataclass(frozen=True)
class Weighed:
    """A pool with the probabilities of its images, float64 (M,), and how far they are spread."""

    pool: Pool
    probabilities: np.ndarray
    spread: Spread | None  # None where the pool is empty


class Recommender:
    """Finds what to compare an upload with, and ranks it."""

    def __init__(self, catalogue: CatalogueIndex, config: Config) -> None:
        self._rows = catalogue.rows
        self._embeddings = catalogue.embeddings
        self._columns = Columns(catalogue.rows)
        self._types = [_known(name) for name in catalogue.rows["vehicle_type"]]
        self._hashes = catalogue.perceptual_hashes
        self._looks = None
        if catalogue.pooled is not None and len(catalogue.pooled):
            self._looks = looks.fit(catalogue.pooled)
        self._row_of = {name: row for row, name in enumerate(catalogue.rows["image_id"])}
        self._duplicate_bits = config.split.near_duplicate_bits
        self._remembered: OrderedDict[tuple[Any, ...], Weighed] = OrderedDict()
        self.edits = candidate_edits(config.augment)

    def pool(self, case: Case) -> Pool:
        """The catalogue images that fit, widened where fewer than `wishes.k` do.

        Raises TaxonomyError for an impossible filter, ConfigError for a wish that this bundle
        cannot grant.
        """
        wishes = case.wishes
        if (wishes.similarity or wishes.diversity) and self._looks is None:
            raise ConfigError(
                "similarity and diversity: this bundle does not hold how its images look; "
                "build it anew, or ask for 0"
            )
        # The upload itself, if it is in the catalogue, is left out later.
        at_least = wishes.k + (case.subject.image_id in self._row_of)
        context = case.question.campaign_type, case.question.industry
        return self._columns.pool(*context, wishes.filters, at_least)

    def features(self, rows: np.ndarray) -> tuple[np.ndarray, list[str | None]]:
        """Embeddings, float32 (M, D), and vehicle types of some rows, for the classifiers."""
        return self._embeddings[rows], [self._types[row] for row in rows]

    def known(self, case: Case, pool: Pool) -> Weighed | None:
        """The pool's probabilities, where the same was asked before."""
        key = _key(case, pool)
        if key not in self._remembered:
            return None
        self._remembered.move_to_end(key)
        return self._remembered[key]

    def remember(self, case: Case, pool: Pool, probabilities: np.ndarray) -> Weighed:
        """probabilities: of the pool, float64 (M,)."""
        weighed = Weighed(pool, probabilities, Spread.of(probabilities) if len(pool.rows) else None)
        self._remembered[_key(case, pool)] = weighed
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return weighed

    def shortlist(self, case: Case, weighed: Weighed, own: Prediction) -> np.ndarray:
        """The most promising rows of the pool, int64 (S,), to be predicted with members.

        own: of the subject, in its first row. None where no alternates are wished.
        """
        pool = weighed.pool
        if "alternates" not in case.wishes.suggest:
            return pool.rows[:0]
        gains = case.sign * (weighed.probabilities - own.probability[0])
        promising = (gains > 0) & (pool.rows != self._row_of.get(case.subject.image_id, -1))
        rows, gains = pool.rows[promising], gains[promising]
        merits = self._merits(case, gains, rows)
        if len(rows) > _CLOSELY:
            best = np.argpartition(-merits, _CLOSELY)[:_CLOSELY]
            rows, merits = rows[best], merits[best]
        return rows[np.argsort(-merits, kind="stable")]

    def recommendation(
        self,
        case: Case,
        score: Score,
        predicted: Prediction,
        weighed: Weighed,
        rows: np.ndarray,
        of_rows: Prediction,
    ) -> Recommendation:
        """Up to `k` edits and `k` alternates that beat the subject, best first.

        predicted: of the subject and its edits (`to_try`); rows and of_rows: the shortlist and its
        prediction.
        """
        own, edited = predicted.part(slice(0, 1)), predicted.part(slice(1, None))
        itself = self._row_of.get(case.subject.image_id, -1) in weighed.pool.rows
        return Recommendation(
            score=score,
            edits=self._best_edits(case, own, edited),
            alternates=self._best_alternates(case, own, weighed, rows, of_rows),
            scope=weighed.pool.scope,
            considered=len(weighed.pool.rows) - int(itself),
        )

    def thumbnail(self, image_id: str) -> bytes | None:
        """JPEG bytes of a catalogue image; None when there is no such image."""
        row = self._row_of.get(image_id)
        return None if row is None else self._rows["thumbnail"].iloc[row]

    def vehicle_type(self, image_id: str) -> str | None:
        """Of a catalogue image; None where the catalogue does not know, or has no such image."""
        row = self._row_of.get(image_id)
        return None if row is None else self._types[row]

    def _best_edits(self, case: Case, own: Prediction, edited: Prediction) -> list[SuggestedEdit]:
        """Each technique once, at its best strength."""
        if not len(edited.probability):
            return []
        edited = better.held_up(own, edited)
        among = better.prior(Spread.of(edited.probability), edited)
        found = better.compare(own, edited, among, of_one_kind=True)
        gains, sure = _gains(case, own, found)
        best: dict[str, int] = {}
        for place in np.argsort(-gains, kind="stable"):
            if gains[place] > _LEAST_GAIN and not sure[place] < case.wishes.min_better:
                best.setdefault(self.edits[place].augmentation_class, int(place))
        return [
            SuggestedEdit(
                augmentation_class=self.edits[place].augmentation_class,
                parameters=self.edits[place].parameters,
                probability=float(found.probability[place]),
                interval=(float(found.low[place]), float(found.high[place])),
                gain=float(gains[place]),
                probability_better=_known(float(sure[place])),
                image=apply(self.edits[place], case.subject.pixels),
            )
            for place in list(best.values())[: case.wishes.k]
        ]

    def _best_alternates(
        self,
        case: Case,
        own: Prediction,
        weighed: Weighed,
        rows: np.ndarray,
        of_rows: Prediction,
    ) -> list[Alternate]:
        """None that is the subject again, or nearly another one."""
        if weighed.spread is None or not len(rows):
            return []
        found = better.compare(own, of_rows, better.prior(weighed.spread, of_rows))
        gains, sure = _gains(case, own, found)
        likeness = self._likeness(case, rows)
        good = (gains > 0) & ~(sure < case.wishes.min_better) & ~self._like(case, rows)
        merits = self._merits(case, gains, rows)
        order = np.flatnonzero(good)[np.argsort(-merits[good], kind="stable")]
        diversity = case.wishes.diversity
        vectors = self._looks.vectors[rows[order]] if self._looks and diversity else None
        duplicates = self._duplicates(rows[order])
        chosen = looks.select(merits[order], vectors, diversity, duplicates, case.wishes.k)
        return [
            self._alternate(int(rows[place]), place, found, gains, sure, likeness)
            for place in order[chosen]
        ]

    def _merits(self, case: Case, gains: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What is weighed, 1 at most: gain, as a share of the greatest, and likeness as wished."""
        merits = gains / max(float(gains.max(initial=0)), _LEAST_GAIN)
        wished = case.wishes.similarity
        if not wished:
            return merits
        likeness = self._likeness(case, rows)
        assert likeness is not None
        return (1 - wished) * merits + wished * likeness

    def _likeness(self, case: Case, rows: np.ndarray) -> np.ndarray | None:
        """Cosine of the looks, float32 (M,)."""
        if self._looks is None:
            return None
        return self._looks.vectors[rows] @ self._looks.of(case.subject.pooled)

    def _like(self, case: Case, rows: np.ndarray) -> np.ndarray:
        """Which rows are the upload again, bool (M,)."""
        if self._hashes is None:
            return np.zeros(len(rows), bool)
        own = near_duplicates.perceptual_hash(case.subject.pixels)
        hashes = [own, *(self._hashes[row] for row in rows)]
        return looks.near_duplicates(hashes, self._duplicate_bits)[0, 1:]

    def _duplicates(self, rows: np.ndarray) -> np.ndarray:
        if self._hashes is None or not len(rows):
            return np.eye(len(rows), dtype=bool)
        return looks.near_duplicates([self._hashes[row] for row in rows], self._duplicate_bits)

    def _alternate(
        self,
        row: int,
        place: int,
        found: Comparison,
        gains: np.ndarray,
        sure: np.ndarray,
        likeness: np.ndarray | None,
    ) -> Alternate:
        known = self._rows.iloc[row]
        return Alternate(
            image_id=known["image_id"],
            file_name=PurePosixPath(known["source_uri"]).name,
            class_name=_known(known["class_name"]),
            make=_known(known["make"]),
            vehicle_type=_known(known["vehicle_type"]),
            year=None if _known(known["year"]) is None else int(known["year"]),
            campaign_type=_known(known["campaign_type"]),
            industry=_known(known["industry"]),
            probability=float(found.probability[place]),
            interval=(float(found.low[place]), float(found.high[place])),
            gain=float(gains[place]),
            probability_better=_known(float(sure[place])),
            similarity=None if likeness is None else float(likeness[place]),
            thumbnail=known["thumbnail"],
        )


def _gains(case: Case, own: Prediction, found: Comparison) -> tuple[np.ndarray, np.ndarray]:
    """Gain in probability, and the probability of being better; positive and high are good."""
    gains = case.sign * (found.probability - own.probability[0])
    return gains, found.better(case.sign)


def _key(case: Case, pool: Pool) -> tuple[Any, ...]:
    """What the probabilities of a pool depend on."""
    question = case.question
    context = question.target, question.campaign_type, question.industry
    return (*context, pool.scope, case.wishes.filters)


def _known(value: Any) -> Any:
    """None for the several ways in which a table says that it does not know."""
    return None if value is None or value != value else value
