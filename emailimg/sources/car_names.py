"""Car names as Stanford Cars spells them: all 196, and what such a name says about the car.

"Chevrolet Silverado 1500 Hybrid Crew Cab 2012" is a make, a model, a body and a year. Rules read
them, for names of a user's own as well; what they do not recognise stays None and is not guessed.
"""

import re
import unicodedata
from dataclasses import dataclass

from emailimg import taxonomy

# By class id, which starts at 1: the order of `class_names` in the devkit's `cars_meta.mat`.
# It is alphabetical by make only.
CLASS_NAMES = (
    "AM General Hummer SUV 2000",
    "Acura RL Sedan 2012",
    "Acura TL Sedan 2012",
    "Acura TL Type-S 2008",
    "Acura TSX Sedan 2012",
    "Acura Integra Type R 2001",
    "Acura ZDX Hatchback 2012",
    "Aston Martin V8 Vantage Convertible 2012",
    "Aston Martin V8 Vantage Coupe 2012",
    "Aston Martin Virage Convertible 2012",
    "Aston Martin Virage Coupe 2012",
    "Audi RS 4 Convertible 2008",
    "Audi A5 Coupe 2012",
    "Audi TTS Coupe 2012",
    "Audi R8 Coupe 2012",
    "Audi V8 Sedan 1994",
    "Audi 100 Sedan 1994",
    "Audi 100 Wagon 1994",
    "Audi TT Hatchback 2011",
    "Audi S6 Sedan 2011",
    "Audi S5 Convertible 2012",
    "Audi S5 Coupe 2012",
    "Audi S4 Sedan 2012",
    "Audi S4 Sedan 2007",
    "Audi TT RS Coupe 2012",
    "BMW ActiveHybrid 5 Sedan 2012",
    "BMW 1 Series Convertible 2012",
    "BMW 1 Series Coupe 2012",
    "BMW 3 Series Sedan 2012",
    "BMW 3 Series Wagon 2012",
    "BMW 6 Series Convertible 2007",
    "BMW X5 SUV 2007",
    "BMW X6 SUV 2012",
    "BMW M3 Coupe 2012",
    "BMW M5 Sedan 2010",
    "BMW M6 Convertible 2010",
    "BMW X3 SUV 2012",
    "BMW Z4 Convertible 2012",
    "Bentley Continental Supersports Conv. Convertible 2012",
    "Bentley Arnage Sedan 2009",
    "Bentley Mulsanne Sedan 2011",
    "Bentley Continental GT Coupe 2012",
    "Bentley Continental GT Coupe 2007",
    "Bentley Continental Flying Spur Sedan 2007",
    "Bugatti Veyron 16.4 Convertible 2009",
    "Bugatti Veyron 16.4 Coupe 2009",
    "Buick Regal GS 2012",
    "Buick Rainier SUV 2007",
    "Buick Verano Sedan 2012",
    "Buick Enclave SUV 2012",
    "Cadillac CTS-V Sedan 2012",
    "Cadillac SRX SUV 2012",
    "Cadillac Escalade EXT Crew Cab 2007",
    "Chevrolet Silverado 1500 Hybrid Crew Cab 2012",
    "Chevrolet Corvette Convertible 2012",
    "Chevrolet Corvette ZR1 2012",
    "Chevrolet Corvette Ron Fellows Edition Z06 2007",
    "Chevrolet Traverse SUV 2012",
    "Chevrolet Camaro Convertible 2012",
    "Chevrolet HHR SS 2010",
    "Chevrolet Impala Sedan 2007",
    "Chevrolet Tahoe Hybrid SUV 2012",
    "Chevrolet Sonic Sedan 2012",
    "Chevrolet Express Cargo Van 2007",
    "Chevrolet Avalanche Crew Cab 2012",
    "Chevrolet Cobalt SS 2010",
    "Chevrolet Malibu Hybrid Sedan 2010",
    "Chevrolet TrailBlazer SS 2009",
    "Chevrolet Silverado 2500HD Regular Cab 2012",
    "Chevrolet Silverado 1500 Classic Extended Cab 2007",
    "Chevrolet Express Van 2007",
    "Chevrolet Monte Carlo Coupe 2007",
    "Chevrolet Malibu Sedan 2007",
    "Chevrolet Silverado 1500 Extended Cab 2012",
    "Chevrolet Silverado 1500 Regular Cab 2012",
    "Chrysler Aspen SUV 2009",
    "Chrysler Sebring Convertible 2010",
    "Chrysler Town and Country Minivan 2012",
    "Chrysler 300 SRT-8 2010",
    "Chrysler Crossfire Convertible 2008",
    "Chrysler PT Cruiser Convertible 2008",
    "Daewoo Nubira Wagon 2002",
    "Dodge Caliber Wagon 2012",
    "Dodge Caliber Wagon 2007",
    "Dodge Caravan Minivan 1997",
    "Dodge Ram Pickup 3500 Crew Cab 2010",
    "Dodge Ram Pickup 3500 Quad Cab 2009",
    "Dodge Sprinter Cargo Van 2009",
    "Dodge Journey SUV 2012",
    "Dodge Dakota Crew Cab 2010",
    "Dodge Dakota Club Cab 2007",
    "Dodge Magnum Wagon 2008",
    "Dodge Challenger SRT8 2011",
    "Dodge Durango SUV 2012",
    "Dodge Durango SUV 2007",
    "Dodge Charger Sedan 2012",
    "Dodge Charger SRT-8 2009",
    "Eagle Talon Hatchback 1998",
    "FIAT 500 Abarth 2012",
    "FIAT 500 Convertible 2012",
    "Ferrari FF Coupe 2012",
    "Ferrari California Convertible 2012",
    "Ferrari 458 Italia Convertible 2012",
    "Ferrari 458 Italia Coupe 2012",
    "Fisker Karma Sedan 2012",
    "Ford F-450 Super Duty Crew Cab 2012",
    "Ford Mustang Convertible 2007",
    "Ford Freestar Minivan 2007",
    "Ford Expedition EL SUV 2009",
    "Ford Edge SUV 2012",
    "Ford Ranger SuperCab 2011",
    "Ford GT Coupe 2006",
    "Ford F-150 Regular Cab 2012",
    "Ford F-150 Regular Cab 2007",
    "Ford Focus Sedan 2007",
    "Ford E-Series Wagon Van 2012",
    "Ford Fiesta Sedan 2012",
    "GMC Terrain SUV 2012",
    "GMC Savana Van 2012",
    "GMC Yukon Hybrid SUV 2012",
    "GMC Acadia SUV 2012",
    "GMC Canyon Extended Cab 2012",
    "Geo Metro Convertible 1993",
    "HUMMER H3T Crew Cab 2010",
    "HUMMER H2 SUT Crew Cab 2009",
    "Honda Odyssey Minivan 2012",
    "Honda Odyssey Minivan 2007",
    "Honda Accord Coupe 2012",
    "Honda Accord Sedan 2012",
    "Hyundai Veloster Hatchback 2012",
    "Hyundai Santa Fe SUV 2012",
    "Hyundai Tucson SUV 2012",
    "Hyundai Veracruz SUV 2012",
    "Hyundai Sonata Hybrid Sedan 2012",
    "Hyundai Elantra Sedan 2007",
    "Hyundai Accent Sedan 2012",
    "Hyundai Genesis Sedan 2012",
    "Hyundai Sonata Sedan 2012",
    "Hyundai Elantra Touring Hatchback 2012",
    "Hyundai Azera Sedan 2012",
    "Infiniti G Coupe IPL 2012",
    "Infiniti QX56 SUV 2011",
    "Isuzu Ascender SUV 2008",
    "Jaguar XK XKR 2012",
    "Jeep Patriot SUV 2012",
    "Jeep Wrangler SUV 2012",
    "Jeep Liberty SUV 2012",
    "Jeep Grand Cherokee SUV 2012",
    "Jeep Compass SUV 2012",
    "Lamborghini Reventon Coupe 2008",
    "Lamborghini Aventador Coupe 2012",
    "Lamborghini Gallardo LP 570-4 Superleggera 2012",
    "Lamborghini Diablo Coupe 2001",
    "Land Rover Range Rover SUV 2012",
    "Land Rover LR2 SUV 2012",
    "Lincoln Town Car Sedan 2011",
    "MINI Cooper Roadster Convertible 2012",
    "Maybach Landaulet Convertible 2012",
    "Mazda Tribute SUV 2011",
    "McLaren MP4-12C Coupe 2012",
    "Mercedes-Benz 300-Class Convertible 1993",
    "Mercedes-Benz C-Class Sedan 2012",
    "Mercedes-Benz SL-Class Coupe 2009",
    "Mercedes-Benz E-Class Sedan 2012",
    "Mercedes-Benz S-Class Sedan 2012",
    "Mercedes-Benz Sprinter Van 2012",
    "Mitsubishi Lancer Sedan 2012",
    "Nissan Leaf Hatchback 2012",
    "Nissan NV Passenger Van 2012",
    "Nissan Juke Hatchback 2012",
    "Nissan 240SX Coupe 1998",
    "Plymouth Neon Coupe 1999",
    "Porsche Panamera Sedan 2012",
    "Ram C/V Cargo Van Minivan 2012",
    "Rolls-Royce Phantom Drophead Coupe Convertible 2012",
    "Rolls-Royce Ghost Sedan 2012",
    "Rolls-Royce Phantom Sedan 2012",
    "Scion xD Hatchback 2012",
    "Spyker C8 Convertible 2009",
    "Spyker C8 Coupe 2009",
    "Suzuki Aerio Sedan 2007",
    "Suzuki Kizashi Sedan 2012",
    "Suzuki SX4 Hatchback 2012",
    "Suzuki SX4 Sedan 2012",
    "Tesla Model S Sedan 2012",
    "Toyota Sequoia SUV 2012",
    "Toyota Camry Sedan 2012",
    "Toyota Corolla Sedan 2012",
    "Toyota 4Runner SUV 2012",
    "Volkswagen Golf Hatchback 2012",
    "Volkswagen Golf Hatchback 1991",
    "Volkswagen Beetle Hatchback 2012",
    "Volvo C30 Hatchback 2012",
    "Volvo 240 Sedan 1993",
    "Volvo XC90 SUV 2007",
    "smart fortwo Convertible 2012",
)

