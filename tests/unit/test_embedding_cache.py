"""The cache of embeddings: what it gives back, and how much it keeps."""

import numpy as np

from emailimg.predict import Embedded
from serve_app.embedding_cache import EmbeddingCache
from serve_app.versions import BundleRef

REF, LATER = BundleRef("bundle", "1"), BundleRef("bundle", "2")


def embedded(rows: int, level: float = 0.0) -> Embedded:
    embeddings = np.full((rows, 4), level, np.float32)
    return Embedded(embeddings, embeddings[0], {"vehicle_type": "SUV"})


def test_it_gives_all_the_edits_or_nothing():
    cache = EmbeddingCache(4)
    assert cache.get(REF, "a", 0) is None
    cache.put(REF, "a", embedded(1))
    assert cache.get(REF, "a", 3) is None
    cache.put(REF, "a", embedded(4, 0.5))
    for edits in (0, 3):
        found = cache.get(REF, "a", edits)
        assert found is not None
        assert len(found.embeddings) == 4
        assert found.attributes_seen == {"vehicle_type": "SUV"}
    cache.put(REF, "a", embedded(1))  # of a request that began before
    assert cache.get(REF, "a", 3) is not None


def test_another_bundle_knows_nothing_of_it():
    cache = EmbeddingCache(4)
    cache.put(REF, "a", embedded(1))
    assert cache.get(LATER, "a", 0) is None


def test_the_least_recently_used_goes_first():
    cache = EmbeddingCache(2)
    for name in "ab":
        cache.put(REF, name, embedded(1))
    assert cache.get(REF, "a", 0) is not None
    cache.put(REF, "c", embedded(1))
    assert [cache.get(REF, name, 0) is not None for name in "abc"] == [True, False, True]


def test_of_size_zero_it_keeps_nothing():
    cache = EmbeddingCache(0)
    cache.put(REF, "a", embedded(1))
    assert cache.get(REF, "a", 0) is None


def test_rows_of_a_batch_do_not_keep_the_batch():
    batch = np.arange(400, dtype=np.float32).reshape(100, 4)
    cache = EmbeddingCache(2)
    cache.put(REF, "a", Embedded(batch[8:9], batch[8], {}))
    found = cache.get(REF, "a", 0)
    assert found is not None
    assert found.embeddings.base is None
    assert found.pooled.base is None
    np.testing.assert_array_equal(found.embeddings, batch[8:9])
