"""What is asked of a catalogue: which images, which questions, which bundle, and where to."""

from dataclasses import asdict, dataclass
from typing import Any

from emailimg import storage, taxonomy
from emailimg.config import Config, SourceConfig
from emailimg.errors import ConfigError
from emailimg.question import Question, parse_questions

_FILE = "request.json"
_LIST = "list.parquet"
_ALL = "all"


@dataclass(frozen=True)
class Request:
    """One scoring of one catalogue.

    source: of image files; catalogue: the catalogue stage's folder, instead. vehicle_type: of the
    images whose own is not known; config: the bundle's, with this run's shares; shard_images: at
    most, in a shard.
    """

    bundle: str
    bundle_version: str
    source: SourceConfig | None
    catalogue: str | None
    questions: tuple[Question, ...]
    vehicle_type: str | None
    out: str
    config: Config
    shard_images: int

    @property
    def list_location(self) -> str:
        return storage.join(self.out, _LIST)

    def path(self, *names: str) -> str:
        return storage.join(self.out, *names)

    def as_json(self) -> dict[str, Any]:
        """What decides the scores, and nothing of how they are computed."""
        return {
            "bundle version": self.bundle_version,
            "source": None if self.source is None else self.source.model_dump(mode="json"),
            "catalogue": self.catalogue,
            "vehicle type": self.vehicle_type,
            "questions": [asdict(question) for question in self.questions],
        }


def questions(
    known: tuple[str, ...],
    targets: list[str],
    campaign_types: list[str],
    industries: list[str],
) -> tuple[Question, ...]:
    """Every target in every campaign type and industry, each once; `all` stands for all.

    known: the targets that the bundle has. Raises TaxonomyError listing what is accepted.
    """
    contexts = [
        (campaign_type, industry)
        for campaign_type in _every(campaign_types, taxonomy.CAMPAIGN_TYPES)
        for industry in _every(industries, taxonomy.INDUSTRIES)
    ]
    asked = [
        question
        for context in contexts
        for target in targets
        for question in parse_questions(known, target, *context)
    ]
    return tuple(dict.fromkeys(asked))


def _every(names: list[str], accepted: tuple[str, ...]) -> list[str]:
    return list(accepted) if _ALL in map(taxonomy.normalise, names) else names


def is_begun(request: Request) -> bool:
    """Whether this request is at work in its folder already.

    Raises ConfigError where the folder holds another request's scores, or other files.
    """
    path = request.path(_FILE)
    if storage.exists(path):
        _refuse_other(request, storage.read_json(path))
        return True
    listed = request.list_location
    if any(file != listed for file in storage.list_files(request.out)):
        raise ConfigError(
            f"{request.out!r} holds files that no scoring wrote; choose another folder for --out"
        )
    return False


def note(request: Request) -> None:
    """Say in the folder what was asked; the list of images is there by now."""
    storage.write_json(request.path(_FILE), request.as_json())


def _refuse_other(request: Request, before: dict[str, Any]) -> None:
    now = request.as_json()
    different = [name for name in now if now[name] != before.get(name)]
    if different:
        said = "; ".join(
            f"{name} {_shown(before.get(name))}, now {_shown(now[name])}" for name in different
        )
        raise ConfigError(
            f"{request.out!r} holds the scores of another request ({said}); choose another folder "
            "for --out, or give the command that began this one"
        )


def _shown(value: Any) -> str:
    """A part of a request in a few words."""
    if isinstance(value, list):
        first = value[0]
        more = f" and {len(value) - 1} more" if len(value) > 1 else ""
        return f"{first['target']} / {first['campaign_type']} / {first['industry']}{more}"
    if isinstance(value, dict):
        return repr(value.get("images") or value.get("stanford_cars"))
    return repr(value)
