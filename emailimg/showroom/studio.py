"""From a description to a finished picture."""

import zlib

import cv2
import numpy as np

from emailimg.showroom.bodies import BODIES
from emailimg.showroom.camera import Camera
from emailimg.showroom.canvas import Canvas
from emailimg.showroom.car import paint_car
from emailimg.showroom.fleet import INDOORS, CarScene, random_stream
from emailimg.showroom.light import LIGHTS, Light
from emailimg.showroom.scenery import paint_scenery
from emailimg.showroom.stage import Stage
from emailimg.showroom.stance import Stance

SMALLEST_PX = 16
_SUPERSAMPLING = 2
_SMALLEST_CANVAS_PX = 320  # below, lines of one pixel would be too bold
_CAR_SHARE = 0.765  # of the picture's width, for a car of usual length
_USUAL_LENGTH_M = 4.6


def render(scene: CarScene, long_side_px: int = 160) -> np.ndarray:
    """Paint a scene: uint8 (H, W, 3) RGB, W = long_side_px and H = 3/4 of it.

    The same scene looks the same at every size. Raises ValueError for sizes under 16 px.
    """
    if long_side_px < SMALLEST_PX:
        raise ValueError(f"long_side_px must be {SMALLEST_PX} or more, got {long_side_px}")
    rng = random_stream(scene.seed, scene.index, purpose=1)
    light = _light(scene)
    stance = _stance(scene, light, rng)
    sampling = max(_SUPERSAMPLING, -(-_SMALLEST_CANVAS_PX // long_side_px))
    canvas = Canvas(long_side_px * sampling)
    stage = Stage(canvas=canvas, camera=stance.camera, light=light, rng=rng)
    paint_scenery(stage, scene.background)
    paint_car(canvas, stance, polished=scene.background == INDOORS)
    return _expose(canvas.finished(long_side_px), light)


def render_jpeg(scene: CarScene, long_side_px: int = 160, quality: int = 92) -> bytes:
    """The painted scene as JPEG bytes; quality is 1 (smallest) to 100 (best)."""
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be between 1 and 100, got {quality}")
    pixels = cv2.cvtColor(render(scene, long_side_px), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def _light(scene: CarScene) -> Light:
    outdoors = LIGHTS[scene.time_of_day]
    return outdoors.indoors() if scene.background == INDOORS else outdoors


def _stance(scene: CarScene, light: Light, rng: np.random.Generator) -> Stance:
    """Place the car and the camera; how long and tall the car is depends on its model and year."""
    body = BODIES[scene.vehicle_type]
    stretch, lift = _proportions(scene.class_name)
    nominal = 0.4 * body.length + 0.6 * _USUAL_LENGTH_M  # long cars look long, yet fit in
    camera = Camera(
        yaw_rad=np.radians(rng.uniform(27, 34)),
        distance_m=11.0,
        height_m=rng.uniform(1.55, 1.85),
        scale=_CAR_SHARE / (0.86 * nominal + 0.95) * rng.uniform(0.88, 1.12),
        centre_u=0.51 + rng.uniform(-0.025, 0.025),
        ground_v=0.585 + rng.uniform(-0.015, 0.015),
    )
    return Stance(
        body=body,
        camera=camera,
        light=light,
        colour=scene.colour,
        make=scene.make,
        stretch=stretch,
        lift=lift,
    )


def _proportions(class_name: str) -> tuple[float, float]:
    """Length and height factors of a class, within 3 %: the same in every process."""
    bits = zlib.crc32(class_name.encode())
    return 0.97 + 0.06 * (bits & 0xFF) / 0xFF, 0.97 + 0.06 * (bits >> 8 & 0xFF) / 0xFF


def _expose(pixels: np.ndarray, light: Light) -> np.ndarray:
    """Meter the picture like a camera does, and keep clear of pure black and pure white."""
    gain = (light.brightness / max(pixels.mean(), 1.0)) ** 0.8
    levels = np.arange(256) * gain
    soft = np.where(levels < 200, levels, 200 + 50 * np.tanh((levels - 200) / 50))
    return cv2.LUT(pixels, (6 + soft * 0.976).clip(0, 250).astype(np.uint8))
