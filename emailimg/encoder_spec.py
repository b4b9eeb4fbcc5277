"""The description of an encoder, without the encoder: reading it takes no torch."""

import json
from dataclasses import asdict, dataclass

from emailimg import storage
from emailimg.errors import ConfigError

SPEC_FILE = "encoder.json"


@dataclass(frozen=True)
class EncoderSpec:
    """What it takes to rebuild an encoder: architecture, input side, and each head's classes.

    heads: attribute -> class names in logit order; of the first one, what was done to the image.
    multi_label: heads of which any number of classes may hold at once, each a yes or no.
    """

    arch: str
    model_size_px: int
    heads: dict[str, tuple[str, ...]]
    multi_label: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, text: bytes | str) -> "EncoderSpec":
        fields = json.loads(text)
        heads = {name: tuple(classes) for name, classes in fields["heads"].items()}
        multi_label = tuple(fields.get("multi_label", ()))
        return cls(fields["arch"], fields["model_size_px"], heads, multi_label)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @property
    def augmentation_head(self) -> str:
        """The head that names what was done to the image."""
        return next(iter(self.heads))

    def embedding_width(self, kind: str) -> int:
        """D of `logits` or `pooled` embeddings."""
        if kind == "logits":
            return len(self.logit_names)
        return 512 if self.arch in ("resnet18", "resnet34") else 2048

    def column_names(self, kind: str) -> list[str]:
        """`what: which` for every column of `logits` or `pooled` embeddings."""
        if kind == "logits":
            return self.logit_names
        return [f"image: {position}" for position in range(self.embedding_width(kind))]

    @property
    def logit_names(self) -> list[str]:
        """`attribute: class` for every column of the concatenated logits."""
        return [f"{head}: {name}" for head, classes in self.heads.items() for name in classes]

    def lasting_columns(self, kind: str) -> list[int]:
        """Columns of an embedding that tell what no edit of a picture changes, such as its vehicle.

        Of `pooled` features none is known to.
        """
        edited = f"{self.augmentation_head}: "
        names = self.column_names(kind) if kind == "logits" else []
        return [column for column, name in enumerate(names) if not name.startswith(edited)]

    def place_of(self, head: str, class_name: str) -> int:
        """Position of a class among its attribute's; raises ConfigError for one of neither."""
        classes = self.heads.get(head, ())
        if class_name not in classes:
            known = f"classes of {head}" if classes else "attributes"
            raise ConfigError(
                f"the encoder knows no {head} {class_name!r}; accepted {known}: "
                f"{', '.join(classes or self.heads)}"
            )
        return classes.index(class_name)


def read_spec(folder: str) -> EncoderSpec:
    """The description of the encoder in a folder, local or s3://."""
    return EncoderSpec.from_json(storage.read_bytes(storage.join(folder, SPEC_FILE)))
