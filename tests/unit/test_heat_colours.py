"""Heat over a picture: hot parts glow, cold ones stay as they are."""

import numpy as np
from pictures import picture

from emailimg import heat_colours


def test_cold_parts_show_the_picture_and_hot_ones_the_heat() -> None:
    pixels = picture(40, 60)
    heat = np.zeros((40, 60), np.float32)
    heat[:, 30:] = 1
    laid = heat_colours.overlay(pixels, heat)
    assert laid.dtype == np.uint8
    np.testing.assert_array_equal(laid[:, :30], pixels[:, :30])
    # The hot end of inferno is a pale yellow: red and green, in RGB order.
    assert (laid[:, 30:].astype(int) >= pixels[:, 30:].astype(int) * 0.3).all()
    assert laid[:, 30:, :2].min() > 150
    assert np.abs(laid[:, 30:].astype(int) - pixels[:, 30:]).mean() > 30


def test_the_hotter_the_brighter_on_a_black_picture() -> None:
    heat = np.linspace(0, 1, 50, dtype=np.float32)[None]
    laid = heat_colours.overlay(np.zeros((1, 50, 3), np.uint8), heat)
    light = laid.astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light[0]) >= 0).all()
    assert light[0, -1] > light[0, 0] + 100
