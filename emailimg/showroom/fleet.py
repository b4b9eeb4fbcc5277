"""What is parked in the showroom: 196 make-believe car classes, and which one each picture shows.

Eleven makes build one model of each of the nine vehicle types. A model was sold in two model years,
except two that were sold in one, which makes 196 classes: as many as Stanford Cars has.
"""

import functools
from dataclasses import dataclass

import numpy as np

from emailimg.taxonomy import VEHICLE_TYPES

COLOURS = (
    "white",
    "silver",
    "graphite",
    "black",
    "red",
    "copper",
    "sand",
    "green",
    "blue",
    "navy",
)
TIMES_OF_DAY = ("dawn", "day", "dusk", "night")
INDOORS = "showroom"  # the one background with a roof
BACKGROUNDS = (
    "city street",
    "coast",
    "mountains",
    "desert",
    "forest",
    INDOORS,
    "suburb",
    "motorway",
)

# Make -> its models, in the order of VEHICLE_TYPES. All invented.
MODELS = {
    "Aldoria": "Senta Ridgeon Velane Solenne Pippa Familo Cargant Longara Terrapin",
    "Brennox": "Civane Boldon Strikka Breezar Zippen Roomara Haulix Estavan Workhorn",
    "Calvera": "Calma Montaro Corsane Playa Chispa Nidora Portez Viajera Ranchel",
    "Dunmore": "Dunford Moorland Duskar Downlea Dabney Dunfold Dockley Dunstead Drover",
    "Estrel": "Estiva Altessa Cometa Aurelle Etinse Galaxio Orbix Stellane Meteorra",
    "Farrow": "Fairline Fellside Falcombe Fennel Fidget Fernley Freighton Fairmile Furrow",
    "Galvane": "Gentara Granvale Galeo Gioia Gamin Grappa Gantrix Gavotte Gravello",
    "Hartwick": "Harlow Heathen Hurst Hollis Hatchling Homestead Hauler Hargreave Hayward",
    "Iverna": "Isola Ivalda Ikara Ilios Inka Ilmara Intrepo Itinera Ironvale",
    "Jorvane": "Jarl Jotun Jagellan Junia Jolt Junket Jutland Journeyer Jackdaw",
    "Kestane": "Kento Kodra Kyra Kite Kiko Kinfold Karavo Kantara Kolter",
}
_FIRST_YEARS = (2006, 2007, 2008, 2009)
_YEARS_BETWEEN = 3
_ONE_YEAR_MODELS = ("Junket", "Kolter")


@dataclass(frozen=True, kw_only=True)
class CarClass:
    """One class of the fleet, such as Calvera Playa Convertible 2008."""

    make: str
    model: str
    vehicle_type: str
    year: int


@dataclass(frozen=True, kw_only=True)
class CarScene:
    """All that is known about one picture; seed and index fix what the other fields leave open."""

    seed: int
    index: int
    make: str
    model: str
    vehicle_type: str
    year: int
    colour: str
    time_of_day: str
    background: str

    @property
    def class_name(self) -> str:
        """Make, model, vehicle type and year in one string, like Stanford Cars' class names."""
        return f"{self.make} {self.model} {self.vehicle_type} {self.year}"


@functools.cache
def fleet() -> tuple[CarClass, ...]:
    """All 196 classes, in a fixed order."""
    classes = []
    for make_number, (make, models) in enumerate(MODELS.items()):
        for type_number, model in enumerate(models.split()):
            first = _FIRST_YEARS[(make_number + type_number) % len(_FIRST_YEARS)]
            years = (first,) if model in _ONE_YEAR_MODELS else (first, first + _YEARS_BETWEEN)
            vehicle_type = VEHICLE_TYPES[type_number]
            classes += [
                CarClass(make=make, model=model, vehicle_type=vehicle_type, year=year)
                for year in years
            ]
    return tuple(classes)


def describe(seed: int, index: int) -> CarScene:
    """Say what picture number `index` of showroom `seed` shows, without painting it.

    Raises ValueError if `seed` or `index` is negative.
    """
    rng = random_stream(seed, index, purpose=0)
    car = fleet()[rng.integers(len(fleet()))]
    return CarScene(
        seed=seed,
        index=index,
        make=car.make,
        model=car.model,
        vehicle_type=car.vehicle_type,
        year=car.year,
        colour=COLOURS[rng.integers(len(COLOURS))],
        time_of_day=TIMES_OF_DAY[rng.integers(len(TIMES_OF_DAY))],
        background=BACKGROUNDS[rng.integers(len(BACKGROUNDS))],
    )


def random_stream(seed: int, index: int, *, purpose: int) -> np.random.Generator:
    """A generator for one picture; streams of different `purpose` are independent."""
    for name, value in (("seed", seed), ("index", index)):
        if value < 0:
            raise ValueError(f"{name} must be 0 or more, got {value}")
    return np.random.default_rng(np.random.SeedSequence([seed, index, purpose]))
