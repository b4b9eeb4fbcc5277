"""The domain: versions of pictures like the catalogue's are inside, others are outside."""

import numpy as np
import pytest

from emailimg import domain
from emailimg.domain import Domain
from emailimg.errors import BundleError

WIDTH = 24
# Class -> which features are high, and how far they spread. What is strange has others.
CLASSES = {"original": (0, 0.05), "blur": (4, 0.05), "emboss": (8, 0.2)}
STRANGE = 14


def features(count: int, seed: int, centre: int, spread: float = 0.05) -> np.ndarray:
    """Features, 0 or more, of which a few are high."""
    rng = np.random.default_rng([seed, centre])
    pooled = rng.exponential(0.1, (count, WIDTH))
    pooled[:, centre : centre + 3] += 1 + rng.normal(0, spread, (count, 3))
    return pooled.clip(0).astype(np.float32)


def side(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Half originals, half edited ones, and the class of each."""
    shares = {"original": count // 2, "blur": count // 4, "emboss": count // 4}
    parts = [features(n, seed, *CLASSES[name]) for name, n in shares.items()]
    return np.concatenate(parts), [name for name, n in shares.items() for _ in range(n)]


@pytest.fixture(scope="module")
def fitted() -> Domain:
    return domain.fit(*side(600, 0), *side(300, 1))


def test_held_out_pictures_are_inside_edited_or_not(fitted: Domain) -> None:
    assert (fitted.distances(side(300, 1)[0]) > 1).mean() <= 0.01, "which set the threshold"
    for name, (centre, spread) in CLASSES.items():
        outside = fitted.distances(features(500, 2, centre, spread)) > 1
        assert outside.mean() < 0.06, name


def test_strange_pictures_are_outside(fitted: Domain) -> None:
    assert (fitted.distances(features(200, 3, STRANGE)) > 1).all()
    assert fitted.distance(np.ones(WIDTH, np.float32)) > 1
    assert fitted.distance(np.zeros(WIDTH, np.float32)) > 1


def test_the_further_the_greater(fitted: Domain) -> None:
    inside, outside = features(50, 4, 0), features(50, 4, STRANGE)
    way = [fitted.distances(inside + share * (outside - inside)) for share in (0, 0.3, 0.6, 1)]
    assert (np.diff(np.mean(way, axis=1)) > 0).all()


def test_what_is_unusual_for_a_class_is_outside_though_another_spreads_wider(
    fitted: Domain,
) -> None:
    near_original = features(200, 5, 0) + 0.5 * features(200, 6, STRANGE)
    assert (fitted.distances(near_original) > 1).mean() > 0.9


def test_how_strong_the_features_are_does_not_matter(fitted: Domain) -> None:
    pooled = features(20, 5, 0)
    np.testing.assert_allclose(fitted.distances(3 * pooled), fitted.distances(pooled), rtol=1e-3)


def test_rare_classes_are_taken_together() -> None:
    """As where several techniques make every version a class of its own."""

    def rare(count: int, seed: int) -> tuple[np.ndarray, list[str]]:
        pooled, classes = side(count, seed)
        return pooled, [c if c == "original" else f"{c} {i}" for i, c in enumerate(classes)]

    found = domain.fit(*rare(600, 0), *rare(300, 1))
    assert len(found.centres) == 2
    assert (found.distances(side(300, 2)[0]) > 1).mean() < 0.06
    assert (found.distances(features(200, 3, STRANGE)) > 1).all()


def test_a_handful_of_images_is_enough() -> None:
    few = features(3, 0, 0), ["original"] * 3
    found = domain.fit(*few, features(2, 1, 0), ["original", "blur"])
    assert (found.distances(features(2, 1, 0)) <= 1).all()
    assert (found.distances(features(5, 2, STRANGE)) > 1).all()


def test_of_many_images_some_are_enough(fitted: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "_MOST_TRAINING", 150)
    found = domain.fit(*side(600, 0), *side(300, 1))
    pooled = side(300, 2)[0]
    assert np.abs(found.distances(pooled) / fitted.distances(pooled) - 1).mean() < 0.2


def test_it_comes_back_from_its_bytes(fitted: Domain) -> None:
    again = Domain.from_bytes(fitted.to_bytes())
    pooled = features(20, 6, 0)
    np.testing.assert_array_equal(again.distances(pooled), fitted.distances(pooled))


@pytest.mark.parametrize("data", [b"", b"{}", b"not a tensor at all", b"\x02\0\0\0\0\0\0\0{}"])
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match="domain is damaged"):
        Domain.from_bytes(data)


def test_features_of_another_width_are_refused(fitted: Domain) -> None:
    with pytest.raises(BundleError, match=f"expects {WIDTH} pooled features, got 5"):
        fitted.distances(np.ones((1, 5), np.float32))
