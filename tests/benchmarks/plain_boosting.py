"""The classifiers stage as people write it without Ray: pandas, XGBoost, one process."""

import numpy as np
import pandas as pd
import xgboost

from emailimg import boosting, features, metrics, splits
from emailimg.calibration import fit_calibration
from emailimg.config import ClassifierConfig

from .boosting_data import TARGET, WIDTH
from .job import Job


def train(job: Job, settings: ClassifierConfig) -> dict[str, str]:
    """Train with the job's threads, calibrate, evaluate; the log-loss and number of rounds."""
    rows = _matrix(_read(job, "train"), job.workers)
    observed = _read(job, "validation")
    booster = xgboost.train(
        boosting.parameters(settings) | {"nthread": job.workers},
        rows,
        num_boost_round=settings.rounds,
        evals=[(_matrix(observed, job.workers), "validation")],
        early_stopping_rounds=settings.early_stopping_rounds,
        verbose_eval=False,
    )
    best = booster[: booster.best_iteration + 1]
    raw = best.inplace_predict(observed[features.feature_columns(WIDTH)].to_numpy(np.float32))
    successes, trials = (observed[f"{TARGET}_{part}"].to_numpy() for part in "kn")
    calibrated = fit_calibration(raw, successes, trials).calibration.apply(raw)
    loss = metrics.log_loss(calibrated, successes, trials)
    return {"log_loss": f"{loss:.6f}", "rounds": str(best.num_boosted_rounds())}


def _read(job: Job, split: splits.Split) -> pd.DataFrame:
    others = [f"{TARGET}_{name}" for name in ("k", "n", "rate", "weight")]
    return pd.read_parquet(
        splits.folder(str(job.data), split),
        columns=[*features.feature_columns(WIDTH), *others],
        filters=[(f"{TARGET}_weight", ">", 0)],
    )


def _matrix(rows: pd.DataFrame, threads: int) -> xgboost.DMatrix:
    return xgboost.DMatrix(
        rows[features.feature_columns(WIDTH)],
        label=rows[f"{TARGET}_rate"],
        weight=rows[f"{TARGET}_weight"],
        nthread=threads,
    )
