"""Do the scenes of a catalogue show which way round they are? A witness beside the encoder.

A picture that was flipped or transposed is as sharp and as bright as its original, so nothing but
the scene's layout tells the two apart: where all cars face left, a mirrored one faces right; where
they face either way, a mirrored picture is as good an original as any. An encoder that cannot tell
may just be badly trained. So a second witness is asked, one that needs no training to speak of: a
linear probe of the pictures' layout at 16 x 16, fitted on training originals, judged on test ones.

The probe's features are a picture's layout less that of its twin, so the twin's score is the
opposite number: a positive score on the original is right for both. Without anything that the
scenes share, it is right half of the time. It looks at where things are bright and coloured, no
more: writing, or which side the steering wheel is on, it would miss.
"""

from collections.abc import Callable, Iterable

import cv2
import numpy as np

from emailimg import images

_SIDE_PX = 16
_PENALTY = 0.1  # of the ridge, as a share of the features' mean square

# The layout's twins, (N, H, W, 3) -> the same shape.
TWINS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "horizontal_flip": lambda layouts: layouts[:, :, ::-1],
    "vertical_flip": lambda layouts: layouts[:, ::-1],
    "transpose": lambda layouts: layouts.swapaxes(1, 2),
}


def layouts(squares: Iterable[np.ndarray]) -> np.ndarray:
    """Model-size pictures uint8 (S, S, 3) -> float32 (N, 16, 16, 3), grey levels about their mean.

    Without the padding: it may be a pixel wider on one side, the same in a picture and in its twin.
    """
    size = (_SIDE_PX, _SIDE_PX)
    small = [
        cv2.resize(images.without_padding(square), size, interpolation=cv2.INTER_AREA)
        for square in squares
    ]
    stacked = np.array(small, np.float32).reshape(-1, *size, 3)
    return stacked - stacked.mean(axis=(1, 2), keepdims=True)


def told_apart(technique: str, fitted_on: np.ndarray, judged_on: np.ndarray) -> float:
    """Share of the originals and twins that the probe names rightly; 0.5 is a coin's.

    technique: a key of `TWINS`; the others: layouts of originals, float32 (N, 16, 16, 3).
    """
    differences = _differences(technique, fitted_on)
    moments = differences.T @ differences / len(differences)
    penalty = _PENALTY * np.trace(moments) / len(moments) + 1e-6
    weights = np.linalg.solve(moments + penalty * np.eye(len(moments)), differences.mean(axis=0))
    scores = _differences(technique, judged_on) @ weights
    # A symmetric picture has no difference to judge: a coin's toss.
    return float(np.mean((scores > 0) + 0.5 * (scores == 0)))


def _differences(technique: str, originals: np.ndarray) -> np.ndarray:
    """Layouts less their twins', float64 (N, 768)."""
    return (originals - TWINS[technique](originals)).reshape(len(originals), -1).astype(np.float64)
