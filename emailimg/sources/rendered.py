"""The embedded default: a showroom of rendered cars, whose attributes are known."""

import pandas as pd

from emailimg import seeding, showroom, taxonomy
from emailimg.config import SourceConfig
from emailimg.sources.attributes import TEXT_ATTRIBUTES, complete

SCHEME = "showroom://"


def list_images(config: SourceConfig) -> pd.DataFrame:
    seed = config.showroom_seed
    rows = []
    for index in range(config.showroom_images):
        scene = showroom.describe(seed, index)
        attributes = {name: getattr(scene, name, None) for name in (*TEXT_ATTRIBUTES, "year")}
        rng = seeding.generator(seed, "campaign", index)
        attributes["campaign_type"] = str(rng.choice(taxonomy.CAMPAIGN_TYPES))
        attributes["industry"] = str(rng.choice(taxonomy.INDUSTRIES))
        rows.append({"source_uri": f"{SCHEME}{seed}/{index}"} | attributes)
    return complete(pd.DataFrame(rows))


def load(source_uri: str, config: SourceConfig) -> bytes:
    """JPEG bytes of one scene."""
    seed, index = map(int, source_uri.removeprefix(SCHEME).split("/"))
    scene = showroom.describe(seed, index)
    return showroom.render_jpeg(scene, config.showroom_long_side_px)