# Those of Stanford Cars, then others that a user's own table is likely to hold.
_MAKES = (
    *("AM General", "Acura", "Aston Martin", "Audi", "BMW", "Bentley", "Bugatti", "Buick"),
    *("Cadillac", "Chevrolet", "Chrysler", "Daewoo", "Dodge", "Eagle", "FIAT", "Ferrari"),
    *("Fisker", "Ford", "GMC", "Geo", "HUMMER", "Honda", "Hyundai", "Infiniti", "Isuzu"),
    *("Jaguar", "Jeep", "Lamborghini", "Land Rover", "Lincoln", "MINI", "Maybach", "Mazda"),
    *("McLaren", "Mercedes-Benz", "Mitsubishi", "Nissan", "Plymouth", "Porsche", "Ram"),
    *("Rolls-Royce", "Scion", "Spyker", "Suzuki", "Tesla", "Toyota", "Volkswagen", "Volvo"),
    *("smart", "Abarth", "Alfa Romeo", "Alpine", "BYD", "Citroën", "Cupra", "DS", "Dacia"),
    *("Daihatsu", "Genesis", "Great Wall", "Kia", "Lada", "Lancia", "Lexus", "Lotus", "Lucid"),
    *("MG", "Maserati", "Mercury", "NIO", "Oldsmobile", "Opel", "Pagani", "Peugeot"),
    *("Polestar", "Pontiac", "Renault", "Rivian", "Rover", "SEAT", "Saab", "Saturn"),
    *("SsangYong", "Subaru", "Tata", "Vauxhall", "Škoda"),
)
_SHORT_MAKES = {"chevy": "Chevrolet", "mercedes": "Mercedes-Benz", "vw": "Volkswagen"}

