"""Pictures inside the page, as JPEG data URIs no larger than they are shown."""

import base64

import numpy as np

from emailimg import images

# Twice the size on screen, for dense displays.
UPLOAD_PX = 720
CARD_PX = 400

_QUALITY = 85


def data_uri(pixels: np.ndarray, long_side_px: int) -> str:
    """uint8 (H, W, 3) RGB -> `data:image/jpeg;base64,...`, shrunk to `long_side_px` if larger."""
    jpeg = images.encode_jpeg(images.to_working_size(pixels, long_side_px), _QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
