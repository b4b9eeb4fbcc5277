"""Where images come from: a rendered showroom, a folder, or Stanford Cars; with or without a table.

A source lists its images cheaply, as rows without pixels; workers then call `load` on each row.
"""

from emailimg.sources.attributes import TEXT_ATTRIBUTES
from emailimg.sources.listing import Listing, fingerprint, list_images, load

__all__ = ["TEXT_ATTRIBUTES", "Listing", "fingerprint", "list_images", "load"]
