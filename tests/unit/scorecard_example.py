"""A scorecard as the pipeline writes it, with pictures, made up but plausible."""

from typing import Any

import cv2
import numpy as np

from emailimg import taxonomy
from emailimg.answers import Contribution, Explanation, HeatMap, Score
from emailimg.report import Candidate, Demonstration, GalleryItem, Mistake
from emailimg.scorecard.breakdown import CONTEXTS

CLASS_PARAMETERS: dict[str, dict[str, float | int | str]] = {
    "rotate": {"angle_deg": -17.25, "scale": 1.0},
    "brighter": {"brightness": 0.31},
    "darker": {"brightness": -0.27},
    "blur": {"kernel_px": 5},
    "shift_scale": {"shift_x": 0.06, "shift_y": -0.02, "scale": 1.12},
}


def scorecard(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "version": "0.1.0",
        "created": "2026-03-02T09:41:07+00:00",
        "bundle": "ab12c9f07e55",
        "hardware": {
            "cpus": 2,
            "gpus": 0,
            "memory_gib": 24,
            "machine": "x86_64",
            "python": "3.11.7",
            "ray": "2.60.0",
        },
        "stages": [
            {"name": name, "seconds": seconds}
            for name, seconds in (
                ("catalogue", 12.3),
                ("examples", 31.8),
                ("encoder", 268.4),
                ("embeddings", 14.2),
                ("classifiers", 22.9),
                ("scorecard", 9.1),
                ("bundle", 0.6),
            )
        ],
        "config": {
            "source": {"images": None, "table": None, "showroom_images": 1500},
            "augment": {"copies": 1, "block_weights": {"flip": 2.0, "noise": 1.0}, "seed": 0},
            "encoder": {"arch": "resnet18", "learning_rate": 0.05, "use_gpu": False},
            "search": {"trials": 24, "targets": []},
        },
        "data": data(),
        "attributes": {
            "augmentation_class": attribute(rng, taxonomy.AUGMENTATION_CLASSES, 600, 0.5, 0.9),
            "vehicle_type": attribute(rng, taxonomy.VEHICLE_TYPES, 600, 0.12, 0.8),
        },
        "history": [epoch(rng, number) for number in range(1, 11)],
        "targets": {
            "open_rate": target(rng, "augmentation", 0.31, 0.86),
            "click_to_open_rate": target(rng, "augmentation", 0.29, 0.81),
            "revenue_per_email": target(rng, "vehicle_type", 0.36, 0.68),
            "conversion_rate": target(rng, "vehicle_type", 0.34, 0.63),
        },
        "learning": {name: curve() for name in ("open_rate", "revenue_per_email")},
        "search": search(rng),
        "alarms": [],
    }


def data() -> dict[str, Any]:
    counts = dict.fromkeys(taxonomy.AUGMENTATION_CLASSES, 100)
    counts.update(original=1500, brighter=128, rotate=91, hue_saturation_value=112)
    return {
        "source_images": 1500,
        "examples": 3000,
        "notes": [
            "table campaigns.csv, 1,500 rows:",
            "  relative_im_path   -> file name",
            "  opens of delivered -> open_rate (k of n)",
            "  notes <of> mary    -> not used",
        ],
        "split": {"train": 1950, "validation": 450, "test": 600},
        "rejects": [
            {
                "source_uri": "s3://campaigns/2024/spring/hero_0412_final_v3_cropped.jpg",
                "reason": "truncated",
                "message": "the image is truncated or corrupt (image file is truncated)",
            },
            {
                "source_uri": "s3://campaigns/2024/spring/tracking-pixel.gif",
                "reason": "too_small",
                "message": "1 x 1 pixels; each side must have at least 16",
            },
        ],
        "duplicates": 3,
        "class_counts": counts,
    }