_TYPE_WORDS = {
    **{name.lower(): name for name in taxonomy.VEHICLE_TYPES},
    "saloon": "Sedan",
    "cabriolet": "Convertible",
    "cabrio": "Convertible",
    "hatch": "Hatchback",
    "mini van": "Minivan",
    "mpv": "Minivan",
    "estate": "Wagon",
    "station wagon": "Wagon",
    "pick up": "Pickup",
    **{f"{size} cab": "Pickup" for size in ("crew", "extended", "regular", "quad", "club")},
    **{f"{size} cab": "Pickup" for size in ("super", "double", "king", "mega")},
    **dict.fromkeys(("supercab", "supercrew", "crewmax"), "Pickup"),
}

# Names that end in a trim instead of a body. Bodies as the makers sold these cars: the Integra
# Type R as a three-door coupe, the HHR as a wagon; the Cobalt SS of 2010 was a coupe only.
_BODIES = {
    "Acura TL Type-S": "Sedan",
    "Acura Integra Type R": "Coupe",
    "Buick Regal GS": "Sedan",
    "Chevrolet Cobalt SS": "Coupe",
    "Chevrolet Corvette Ron Fellows Edition Z06": "Coupe",
    "Chevrolet Corvette Z06": "Coupe",
    "Chevrolet Corvette ZR1": "Coupe",
    "Chevrolet HHR SS": "Wagon",
    "Chevrolet TrailBlazer SS": "SUV",
    "Chrysler 300 SRT-8": "Sedan",
    "Dodge Challenger SRT8": "Coupe",
    "Dodge Charger SRT-8": "Sedan",
    "FIAT 500 Abarth": "Hatchback",
    "Jaguar XK XKR": "Coupe",
    "Lamborghini Gallardo LP 570-4 Superleggera": "Coupe",
}


