"""The showroom: pictures that are reproducible, varied, well exposed and never symmetric."""

import dataclasses
import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

from emailimg.showroom import (
    VEHICLE_TYPES,
    CarScene,
    contact_sheet,
    describe,
    render,
    render_jpeg,
)
from emailimg.showroom.fleet import BACKGROUNDS, COLOURS, MODELS, TIMES_OF_DAY, fleet

# Mean grey level that each time of day keeps to, whatever the car and the background.
BRIGHTNESS_BANDS = {"dawn": (105, 145), "day": (115, 155), "dusk": (85, 122), "night": (62, 98)}


def _digest(picture: np.ndarray) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def scenes() -> list[CarScene]:
    """Every background at every time of day, each with another type of vehicle."""
    pairs = [(background, time) for background in BACKGROUNDS for time in TIMES_OF_DAY]
    return [
        dataclasses.replace(
            describe(3, i),
            background=background,
            time_of_day=time,
            vehicle_type=VEHICLE_TYPES[i % len(VEHICLE_TYPES)],
        )
        for i, (background, time) in enumerate(pairs)
    ]


@pytest.fixture(scope="module")
def pictures(scenes: list[CarScene]) -> list[np.ndarray]:
    return [render(scene, 128) for scene in scenes]


def test_fleet_has_196_classes_with_nine_balanced_types():
    names = {f"{c.make} {c.model} {c.vehicle_type} {c.year}" for c in fleet()}
    assert len(fleet()) == len(names) == 196
    for vehicle_type in VEHICLE_TYPES:
        assert sum(c.vehicle_type == vehicle_type for c in fleet()) in (21, 22)


def test_each_model_has_one_type_and_one_make():
    models = {c.model: (c.make, c.vehicle_type) for c in fleet()}
    assert len(models) == 99
    assert all(models[c.model] == (c.make, c.vehicle_type) for c in fleet())


def test_class_name_reads_like_those_of_stanford_cars():
    scene = describe(0, 0)
    assert scene.class_name.split() == [
        scene.make,
        scene.model,
        scene.vehicle_type,
        str(scene.year),
    ]


def test_scenes_draw_known_attributes_and_every_type():
    scenes = [describe(0, i) for i in range(500)]
    assert {s.vehicle_type for s in scenes} == set(VEHICLE_TYPES)
    assert {s.time_of_day for s in scenes} == set(TIMES_OF_DAY)
    assert {s.background for s in scenes} == set(BACKGROUNDS)
    assert {s.colour for s in scenes} == set(COLOURS)
    assert {s.make for s in scenes} == set(MODELS)


def test_describe_does_not_depend_on_order_or_on_rendering():
    forward = [describe(9, i) for i in range(20)]
    render(forward[3], 64)
    assert [describe(9, i) for i in reversed(range(20))][::-1] == forward


def test_same_scene_gives_the_same_bytes_in_any_order():
    first = {i: _digest(render(describe(1, i), 96)) for i in range(6)}
    assert {i: _digest(render(describe(1, i), 96)) for i in (4, 0, 5, 2, 1, 3)} == first
    assert len(set(first.values())) == 6


def test_same_scene_gives_the_same_bytes_in_a_fresh_process():
    code = (
        "import hashlib; from emailimg.showroom import describe, render;"
        "print(hashlib.sha256(render(describe(1, 5), 96).tobytes()).hexdigest())"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert fresh.stdout.strip() == _digest(render(describe(1, 5), 96))


def test_another_seed_shows_something_else():
    assert [describe(1, i) for i in range(5)] != [describe(2, i) for i in range(5)]
    assert not np.array_equal(render(describe(1, 0), 64), render(describe(2, 0), 64))


@pytest.mark.parametrize("long_side_px", [16, 64, 160, 321])
def test_picture_is_4_by_3_rgb_at_every_size(long_side_px):
    picture = render(describe(0, 1), long_side_px)
    assert picture.shape == (round(long_side_px * 0.75), long_side_px, 3)
    assert picture.dtype == np.uint8


def test_picture_looks_the_same_at_every_size(scenes):
    for scene in scenes[::5]:
        small, large = render(scene, 64), render(scene, 256)
        shrunk = cv2.resize(large, (64, 48), interpolation=cv2.INTER_AREA)
        assert np.abs(small.astype(int) - shrunk).mean() < 6


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("vehicle_type", VEHICLE_TYPES)
def test_every_make_can_build_every_type(make, vehicle_type):
    scene = dataclasses.replace(describe(4, 4), make=make, vehicle_type=vehicle_type)
    assert render(scene, 64).std() > 15


def test_mirrored_picture_differs_clearly(pictures):
    for picture in pictures:
        mirrored = picture[:, ::-1].astype(int)
        assert np.abs(picture - mirrored).mean() > 10


def test_sky_is_brighter_than_the_road_by_daylight(scenes, pictures):
    for scene, picture in zip(scenes, pictures, strict=True):
        if scene.background in ("coast", "motorway", "desert") and scene.time_of_day == "day":
            assert picture[:12].mean() > picture[-12:].mean() + 20


def test_brightness_keeps_to_the_band_of_the_time_of_day(scenes, pictures):
    for scene, picture in zip(scenes, pictures, strict=True):
        low, high = BRIGHTNESS_BANDS[scene.time_of_day]
        assert low < picture.mean() < high, scene


def test_hardly_any_pixel_is_clipped(scenes, pictures):
    for scene, picture in zip(scenes, pictures, strict=True):
        clipped = (picture <= 2).all(axis=-1) | (picture >= 253).all(axis=-1)
        assert clipped.mean() < 0.005, scene


def test_colour_of_the_car_is_in_the_picture():
    scene = dataclasses.replace(describe(0, 2), time_of_day="day", background="motorway")
    red = render(dataclasses.replace(scene, colour="red"), 96).astype(int)
    blue = render(dataclasses.replace(scene, colour="blue"), 96).astype(int)
    changed = (red[..., 0] - blue[..., 0] > 30) & (blue[..., 2] - red[..., 2] > 30)
    assert 0.04 < changed.mean() < 0.5


def test_jpeg_holds_the_rendered_picture():
    scene = describe(0, 7)
    encoded = render_jpeg(scene, 128, quality=95)
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded.astype(int) - render(scene, 128)).mean() < 6
    assert len(render_jpeg(scene, 128, quality=50)) < len(encoded)


def test_contact_sheet_shows_consecutive_pictures():
    sheet = contact_sheet(5, 2, 3, first_index=10, long_side_px=64, gap_px=2)
    assert sheet.shape == (2 * 50 + 2, 3 * 66 + 2, 3)
    np.testing.assert_array_equal(sheet[52:100, 68:132], render(describe(5, 14), 64))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: describe(-1, 0), "seed"),
        (lambda: describe(0, -1), "index"),
        (lambda: render(describe(0, 0), 8), "long_side_px"),
        (lambda: render_jpeg(describe(0, 0), quality=0), "quality"),
        (lambda: contact_sheet(0, 0, 3), "rows"),
        (lambda: contact_sheet(0, 3, -1), "columns"),
    ],
)
def test_invalid_arguments_are_named(call, argument):
    with pytest.raises(ValueError, match=argument):
        call()
