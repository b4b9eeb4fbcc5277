"""What one contender is asked to do; goes to its process as JSON."""

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """The same images, sizes and number of workers for every contender.

    images: folder of JPEG files; None: the built-in showroom of `count` scenes.
    """

    images: str | None
    count: int
    output: str  # folder that is written; it is empty
    preset: str
    working_size_px: int
    model_size_px: int
    workers: int

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        return cls(**json.loads(text))
