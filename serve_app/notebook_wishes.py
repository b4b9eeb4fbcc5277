"""The notebook's controls of what is suggested: how many, how sure, how alike, and which."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from emailimg import taxonomy
from emailimg.bundle import Bundle
from emailimg.recommender import Wishes
from emailimg.shortlist import Filters

_MOST = 12
_LABELS = {"description_width": "6.5rem"}


class WishControls:
    """`view` is the widget to show, folded at first; `wishes` what is chosen in it."""

    def __init__(self, bundle: Bundle) -> None:
        usual = Wishes()
        known = bundle.catalogue_columns(["make", "year"])
        makes = sorted(set(known["make"].dropna()))
        self.k = _control(widgets.IntSlider, "Show up to", value=usual.k, min=1, max=_MOST)
        self.min_better = _share("Sure to be better", usual.min_better)
        self.similarity = _share("Like mine", usual.similarity)
        self.diversity = _share("Variety", usual.diversity)
        self.vehicle_types = widgets.TagsInput(
            allowed_tags=list(taxonomy.VEHICLE_TYPES), placeholder="Only these vehicle types"
        )
        self.make = _control(
            widgets.Dropdown, "Make", options=[("Any", None), *zip(makes, makes, strict=True)]
        )
        self.years = _years([int(year) for year in known["year"].dropna()])
        self.view = widgets.Accordion(
            [widgets.VBox(self._controls())], titles=["What is suggested"]
        )

    @property
    def wishes(self) -> Wishes:
        return Wishes(
            k=self.k.value,
            min_better=self.min_better.value,
            similarity=self.similarity.value,
            diversity=self.diversity.value,
            filters=Filters(tuple(self.vehicle_types.value), self.make.value, *self._year_limits()),
        )

    def on_change(self, changed: Callable[[], None]) -> None:
        """`changed()` is called after every change."""
        for control in self._controls():
            control.observe(lambda _: changed(), names="value")

    def _controls(self) -> list[Any]:
        filters = [self.vehicle_types, self.make, self.years]
        return [self.k, self.min_better, self.similarity, self.diversity, *filters]

    def _year_limits(self) -> tuple[int | None, int | None]:
        """No limit at an end of the slider, so that images of unknown years stay in."""
        low, high = self.years.value
        return (
            low if low > self.years.min else None,
            high if high < self.years.max else None,
        )


def _share(label: str, value: float) -> widgets.FloatSlider:
    limits = {"min": 0.0, "max": 1.0, "step": 0.05, "readout_format": ".0%"}
    return _control(widgets.FloatSlider, label, value=value, **limits)


def _years(known: list[int]) -> widgets.IntRangeSlider:
    """Over the catalogue's years; disabled where it knows none."""
    low, high = (min(known), max(known)) if known else (0, 0)
    limits = {"value": (low, high), "min": low, "max": high, "disabled": not known}
    return _control(widgets.IntRangeSlider, "Years", **limits)


def _control(kind: Any, label: str, **settings: Any) -> Any:
    """A control that asks once it is let go, not all the way."""
    layout = widgets.Layout(width="auto")
    if kind is not widgets.Dropdown:
        settings["continuous_update"] = False
    return kind(description=label, style=_LABELS, layout=layout, **settings)
