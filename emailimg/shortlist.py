"""Which catalogue images come into question, before any model is asked: filters over columns.

Filtering comes before the search, so that no better image is lost to a cut-off. The columns are
whole numbers, so that a million rows are filtered in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emailimg import taxonomy
from emailimg.errors import ConfigError, TaxonomyError

_ANY = -1  # made for any campaign type or industry, or not known
_SHOWN_MAKES = 30


@dataclass(frozen=True)
class Filters:
    """Which catalogue images are wanted; an image of which it is not known is not one of them.

    vehicle_types: any of these, in any spelling, or all where there are none; year_from and
    year_to: both included. Raises TaxonomyError for an unknown vehicle type, ConfigError for years
    of which none can be.
    """

    vehicle_types: tuple[str, ...] = ()
    make: str | None = None
    year_from: int | None = None
    year_to: int | None = None

    def __post_init__(self) -> None:
        types = {taxonomy.parse_vehicle_type(name) for name in self.vehicle_types}
        object.__setattr__(self, "vehicle_types", tuple(sorted(types)))
        first, last = self.year_from, self.year_to
        if first is not None and last is not None and first > last:
            raise ConfigError(f"year_from {first} is after year_to {last}")


@dataclass(frozen=True)
class Pool:
    """Images that fit: row numbers, int64 (M,), and in words how far they match the context."""

    rows: np.ndarray
    scope: str


class Columns:
    """The columns of a catalogue that filters look at."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._count = len(rows)
        self._campaigns = _codes(rows["campaign_type"], taxonomy.CAMPAIGN_TYPES)
        self._industries = _codes(rows["industry"], taxonomy.INDUSTRIES)
        self._types = _codes(rows["vehicle_type"], taxonomy.VEHICLE_TYPES)
        self.makes: tuple[str, ...] = tuple(sorted(rows["make"].dropna().unique()))
        self._makes = _codes(rows["make"], self.makes)
        self._years = pd.to_numeric(rows["year"]).to_numpy(float, na_value=np.nan)

    def pool(self, campaign_type: str, industry: str, filters: Filters, at_least: int) -> Pool:
        """The narrowest of these with `at_least` images: made for this campaign type and industry;
        for this industry; the whole catalogue. All of them pass the filters.

        An image without a campaign type or industry fits any. Raises TaxonomyError for a filter
        that nothing can pass.
        """
        wanted = self._passing(filters)
        campaign = _is(self._campaigns, taxonomy.CAMPAIGN_TYPES.index(campaign_type))
        trade = _is(self._industries, taxonomy.INDUSTRIES.index(industry))
        scopes = {
            "campaign type and industry": wanted & campaign & trade,
            "industry": wanted & trade,
            "whole catalogue": wanted,
        }
        enough = (scope for scope, mask in scopes.items() if mask.sum() >= at_least)
        scope = next(enough, "whole catalogue")
        return Pool(np.flatnonzero(scopes[scope]), scope)

    def _passing(self, filters: Filters) -> np.ndarray:
        wanted = np.ones(self._count, bool)
        if filters.vehicle_types:
            codes = [taxonomy.VEHICLE_TYPES.index(name) for name in filters.vehicle_types]
            wanted &= np.isin(self._types, codes)
        if filters.make is not None:
            wanted &= self._makes == self._make(filters.make)
        if filters.year_from is not None:
            wanted &= self._years >= filters.year_from
        if filters.year_to is not None:
            wanted &= self._years <= filters.year_to
        return wanted

    def _make(self, name: str) -> int:
        spellings = {taxonomy.normalise(make): place for place, make in enumerate(self.makes)}
        place = spellings.get(taxonomy.normalise(name))
        if place is None:
            some = ", ".join(self.makes[:_SHOWN_MAKES]) or "none, the catalogue knows no makes"
            more = ", ..." if len(self.makes) > _SHOWN_MAKES else ""
            message = f"the catalogue has no make {name[:100]!r}; accepted: {some}{more}"
            raise TaxonomyError(message, self.makes[:_SHOWN_MAKES])
        return place


def _codes(values: pd.Series, names: Sequence[str]) -> np.ndarray:
    """Position of each value among the names, int32; -1 where there is none."""
    return pd.Categorical(values, categories=list(names)).codes.astype(np.int32)


def _is(codes: np.ndarray, wanted: int) -> np.ndarray:
    return (codes == wanted) | (codes == _ANY)
