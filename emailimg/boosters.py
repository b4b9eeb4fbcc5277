"""Trained classifiers at rest and at work: the files of a folder, and what they predict.

A folder holds {target}.ubj, its further seeds {target}.seed-{number}.ubj and its members
{target}.member-{number}.ubj (XGBoost's own format), and classifiers.json (embedding width; per
target calibration, uncertainty, slope of edits and validation log-loss).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import xgboost

from emailimg import (
    calibration,
    contributions,
    ensemble,
    features,
    intervals,
    storage,
)
from emailimg.calibration import Calibration
from emailimg.contributions import Shares
from emailimg.errors import BundleError
from emailimg.intervals import Uncertainty

_INDEX_FILE = "classifiers.json"
# Of an edit's predicted difference all holds up, where that was not or could not be measured.
WHOLE_DIFFERENCE = 1.0


@dataclass(frozen=True)
class Members:
    """Boosters of bootstrap samples as bytes, and what their disagreement says of the truth.

    too_wide: by so much they disagree more than boosters of all rows would.
    """

    boosters: tuple[bytes, ...]
    too_wide: float
    uncertainty: Uncertainty


@dataclass(frozen=True)
class Trained:
    """One target's classifier: boosters as bytes, calibration, and validation log-loss in nats.

    boosters: one, or several of different seeds, averaged in log-odds; rounds: of the first;
    calibration_log_losses: of every method that was tried, cross-validated. members: None where
    no intervals were asked for. edit_slope: see the module of that name.
    """

    boosters: tuple[bytes, ...]
    calibration: Calibration
    log_loss: float
    rounds: int
    calibration_log_losses: dict[str, float] = field(default_factory=dict)
    members: Members | None = None
    edit_slope: float = WHOLE_DIFFERENCE


@dataclass(frozen=True)
class Prediction:
    """Calibrated P(success) of N rows, float64 (N,), and the ends of its 90% interval.

    members: the members' own calibrated probabilities, float64 (M, N). The members see all rows
    alike, so they say how sure it is that one row beats another, which the intervals do not (see
    `better`). too_wide and uncertainty: what their disagreement means, as in `Members`.
    Without members M is 0, the interval is empty (low = high = probability), uncertainty is None.
    edit_slope: see the module of that name.
    """

    probability: np.ndarray
    low: np.ndarray
    high: np.ndarray
    members: np.ndarray
    too_wide: float = 1.0
    uncertainty: Uncertainty | None = None
    edit_slope: float = WHOLE_DIFFERENCE

    def part(self, rows: slice) -> "Prediction":
        """Of some of the rows."""
        return replace(
            self,
            probability=self.probability[rows],
            low=self.low[rows],
            high=self.high[rows],
            members=self.members[:, rows],
        )


class Model:
    """One target's boosters and members, loaded."""

    def __init__(self, trained: Trained, threads: int) -> None:
        self._boosters = [_load(file, threads) for file in trained.boosters]
        self._calibration = trained.calibration
        self._disagreement = trained.members
        self._edit_slope = trained.edit_slope
        files = trained.members.boosters if trained.members else ()
        self._members = [_load(file, threads) for file in files]

    @property
    def num_features(self) -> int:
        return int(self._boosters[0].num_features())

    def probability(self, matrix: np.ndarray) -> np.ndarray:
        """Features float32 (N, F) -> float64 (N,)."""
        return self._calibration.apply(ensemble.raw(self._boosters, matrix))

    def shares(self, matrix: np.ndarray) -> Shares:
        """What each feature adds to the log-odds of `probability`."""
        return contributions.shares(self._boosters, self._calibration, matrix)

    def predict(self, matrix: np.ndarray) -> Prediction:
        """Features float32 (N, F) -> probabilities and intervals; some ten times the work."""
        probability, slope = self.probability(matrix), self._edit_slope
        if self._disagreement is None:
            nobody = np.empty((0, len(matrix)))
            return Prediction(probability, probability, probability, nobody, edit_slope=slope)
        members = np.stack([m.inplace_predict(matrix) for m in self._members])
        members = self._calibration.apply(members)
        too_wide, uncertainty = self._disagreement.too_wide, self._disagreement.uncertainty
        low, high = uncertainty.interval(probability, intervals.spread(members) / too_wide)
        return Prediction(probability, low, high, members, too_wide, uncertainty, slope)