def attribute(
    rng: np.random.Generator,
    classes: tuple[str, ...],
    rows: int,
    first_share: float,
    accuracy: float,
) -> dict[str, Any]:
    """A confusion matrix whose mistakes fall mostly on the neighbouring classes."""
    size = len(classes)
    shares = np.full(size, (1 - first_share) / (size - 1))
    shares[0] = first_share
    confusion = np.zeros((size, size), int)
    for row, total in enumerate(rng.multinomial(rows, shares)):
        distance = np.abs(np.arange(size) - row)
        mistakes = np.where(distance > 0, 0.35**distance, 0.0)
        chances = (1 - accuracy) * mistakes / mistakes.sum()
        chances[row] = accuracy
        confusion[row] = rng.multinomial(total, chances)
    totals = confusion.sum(axis=1)
    right = float(np.trace(confusion)) / rows
    return {
        "classes": list(classes),
        "accuracy": right,
        "standard_error": float(np.sqrt(right * (1 - right) / rows)),
        "majority_accuracy": float(totals.max() / rows),
        "rows": rows,
        "confusion": confusion.tolist(),
        "recall": [
            float(confusion[i, i] / total) if total else None for i, total in enumerate(totals)
        ],
    }


def explained(attribute: dict[str, Any]) -> dict[str, Any]:
    """Of the augmentation's attribute, why its mistakes were made: a third could not be helped."""
    confusion = np.array(attribute["confusion"])
    wrong = confusion - np.diag(np.diag(confusion))
    per_class = wrong.sum(axis=1)
    helpless = per_class // 3
    rows, mistakes, unavoidable = (int(n.sum()) for n in (confusion, per_class, helpless))
    return {
        "rows": rows,
        "mistakes": mistakes,
        "unavoidable": unavoidable,
        "avoidable": mistakes - unavoidable,
        "reasons": {"same_picture": unavoidable, "either_way": 0},
        "accuracy": 1 - mistakes / rows,
        "forgiven": 1 - (mistakes - unavoidable) / rows,
        "ceiling": 1 - unavoidable / rows,
        "tolerance": 1.0,
        "by_class": [
            {
                "class": name,
                "rows": int(confusion[row].sum()),
                "mistakes": int(per_class[row]),
                "unavoidable": int(helpless[row]),
                "avoidable": int(per_class[row] - helpless[row]),
            }
            for row, name in enumerate(attribute["classes"])
        ],
        "twins": [
            {
                "technique": "horizontal_flip",
                "rows": [30, 28],
                "mistakes": 3,
                "encoder": {"right": 0.95, "standard_error": 0.03},
                "probe": None,
                "told_apart": True,
            }
        ],
        "confusions": [],
    }


def mistakes() -> list[Mistake]:
    return [
        Mistake(
            true=true,
            said=said,
            mistakes=5,
            unavoidable=unavoidable,
            reason=reason,
            difference=0.4,
            image=car(3),
            original=car(4),
        )
        for true, said, unavoidable, reason in (
            ("median_blur", "original", 3, "same_picture"),
            ("original", "horizontal_flip", 0, "avoidable"),
        )
    ]


def epoch(rng: np.random.Generator, number: int) -> dict[str, float]:
    progress = 1 - np.exp(-number / 3)
    noise = rng.normal(0, 0.012, 4)
    return {
        "epoch": number,
        "train_loss": 2.1 - 1.85 * progress + noise[0],
        "train_accuracy": 0.5 + 0.46 * progress + noise[1],
        "validation_loss": 2.0 - 1.62 * progress + 3 * noise[2],
        "validation_accuracy": 0.5 + 0.42 * progress + noise[3],
        "learning_rate": 0.05 * (1 - number / 11),
        "seconds": 26.0,
        "images_per_s": 75.0,
    }


