"""What the ingress knows of the bundle that it serves, without holding a model."""

from dataclasses import dataclass

from emailimg import taxonomy
from emailimg.bundle import Bundle
from emailimg.config import ImageConfig
from emailimg.edits import Edit, candidate_edits
from emailimg.encoder_spec import EncoderSpec
from emailimg.image_formats import FORMATS
from emailimg.question import Question, parse_question, parse_questions
from emailimg.wish_options import MAX_SUGGESTIONS
from serve_app.examples import examples_of
from serve_app.request_bodies import MAX_BATCH_FILES
from serve_app.request_fields import ScoreFields
from serve_app.schemas import BatchLimits, ExampleImage, ImageLimits, ModelAnswer, TargetsAnswer
from serve_app.versions import BundleRef

_BATCH_IMAGES = 4  # of the greatest size; as many files as a batch may have are usually less


@dataclass(frozen=True)
class Served:
    """A bundle as requests see it: what may be asked, and which edits there are."""

    bundle: Bundle
    spec: EncoderSpec
    edits: list[Edit]
    examples: list[ExampleImage]

    @classmethod
    def of(cls, bundle: Bundle) -> "Served":
        edits = candidate_edits(bundle.config.augment)
        return cls(bundle, bundle.encoder_spec(), edits, examples_of(bundle))

    @property
    def ref(self) -> BundleRef:
        return BundleRef(self.bundle.location, self.bundle.version)

    @property
    def limits(self) -> ImageConfig:
        return self.bundle.config.images

    @property
    def max_batch_bytes(self) -> int:
        """Of the images of one batch together."""
        return _BATCH_IMAGES * self.limits.max_bytes

    def question(self, fields: ScoreFields) -> Question:
        """What is asked, about one target; raises TaxonomyError."""
        asked = fields.target, fields.campaign_type, fields.industry, fields.vehicle_type
        return parse_question(self.bundle.config.targets, *asked)

    def questions(self, fields: ScoreFields) -> list[Question]:
        """The same, one for each target where all are meant."""
        asked = fields.target, fields.campaign_type, fields.industry, fields.vehicle_type
        return parse_questions(self.bundle.config.targets, *asked)

    def targets_answer(self) -> TargetsAnswer:
        targets, limits = self.bundle.config.targets, self.limits
        return TargetsAnswer(
            targets=list(targets),
            lower_is_better=sorted(taxonomy.LOWER_IS_BETTER & set(targets)),
            campaign_types=list(taxonomy.CAMPAIGN_TYPES),
            industries=list(taxonomy.INDUSTRIES),
            vehicle_types=list(taxonomy.VEHICLE_TYPES),
            image=ImageLimits(
                formats=list(FORMATS), max_bytes=limits.max_bytes, max_pixels=limits.max_pixels
            ),
            batch=BatchLimits(max_files=MAX_BATCH_FILES, max_bytes=self.max_batch_bytes),
            max_k=MAX_SUGGESTIONS,
        )

    def model_answer(self) -> ModelAnswer:
        return ModelAnswer(
            bundle=self.bundle.version,
            checksums=self.bundle.checksums,
            metrics=self.bundle.metrics,
            config=self.bundle.config.model_dump(mode="json"),
        )
