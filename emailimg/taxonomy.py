"""The closed vocabularies: targets, campaign types, industries, vehicles, augmentations.

Names are compared without regard to case, underscores and hyphens, so `Abandoned_Cart` and
`abandoned cart` mean the same; an unknown value raises `TaxonomyError` with the accepted ones.
"""

import re

from emailimg.errors import TaxonomyError

TARGETS = (
    "open_rate",
    "click_to_open_rate",
    "revenue_per_email",
    "conversion_rate",
    "purchase_rate",
    "unsubscribe_rate",
    "bounce_rate",
)

# For these a lower probability is the better image.
LOWER_IS_BETTER = frozenset({"unsubscribe_rate", "bounce_rate"})

CAMPAIGN_TYPES = (
    "Abandoned Cart",
    "Newsletter",
    "Promotional",
    "Survey",
    "Transactional",
    "Webinar",
    "Engagement",
    "Review Request",
    "Product Announcement",
)

INDUSTRIES = (
    "Automotive",
    "Industrial",
    "Real Estate",
    "Transportation and Logistics",
    "Finance and Banking",
    "Professional and Business Services",
    "Manufacturing",
    "Film and Motion Picture",
    "Retail",
    "Software and Technology",
    "Hospitality",
    "Healthcare",
    "Academic and Education",
    "Energy",
    "Entertainment",
)

VEHICLE_TYPES = (
    "Sedan",
    "SUV",
    "Coupe",
    "Convertible",
    "Hatchback",
    "Minivan",
    "Van",
    "Wagon",
    "Pickup",
)

ORIGINAL = "original"

# The report's Figure 1, block by block. ShiftScaleRotate and RandomBrightness are each split in
# two, because the label rule needs *rotated* and *brighter* apart from their counterparts.
AUGMENTATION_BLOCKS: dict[str, tuple[str, ...]] = {
    "flip": ("horizontal_flip", "vertical_flip"),
    "noise": ("gauss_noise",),
    "transpose": ("transpose",),
    "blur": ("motion_blur", "median_blur", "blur"),
    "affine": ("shift_scale", "rotate"),
    "light": ("clahe", "sharpen", "emboss", "brighter", "darker"),
    "colour": ("hue_saturation_value",),
}

AUGMENTATION_CLASSES = (
    ORIGINAL,
    *(technique for techniques in AUGMENTATION_BLOCKS.values() for technique in techniques),
)


def normalise(name: str) -> str:
    """`Abandoned_Cart`, `abandoned-cart` and `abandoned cart` become `abandoned cart`."""
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def parse_target(name: str) -> str:
    return parse(name, TARGETS, "target")


def parse_campaign_type(name: str) -> str:
    return parse(name, CAMPAIGN_TYPES, "campaign type")


def parse_industry(name: str) -> str:
    return parse(name, INDUSTRIES, "industry")


def parse_vehicle_type(name: str) -> str:
    return parse(name, VEHICLE_TYPES, "vehicle type")


def parse(name: str, accepted: tuple[str, ...], kind: str) -> str:
    """The accepted spelling of `name`; raises TaxonomyError listing the accepted values."""
    wanted = normalise(name)
    for value in accepted:
        if normalise(value) == wanted:
            return value
    raise TaxonomyError(f"unknown {kind} {name!r}; accepted: {', '.join(accepted)}", accepted)
