"""How often a JPEG has its reader go through all pixels.

A progressive JPEG refines its picture in scans, of which encoders write about ten. Nothing but the
file's length limits them, and an empty one takes eleven bytes: a small file can keep a decoder busy
for hours.
"""

import re

MOST = 200

# Within a scan's data 0xFF is followed by 0, by a restart marker or by another 0xFF.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SCAN, _END = 0xDA, 0xD9


def too_many(data: bytes) -> bool:
    """Whether the first picture of the file has more than MOST scans; what follows it is not read.

    A camera may append a film, in whose bytes anything can be found.
    """
    scans, position = 0, 2
    while scans <= MOST and (found := _MARKER.search(data, position)):
        marker = data[found.end() - 1]
        if marker == _END:
            break
        scans += marker == _SCAN
        # Past the segment: a thumbnail in it has scans of its own.
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return scans > MOST
