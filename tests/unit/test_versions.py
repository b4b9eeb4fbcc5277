"""Versions: draws that repeat themselves, in both modes, and records that come back as written."""

import hashlib
from collections import Counter

import pytest

from emailimg import taxonomy, versions
from emailimg.config import AugmentConfig
from emailimg.techniques import TECHNIQUES
from emailimg.versions import Step

IDS = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(3000)]
MODES = [AugmentConfig(copies=5), AugmentConfig(copies=5, mode="composed")]


def techniques_of(config: AugmentConfig, image_id: str) -> list[str]:
    return [step.technique for step in versions.draw(config, image_id, 1)]


@pytest.mark.parametrize("config", MODES, ids=lambda config: config.mode)
def test_version_zero_is_the_original(config: AugmentConfig) -> None:
    assert versions.draw(config, IDS[0], 0) == ()


@pytest.mark.parametrize("config", MODES, ids=lambda config: config.mode)
def test_a_draw_depends_on_seed_id_and_version_alone(config: AugmentConfig) -> None:
    draws = {(i, v): versions.draw(config, IDS[i], v) for i in range(20) for v in (1, 2)}
    backwards = {key: versions.draw(config, IDS[key[0]], key[1]) for key in reversed(draws)}
    assert backwards == draws
    assert len({str(draw) for draw in draws.values()}) > 20, "images and versions differ"
    fewer_copies = config.model_copy(update={"copies": 1})
    assert versions.draw(fewer_copies, IDS[3], 1) == draws[3, 1]
    reseeded = config.model_copy(update={"seed": 1})
    other_seed = [versions.draw(reseeded, IDS[i], 1) for i in range(20)]
    assert other_seed != [draws[i, 1] for i in range(20)]


def test_a_draw_does_not_depend_on_the_order_of_the_weights() -> None:
    weights = AugmentConfig().block_weights
    turned = AugmentConfig(block_weights=dict(reversed(weights.items())))
    for image_id in IDS[:50]:
        draws = [versions.draw(config, image_id, 1) for config in (AugmentConfig(), turned)]
        assert draws[0] == draws[1]


def test_classes_are_as_frequent_as_the_weights_say() -> None:
    counts = Counter(techniques_of(AugmentConfig(), image_id)[0] for image_id in IDS)
    assert set(counts) == set(TECHNIQUES)
    share = 1 / len(TECHNIQUES)
    error = (share * (1 - share) / len(IDS)) ** 0.5
    for technique, count in counts.items():
        assert count / len(IDS) == pytest.approx(share, abs=4.5 * error), technique


def test_block_weights_are_relative_odds_of_blocks() -> None:
    config = AugmentConfig(block_weights={"flip": 1.0, "light": 3.0})
    counts = Counter(techniques_of(config, image_id)[0] for image_id in IDS)
    flips = sum(counts[name] for name in taxonomy.AUGMENTATION_BLOCKS["flip"])
    lights = sum(counts[name] for name in taxonomy.AUGMENTATION_BLOCKS["light"])
    assert flips + lights == len(IDS)
    assert flips / len(IDS) == pytest.approx(0.25, abs=0.035)
    assert len(counts) == 7


def test_composed_blocks_are_applied_in_order_with_their_probabilities() -> None:
    config = AugmentConfig(mode="composed")
    blocks = list(taxonomy.AUGMENTATION_BLOCKS)
    block_of = {
        name: block for block, names in taxonomy.AUGMENTATION_BLOCKS.items() for name in names
    }
    counts: Counter[str] = Counter()
    for image_id in IDS:
        applied = [block_of[name] for name in techniques_of(config, image_id)]
        assert applied == sorted(set(applied), key=blocks.index), "once each, in Figure 1's order"
        counts.update(applied)
    for block, probability in config.block_probabilities.items():
        error = (probability * (1 - probability) / len(IDS)) ** 0.5
        assert counts[block] / len(IDS) == pytest.approx(probability, abs=4.5 * error), block


def test_a_block_left_out_of_the_config_is_never_applied() -> None:
    config = AugmentConfig(mode="composed", block_probabilities={"flip": 1.0})
    for image_id in IDS[:50]:
        [technique] = techniques_of(config, image_id)
        assert technique in taxonomy.AUGMENTATION_BLOCKS["flip"]


@pytest.mark.parametrize("config", MODES, ids=lambda config: config.mode)
def test_records_come_back_exactly(config: AugmentConfig) -> None:
    for image_id in IDS[:300]:
        steps = versions.draw(config, image_id, 1)
        assert versions.from_json(versions.to_json(steps)) == steps


def test_titles_name_every_technique() -> None:
    steps = (Step("rotate", {"angle_deg": 12.0}), Step("blur", {"extent": 0.05}))
    assert versions.title(()) == "original"
    assert versions.title(steps[:1]) == "rotate"
    assert versions.attributes(steps) == {
        "augmentation_class": "rotate + blur",
        "techniques": ["rotate", "blur"],
    }
