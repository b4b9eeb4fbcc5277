"""Painting the sky: its colours, clouds, and the sun or the moon in the upper left."""

import cv2
import numpy as np

from emailimg.showroom.stage import Stage


def paint_sky(stage: Stage, cloudiness: float = 0.5) -> None:
    """The whole sky down to the horizon; cloudiness is 0 (clear) to 1."""
    light, canvas = stage.light, stage.canvas
    canvas.wash(0.0, stage.horizon + 0.003, light.sky_top, light.sky_low)
    _paint_sun(stage)
    _paint_clouds(stage, cloudiness)


def _paint_sun(stage: Stage) -> None:
    u, v = stage.rng.uniform(0.08, 0.24), stage.rng.uniform(0.05, 0.11)
    night = stage.light.brightness < 90
    stage.canvas.glow(np.array([u, v]), 0.34, stage.light.sun, 0.25 if night else 0.72)
    if night:
        stars = stage.rng.uniform((0, 0), (1, stage.horizon * 0.8), (40, 2))
        for star in stars:
            stage.canvas.disc(star, 0.0011, (150, 156, 178))
        stage.canvas.disc(np.array([u, v]), 0.019, (222, 224, 226))
        stage.canvas.disc(np.array([u + 0.006, v + 0.003]), 0.004, (196, 199, 206))


def _paint_clouds(stage: Stage, cloudiness: float) -> None:
    """Blend in smooth noise, flattened like clouds are and thinner towards the top."""
    rows = round(stage.horizon * stage.canvas.width_px)
    sky = stage.canvas.pixels[:rows]
    coarse, fine = stage.rng.random((5, 6), np.float32), stage.rng.random((14, 22), np.float32)
    size = (sky.shape[1] // 4, max(1, rows // 4))  # soft anyway, so a quarter of the size is enough
    field = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    field = field + 0.45 * cv2.resize(fine, size, interpolation=cv2.INTER_CUBIC)
    cover = ((field - 1.06 + 0.32 * cloudiness) * 2.6).clip(0, 0.8)
    cover = cv2.resize(cover, (sky.shape[1], rows))
    paint = np.empty_like(sky)
    paint[:] = np.asarray(stage.light.cloud, np.uint8)
    sky[...] = cv2.blendLinear(paint, sky, cover, 1 - cover)
