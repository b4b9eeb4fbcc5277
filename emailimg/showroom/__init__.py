"""The showroom: renders car scenes with known attributes, so that nothing has to be downloaded.

`describe(seed, index)` says what a picture shows, `render` paints it. Both depend on seed and index
alone. In every picture the car faces left, the light comes from the upper left and the sky is up.
"""

from emailimg.showroom.fleet import VEHICLE_TYPES, CarScene, describe
from emailimg.showroom.sheet import contact_sheet
from emailimg.showroom.studio import render, render_jpeg

# Raised when the same scene comes out as other pixels, so that no workspace keeps the old pictures.
RENDERING = 1

__all__ = [
    "RENDERING",
    "VEHICLE_TYPES",
    "CarScene",
    "contact_sheet",
    "describe",
    "render",
    "render_jpeg",
]
