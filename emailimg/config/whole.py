"""The whole config of a run."""

from pydantic import model_validator

from emailimg import taxonomy
from emailimg.config.data import AugmentConfig, ImageConfig, SourceConfig, SplitConfig
from emailimg.config.labelling import LabelConfig
from emailimg.config.models import (
    ClassifierConfig,
    EmbedConfig,
    EncoderConfig,
    ReportConfig,
    SearchConfig,
)
from emailimg.config.running import ClusterConfig, ServeConfig
from emailimg.config.section import Section


class Config(Section):
    """Everything a run needs to know besides where its workspace is."""

    source: SourceConfig = SourceConfig()
    images: ImageConfig = ImageConfig()
    augment: AugmentConfig = AugmentConfig()
    labels: LabelConfig = LabelConfig()
    split: SplitConfig = SplitConfig()
    encoder: EncoderConfig = EncoderConfig()
    embed: EmbedConfig = EmbedConfig()
    classifiers: ClassifierConfig = ClassifierConfig()
    search: SearchConfig = SearchConfig()
    report: ReportConfig = ReportConfig()
    serve: ServeConfig = ServeConfig()
    cluster: ClusterConfig = ClusterConfig()

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of this run, in the taxonomy's order."""
        return tuple(target for target in taxonomy.TARGETS if target in self.labels.rules)

    @model_validator(mode="after")
    def _search_targets_exist(self) -> "Config":
        unknown = sorted(set(self.search.targets) - set(self.targets))
        if unknown:
            raise ValueError(
                f"search.targets: {', '.join(unknown)} has no rule in labels.rules; "
                f"accepted: {', '.join(self.targets)}"
            )
        return self
