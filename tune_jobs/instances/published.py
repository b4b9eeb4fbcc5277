"""The rows of the report's Table 2, for comparison: hours that its authors measured.

The report trained on SageMaker, every row with the same settings. It does not say which ResNet,
batch size or precision that was, so hours compare between its rows, and with ours in order of
magnitude only.
"""

from typing import NamedTuple


class PublishedRow(NamedTuple):
    """printed: the name in the report; instance: the machine that its figures describe."""

    printed: str
    instance: str
    cpus: int
    memory_gib: int
    gpus: int
    gpu: str | None
    hours: float

    @property
    def renamed(self) -> bool:
        return self.printed != self.instance


# The report writes `m1.` before every name where SageMaker has `ml.`. Two more slips, corrected by
# CPUs, memory and GPUs: all three rows of V100s are called p3.2xlarge, of which those with four and
# eight are p3.8xlarge and p3.16xlarge; and the names of g4dn.12xlarge (four T4s) and g4dn.16xlarge
# (one) are swapped.
ROWS = (
    PublishedRow("c5.large", "c5.large", 2, 4, 0, None, 4.64),
    PublishedRow("c5.xlarge", "c5.xlarge", 4, 8, 0, None, 4.11),
    PublishedRow("c5.2xlarge", "c5.2xlarge", 8, 16, 0, None, 3.94),
    PublishedRow("c5.4xlarge", "c5.4xlarge", 16, 32, 0, None, 3.82),
    PublishedRow("c5.9xlarge", "c5.9xlarge", 36, 72, 0, None, 3.67),
    PublishedRow("c5.12xlarge", "c5.12xlarge", 48, 96, 0, None, 3.87),
    PublishedRow("c5.18xlarge", "c5.18xlarge", 72, 144, 0, None, 3.95),
    PublishedRow("p3.2xlarge", "p3.2xlarge", 8, 61, 1, "V100", 0.56),
    PublishedRow("p3.2xlarge", "p3.8xlarge", 32, 244, 4, "V100", 0.43),
    PublishedRow("p3.2xlarge", "p3.16xlarge", 64, 488, 8, "V100", 0.37),
    PublishedRow("g4dn.xlarge", "g4dn.xlarge", 4, 16, 1, "T4", 1.42),
    PublishedRow("g4dn.2xlarge", "g4dn.2xlarge", 8, 32, 1, "T4", 1.65),
    PublishedRow("g4dn.4xlarge", "g4dn.4xlarge", 16, 64, 1, "T4", 1.34),
    PublishedRow("g4dn.8xlarge", "g4dn.8xlarge", 32, 128, 1, "T4", 1.55),
    PublishedRow("g4dn.12xlarge", "g4dn.16xlarge", 64, 256, 1, "T4", 1.75),
    PublishedRow("g4dn.16xlarge", "g4dn.12xlarge", 48, 192, 4, "T4", 1.09),
)