def target(rng: np.random.Generator, rule: str, base_rate: float, reach: float) -> dict[str, Any]:
    base = -(base_rate * np.log(base_rate) + (1 - base_rate) * np.log(1 - base_rate))
    oracle = base - 0.115
    return {
        "rule": rule,
        "rows": 600,
        "trials": 12000,
        "base_rate": base_rate,
        "mean_amount": 41.5 if rule == "vehicle_type" else None,
        "log_loss": {"base": base, "oracle": oracle, "ours": base - reach * (base - oracle)},
        "brier": {"base": 0.214, "oracle": 0.171, "ours": 0.214 - reach * 0.043},
        "accuracy": {"base": 1 - base_rate, "oracle": 0.781, "ours": 0.781 - 0.06 * (1 - reach)},
        "auc": {"oracle": 0.768, "ours": 0.768 - 0.1 * (1 - reach)},
        "reach": reach,
        "reach_interval": [reach - 0.055, reach + 0.045],
        "calibration": {
            "bins": bins(rng),
            "error": 0.021,
            "oracle_error": 0.008,
            "oracle_band": [0.006, 0.013],
        },
        "type_known": 0.99 if rule == "vehicle_type" else reach,
        "interval": {"level": 0.9, "mean_width": 0.14, "coverage": 0.91},
        "edit_slope": 0.87,
        "contexts": {column: groups(rng, names, base_rate) for column, names in CONTEXTS.items()},
    }


def curve() -> dict[str, list[dict[str, Any]]]:
    def point(rows: int, trials: int) -> dict[str, Any]:
        reach = 0.9 - 3 / np.sqrt(rows * trials / 20)
        loss = 0.6 - 0.1 * reach
        return {"rows": rows, "trials_per_row": trials, "reach": reach, "log_loss": loss}

    return {
        "rows": [point(rows, 20) for rows in (170, 330, 660, 1330, 2660)],
        "trials": [point(2660, trials) for trials in (1, 2, 5, 10, 20)],
    }


def groups(
    rng: np.random.Generator, names: tuple[str, ...], base_rate: float
) -> list[dict[str, Any]]:
    rows = []
    for name in names:
        predicted = float(np.clip(base_rate + rng.normal(0, 0.08), 0.02, 0.98))
        rows.append(
            {
                "name": name,
                "rows": 40,
                "trials": 800,
                "observed": predicted + float(rng.normal(0, 0.015)),
                "predicted": predicted,
                "standard_error": 0.016,
                "log_loss": 0.55,
                "reach": float(rng.uniform(0.6, 0.98)),
            }
        )
    return rows


def bins(rng: np.random.Generator) -> list[dict[str, float]]:
    rows = []
    for predicted in np.linspace(0.14, 0.83, 9).tolist():
        observed = predicted + float(rng.normal(0, 0.018))
        width = 0.02 + 0.05 * float(np.sin(np.pi * predicted))
        rows.append(
            {
                "predicted": predicted,
                "observed": observed,
                "low": observed - width,
                "high": observed + width,
                "trials": int(rng.integers(300, 3000)),
            }
        )
    return rows


def search(rng: np.random.Generator) -> dict[str, Any]:
    objectives: list[float | None] = (0.53 + rng.gamma(1.2, 0.012, 24) - 0.008).tolist()
    objectives[7] = None
    finished = [value for value in objectives if value is not None]
    best_params = {"max_depth": 3, "learning_rate": 0.0713, "subsample": 0.84, "rounds": 240}
    return {
        "objective": "mean validation log-loss",
        "baseline": 0.541,
        "best": min(finished),
        "best_params": best_params,
        "trials": [
            {
                "number": number,
                "objective": value,
                "seconds": float(rng.uniform(2, 9)),
                "params": best_params | {"learning_rate": float(rng.uniform(0.01, 0.3))},
            }
            for number, value in enumerate(objectives)
        ],
    }