class Classifiers:
    """The trained models of all targets: `models[target].predict(models.matrix(...))`.

    embedding_width: D.
    """

    def __init__(self, models: dict[str, Model], width: int) -> None:
        self._models = models
        self.embedding_width = width

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self._models)

    def __getitem__(self, target: str) -> Model:
        return self._models[target]

    def matrix(
        self,
        embeddings: np.ndarray,
        campaign_types: Sequence[str],
        industries: Sequence[str],
        vehicle_types: Sequence[str | None] | None = None,
    ) -> np.ndarray:
        """float32 (N, D) embeddings and N contexts -> features, float32 (N, F), for any target.

        vehicle_types: where they are known; None, for a row or for all, is unknown.
        Raises BundleError when the embedding has another width than the models were trained on.
        """
        if embeddings.shape[1] != self.embedding_width:
            raise BundleError(
                f"the classifiers expect {self.embedding_width} embedding columns, "
                f"got {embeddings.shape[1]}"
            )
        return features.assemble(embeddings, campaign_types, industries, vehicle_types)


def save(trained: dict[str, Trained], width: int, folder: str) -> None:
    """Write boosters and their index to a folder."""
    index: dict[str, Any] = {"embedding_width": width, "targets": {}}
    for target, model in trained.items():
        for number, booster in enumerate(model.boosters):
            storage.write_bytes(_booster_file(folder, target, number), booster)
        index["targets"][target] = {
            "calibration": model.calibration.as_json(),
            "calibration_log_losses": model.calibration_log_losses,
            "validation_log_loss": model.log_loss,
            "rounds": model.rounds,
            "boosters": len(model.boosters),
            "members": _save_members(folder, target, model.members),
            "edit_slope": model.edit_slope,
        }
    storage.write_json(storage.join(folder, _INDEX_FILE), index)


def load_trained(folder: str) -> dict[str, Trained]:
    """What `save` wrote, per target; raises BundleError when a part is missing."""
    index = read_index(folder)
    return {
        target: Trained(
            boosters=tuple(
                _read(_booster_file(folder, target, n)) for n in range(entry["boosters"])
            ),
            calibration=calibration.from_json(entry["calibration"]),
            log_loss=entry["validation_log_loss"],
            rounds=entry["rounds"],
            calibration_log_losses=entry["calibration_log_losses"],
            members=_load_members(folder, target, entry["members"]),
            edit_slope=entry.get("edit_slope", WHOLE_DIFFERENCE),
        )
        for target, entry in index["targets"].items()
    }


def read_index(folder: str) -> dict[str, Any]:
    """`embedding_width` and per target calibration and validation log-loss."""
    location = storage.join(folder, _INDEX_FILE)
    if not storage.exists(location):
        raise BundleError(f"no classifiers in {folder!r}: {_INDEX_FILE} is missing")
    return json.loads(storage.read_bytes(location))


def load(folder: str, threads: int = 1) -> Classifiers:
    """The classifiers of a folder, ready to predict; raises BundleError when a part is missing."""
    width = read_index(folder)["embedding_width"]
    models = {target: Model(t, threads) for target, t in load_trained(folder).items()}
    expected = width + len(features.CONTEXT_COLUMNS)
    for target, model in models.items():
        if model.num_features != expected:
            raise BundleError(
                f"classifier {target!r} expects {model.num_features} features, got {expected}"
            )
    return Classifiers(models, width)


def _booster_file(folder: str, target: str, number: int) -> str:
    return storage.join(folder, f"{target}.seed-{number:02d}.ubj" if number else f"{target}.ubj")


def _member_file(folder: str, target: str, number: int) -> str:
    return storage.join(folder, f"{target}.member-{number:02d}.ubj")


def _save_members(folder: str, target: str, members: Members | None) -> dict[str, Any] | None:
    if members is None:
        return None
    for number, booster in enumerate(members.boosters):
        storage.write_bytes(_member_file(folder, target, number), booster)
    return {
        "count": len(members.boosters),
        "too_wide": members.too_wide,
        "uncertainty": asdict(members.uncertainty),
    }


def _load_members(folder: str, target: str, entry: dict[str, Any] | None) -> Members | None:
    if entry is None:
        return None
    files = [_member_file(folder, target, number) for number in range(entry["count"])]
    boosters = tuple(_read(file) for file in files)
    return Members(boosters, entry["too_wide"], Uncertainty(**entry["uncertainty"]))


def _read(location: str) -> bytes:
    if not storage.exists(location):
        raise BundleError(f"classifier file {location!r} is missing")
    return storage.read_bytes(location)


def _load(file: bytes, threads: int) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": threads})
    booster.load_model(bytearray(file))
    return booster
