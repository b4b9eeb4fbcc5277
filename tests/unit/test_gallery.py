"""The gallery: every class has its place, and the config's ranges are what is drawn."""

import numpy as np
import pytest
from pictures import difference, picture

from emailimg import augment, gallery, taxonomy
from emailimg.config import AugmentConfig
from emailimg.techniques import TECHNIQUES

PIXELS = picture(90, 120)


def test_every_class_is_there_at_both_ends_of_its_ranges() -> None:
    cells = {
        cell.title.replace(" ", "_"): cell for cell in gallery._by_class(AugmentConfig(), PIXELS)
    }
    assert set(cells) == set(taxonomy.AUGMENTATION_CLASSES)
    for name, technique in TECHNIQUES.items():
        assert len(cells[name].pictures) == (2 if technique.ranges else 1)
    [line] = cells["rotate"].lines
    assert line == "angle_deg ±10 to 35"
    mild, strong = cells["rotate"].pictures
    np.testing.assert_array_equal(mild, augment.apply("rotate", {"angle_deg": 10.0}, PIXELS))
    np.testing.assert_array_equal(strong, augment.apply("rotate", {"angle_deg": -35.0}, PIXELS))


def test_the_configs_ranges_are_drawn() -> None:
    ranges = {"darker": {"brightness": (-0.5, -0.9)}}
    sheets = [gallery.draw(AugmentConfig(**o), PIXELS) for o in ({}, {"ranges": ranges})]  # type: ignore[arg-type]
    assert sheets[0].shape == sheets[1].shape
    assert difference(*sheets) > 0.1


@pytest.mark.parametrize("shape", [(90, 120), (300, 40), (40, 600), (17, 17)])
@pytest.mark.parametrize("mode", ["one_technique", "composed"])
def test_any_picture_fits(shape: tuple[int, int], mode: str) -> None:
    config = AugmentConfig(mode=mode)  # type: ignore[arg-type]
    sheet = gallery.draw(config, picture(*shape))
    assert sheet.dtype == np.uint8
    assert sheet.ndim == 3
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 100


def test_composed_versions_are_named_by_their_techniques() -> None:
    cells = list(gallery._composed(AugmentConfig(mode="composed"), PIXELS))
    assert cells[0].lines == [taxonomy.ORIGINAL]
    assert max(len(cell.lines) for cell in cells) > 2
    named = {line.replace(" ", "_") for cell in cells for line in cell.lines}
    assert named <= set(taxonomy.AUGMENTATION_CLASSES)
    assert len(named) > 8