def car(seed: int, width: int = 320, height: int = 240) -> np.ndarray:
    """uint8 (height, width, 3): a simple car on a plain backdrop."""
    rng = np.random.default_rng(seed)
    top, floor, paint = rng.integers(60, 230, (3, 3))
    blend = np.linspace(0, 1, height)[:, None, None]
    image = np.broadcast_to((1 - blend) * top + blend * floor, (height, width, 3)).astype(np.uint8)
    image = np.ascontiguousarray(image)
    x, y = width // 8, int(height * 0.5)
    colour, tyre = tuple(paint.tolist()), (28, 28, 32)
    cv2.rectangle(image, (x, y), (width - x, y + height // 5), colour, -1)
    roof = np.array([[2 * x, y], [3 * x, y - height // 6], [5 * x, y - height // 6], [6 * x, y]])
    cv2.fillPoly(image, [roof.astype(np.int32)], colour)
    for wheel in (2 * x, 6 * x):
        cv2.circle(image, (wheel, y + height // 5), height // 12, tyre, -1)
    return image


def gallery() -> list[GalleryItem]:
    return [
        GalleryItem(
            augmentation_class=name,
            parameters=CLASS_PARAMETERS.get(name, {}),
            image=car(index),
        )
        for index, name in enumerate(taxonomy.AUGMENTATION_CLASSES)
    ]


def demonstrations() -> list[Demonstration]:
    return [
        demonstration("open_rate", "Promotional", 0.31, 0.28, (320, 240)),
        demonstration("conversion_rate", "Product Announcement", 0.58, None, (200, 320)),
        demonstration("unsubscribe_rate", "Newsletter", 0.22, 0.2, (320, 200)),
    ]


def demonstration(
    target: str,
    campaign_type: str,
    probability: float,
    true_probability: float | None,
    size: tuple[int, int],
) -> Demonstration:
    lower = target in taxonomy.LOWER_IS_BETTER
    return Demonstration(
        image=car(20, *size),
        title="Family saloon, showroom 0020",
        target=target,
        campaign_type=campaign_type,
        industry="Automotive",
        probability=probability,
        true_probability=true_probability,
        lower_is_better=lower,
        edits=[
            candidate(name, detail, probability, gain, lower, 20, size)
            for name, detail, gain in (
                ("Brighter", "brightness +30%", 0.374 if not lower else 0.14),
                ("Rotated", "by 12°", 0.352 if not lower else 0.09),
                ("Sharper", "amount 0.4", 0.012),
                ("Darker", "brightness -20%", -0.041),
            )
        ],
        alternates=[
            candidate(
                f"Showroom {100 + number:04d}", "SUV, 2012", probability, gain, lower, number, size
            )
            for number, gain in enumerate((0.395, 0.381, 0.22, 0.18, 0.031, 0.004))
            if not lower or gain < probability
        ],
        explanation=explanation(target, campaign_type, probability, size),
    )


def explanation(
    target: str, campaign_type: str, probability: float, size: tuple[int, int]
) -> Explanation:
    width, height = size
    seen = {"augmentation_class": "brighter", "vehicle_type": "SUV"}
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    heat = np.exp(-4 * ((x - 0.3) ** 2 + y**2)).astype(np.float32)
    contributions = [
        Contribution("augmentation_class", "attribute", "brighter", -0.62),
        Contribution("vehicle_type", "attribute", "SUV", 0.18),
        Contribution("campaign_type", "context", campaign_type, 0.4),
        Contribution("industry", "context", "Automotive", -0.05),
        Contribution("calibration", "calibration", None, 0.02),
    ]
    return Explanation(
        score=Score(
            image_id="ab12",
            target=target,
            campaign_type=campaign_type,
            industry="Automotive",
            vehicle_type=None,
            probabilities={target: probability},
            intervals={target: (probability - 0.05, probability + 0.07)},
            attributes_seen=seen,
        ),
        base_log_odds=-0.73,
        contributions=contributions,
        image=car(20, *size),
        heat_map=HeatMap("augmentation_class", "brighter", heat),
    )


def candidate(
    title: str,
    detail: str,
    before: float,
    gain: float,
    lower_is_better: bool,
    seed: int,
    size: tuple[int, int],
) -> Candidate:
    after = before - gain if lower_is_better else before + gain
    return Candidate(
        title=title, detail=detail, probability=after, gain=gain, image=car(seed, *size)
    )
