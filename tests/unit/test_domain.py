"""The domain: what lies among the training images is inside, what does not is outside."""

import numpy as np
import pytest

from emailimg import domain
from emailimg.domain import Domain
from emailimg.errors import BundleError

WIDTH = 24


def features(count: int, seed: int, centre: int = 0) -> np.ndarray:
    """Features, 0 or more, of which a few are high: those of the centre."""
    rng = np.random.default_rng(seed)
    pooled = rng.exponential(0.1, (count, WIDTH))
    pooled[:, 3 * centre : 3 * centre + 3] += rng.uniform(0.5, 1.5, (count, 3))
    return pooled.astype(np.float32)


@pytest.fixture(scope="module")
def fitted() -> Domain:
    return domain.fit(features(500, 0), features(200, 1))


def test_images_like_the_catalogues_are_inside(fitted: Domain) -> None:
    assert (fitted.distances(features(200, 1)) > 1).mean() <= 0.01, "which set the threshold"
    assert (fitted.distances(features(1000, 2)) > 1).mean() < 0.04


def test_other_images_are_outside(fitted: Domain) -> None:
    assert (fitted.distances(features(200, 3, centre=1)) > 1).all()
    assert (fitted.distances(np.ones((1, WIDTH), np.float32)) > 1).all()
    assert (fitted.distances(np.zeros((1, WIDTH), np.float32)) > 1).all()


def test_the_further_the_greater(fitted: Domain) -> None:
    inside, outside = features(50, 4), features(50, 4, centre=2)
    way = [fitted.distances(inside + share * (outside - inside)) for share in (0, 0.3, 0.6, 1)]
    assert (np.diff(np.mean(way, axis=1)) > 0).all()


def test_how_strong_the_features_are_does_not_matter(fitted: Domain) -> None:
    pooled = features(20, 5)
    np.testing.assert_allclose(fitted.distances(3 * pooled), fitted.distances(pooled), rtol=1e-4)


def test_it_comes_back_from_its_bytes(fitted: Domain) -> None:
    again = Domain.from_bytes(fitted.to_bytes())
    pooled = features(20, 6)
    np.testing.assert_array_equal(again.distances(pooled), fitted.distances(pooled))


@pytest.mark.parametrize("data", [b"", b"{}", b"not a tensor at all"])
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match="domain is damaged"):
        Domain.from_bytes(data)


def test_features_of_another_width_are_refused(fitted: Domain) -> None:
    with pytest.raises(BundleError, match=f"expects {WIDTH} pooled features, got 5"):
        fitted.distances(np.ones((1, 5), np.float32))


def test_a_handful_of_images_is_enough() -> None:
    fitted = domain.fit(features(3, 0), features(2, 1))
    assert (fitted.distances(features(2, 1)) <= 1).all()
    assert (fitted.distances(features(5, 2, centre=4)) > 1).all()


def test_of_many_images_some_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "_MOST_REFERENCES", 100)
    first, second = (domain.fit(features(500, 0), features(200, 1)) for _ in range(2))
    assert first.references.shape == (100, WIDTH)
    np.testing.assert_array_equal(first.references, second.references)
    assert (first.distances(features(200, 3, centre=1)) > 1).all()
