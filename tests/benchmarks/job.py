"""What one contender is asked to do; goes to its process as JSON."""

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """The same images, sizes and number of workers for every contender.

    images: folder of JPEG files; None: the built-in showroom of `count` scenes.
    workers: processes; of a trainer threads of torch, and processes that load files.
    data: of trainers, the folder that `training_data_sets.make` wrote.
    settings: `a.b=c` assignments on top of the preset.
    """

    images: str | None
    count: int
    output: str  # folder that is written; it is empty
    preset: str
    working_size_px: int
    model_size_px: int
    workers: int
    data: str | None = None
    settings: tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        fields = json.loads(text)
        return cls(**fields | {"settings": tuple(fields["settings"])})
