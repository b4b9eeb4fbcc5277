"""Embeddings of the latest uploads: who switches the target asks about the same picture again."""

from collections import OrderedDict
from dataclasses import replace

from emailimg.predict import Embedded
from serve_app.versions import BundleRef


class EmbeddingCache:
    """Least recently used first out; a picture is known by the hash of its bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[tuple[BundleRef, str], Embedded] = OrderedDict()

    def get(self, ref: BundleRef, image_id: str, edits: int) -> Embedded | None:
        """What is known of a picture with so many edits: all of the edits, or none."""
        embedded = self._held.get((ref, image_id))
        if embedded is None or len(embedded.embeddings) < 1 + edits:
            return None
        self._held.move_to_end((ref, image_id))
        return embedded

    def put(self, ref: BundleRef, image_id: str, embedded: Embedded) -> None:
        known = self._held.get((ref, image_id))
        if known is None or len(known.embeddings) <= len(embedded.embeddings):
            # Copies: rows of a batch would keep the whole batch in memory.
            self._held[ref, image_id] = replace(
                embedded, embeddings=embedded.embeddings.copy(), pooled=embedded.pooled.copy()
            )
        if len(self._held) > self._most:
            self._held.popitem(last=False)
