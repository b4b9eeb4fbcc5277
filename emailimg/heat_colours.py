"""A heat map over its picture, for people to look at."""

import cv2
import numpy as np

_MOST_OPAQUE = 0.65


def overlay(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A heat map, float (H, W) in [0, 1], over its picture, uint8 (H, W, 3) RGB -> the same.

    Colours of the perceptually uniform map `inferno`, the more opaque the hotter.
    """
    levels = np.round(heat * 255).astype(np.uint8)
    bgr: np.ndarray = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)
    opacity = (_MOST_OPAQUE * heat)[..., None]
    return np.round((1 - opacity) * picture + opacity * bgr[..., ::-1]).astype(np.uint8)
