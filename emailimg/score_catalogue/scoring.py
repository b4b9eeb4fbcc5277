"""From the pictures of a shard to its rows of scores, by the steps that answer a single upload.

Columns of the scores, a row per image and question:
  image_id, source_uri           SHA-256 of the encoded bytes, and where the file is
  seen_{attribute}               what the encoder sees, e.g. seen_vehicle_type
  vehicle_type                   as it was told, not as it was seen; null where nobody did
  domain_distance, out_of_domain  see `domain`; null where the bundle does not know
  target, campaign_type, industry
  probability, low, high         and the ends of its 90% interval
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa

from emailimg.boosters import Classifiers, Prediction
from emailimg.embed import Embedder
from emailimg.predict import Embedded, Versions, embed_versions
from emailimg.question import Question
from emailimg.score_catalogue.pictures import Picture


@dataclass(frozen=True)
class Facts:
    """N images of a shard, without their pixels: all that scoring and summary need."""

    source_uris: list[str]
    image_ids: list[str]
    vehicle_types: list[str | None]
    embedded: list[Embedded]

    def __len__(self) -> int:
        return len(self.source_uris)

    @property
    def embeddings(self) -> np.ndarray:
        """float32 (N, D)."""
        return np.concatenate([image.embeddings for image in self.embedded])

    @property
    def out_of_domain(self) -> list[bool | None]:
        distances = [image.domain_distance for image in self.embedded]
        return [None if distance is None else distance > 1 for distance in distances]

    def extend(self, pictures: Sequence[Picture], embedder: Embedder, told: str | None) -> None:
        """Embed more pictures; told: the vehicle type of those whose own is not known."""
        if pictures:
            versions = [Versions(picture.pixels) for picture in pictures]
            self.embedded.extend(embed_versions(embedder, versions))
        for picture in pictures:
            self.source_uris.append(picture.source_uri)
            self.image_ids.append(picture.image_id)
            self.vehicle_types.append(picture.vehicle_type or told)


def predict(
    classifiers: Classifiers, questions: Sequence[Question], facts: Facts
) -> Iterator[tuple[Question, Prediction]]:
    """What every question's answer is for every image; nothing where there are no images."""
    for context, group in groupby(questions, lambda q: (q.campaign_type, q.industry)):
        if not len(facts):
            return
        campaign_types, industries = ([name] * len(facts) for name in context)
        matrix = classifiers.matrix(
            facts.embeddings, campaign_types, industries, facts.vehicle_types
        )
        for question in group:
            yield question, classifiers[question.target].predict(matrix)


def rows(
    facts: Facts, attributes: Sequence[str], found: Sequence[tuple[Question, Prediction]]
) -> pa.Table:
    """The scores of a shard, question by question."""
    count = len(facts)
    table = pa.concat_tables([_images(facts, attributes)] * max(1, len(found)))
    for name in ("target", "campaign_type", "industry"):
        values = pa.array([getattr(question, name) for question, _ in found], pa.string())
        table = table.append_column(name, values.take(np.repeat(np.arange(len(found)), count)))
    for name in ("probability", "low", "high"):
        parts = [getattr(prediction, name) for _, prediction in found]
        column = np.concatenate([np.empty(0), *parts])
        table = table.append_column(name, pa.array(column, pa.float64()))
    return table


def _images(facts: Facts, attributes: Sequence[str]) -> pa.Table:
    columns = {
        "image_id": pa.array(facts.image_ids, pa.string()),
        "source_uri": pa.array(facts.source_uris, pa.string()),
    }
    for name in attributes:
        seen = [image.attributes_seen[name] for image in facts.embedded]
        columns[f"seen_{name}"] = pa.array(seen, pa.string())
    distances = [image.domain_distance for image in facts.embedded]
    columns |= {
        "vehicle_type": pa.array(facts.vehicle_types, pa.string()),
        "domain_distance": pa.array(distances, pa.float64()),
        "out_of_domain": pa.array(facts.out_of_domain, pa.bool_()),
    }
    return pa.table(columns)