@dataclass(frozen=True)
class CarName:
    """What a name says; None where it does not. `vehicle_type` is one of the taxonomy's."""

    make: str | None
    model: str | None
    vehicle_type: str | None
    year: int | None


def parse(class_name: str) -> CarName:
    """Take a name apart: make first, year first or last, the last body word wins.

    The model is what is left: "Ford E-Series Wagon Van 2012" is an "E-Series Wagon", a Van.
    A make has to be one that is known ("blue car" has none), and without a make there is no model.
    Raises nothing: of a text that is no such name, all four are None.
    """
    year, words = _take_year(_words(class_name))
    vehicle_type, start, end = _find_type(words)
    make, used = _find_make(words[:start])
    if make is None:
        return CarName(None, None, vehicle_type, year)
    model = " ".join([*words[used:start], *words[end:]])
    if vehicle_type is None:
        vehicle_type = _BODY_OF.get(_plain([make, model]))
    return CarName(make, model or None, vehicle_type, year)


def _words(text: str) -> list[str]:
    """Folders and files are often named with underscores; years come in brackets."""
    stripped = (word.strip("()[],;") for word in text.replace("_", " ").split())
    return [word for word in stripped if word]


def _take_year(words: list[str]) -> tuple[int | None, list[str]]:
    """A first word wins, for the sake of "2019 Peugeot 2008"."""
    if words and _is_year(words[0]):
        return int(words[0]), words[1:]
    if words and _is_year(words[-1]):
        return int(words[-1]), words[:-1]
    return None, words


def _is_year(word: str) -> bool:
    return re.fullmatch(r"(19|20)[0-9]{2}", word) is not None


def _find_type(words: list[str]) -> tuple[str | None, int, int]:
    """The last body named, and the span of its words; an empty span at the end when there is none.

    "Crew Cab" and "Mini Van" are tried before the single word that they end in.
    """
    for end in range(len(words), 0, -1):
        for start in (max(end - 2, 0), end - 1):
            vehicle_type = _TYPE_WORDS.get(_plain(words[start:end]))
            if vehicle_type is not None:
                return vehicle_type, start, end
    return None, len(words), len(words)


def _find_make(words: list[str]) -> tuple[str | None, int]:
    """The make that the name starts with, and how many words it has."""
    for used in range(min(2, len(words)), 0, -1):
        make = _MAKE_OF.get(_plain(words[:used]))
        if make is not None:
            return make, used
    return None, 0


def _plain(words: list[str]) -> str:
    """Words as they are compared: without case, hyphens and accents."""
    letters = unicodedata.normalize("NFKD", " ".join(words))
    return taxonomy.normalise("".join(filter(str.isascii, letters)))


_MAKE_OF = {_plain([make]): make for make in _MAKES} | _SHORT_MAKES
_BODY_OF = {_plain([name]): body for name, body in _BODIES.items()}
