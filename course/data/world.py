"""The shop's world: products, labels and the price list of each year.

    >>> product(random.Random(0))
    'Skylark kettle'

Everything here is fixed by its text; nothing is random until a caller brings a generator.
"""

import os
import random
import zlib

INTENTS = ("refund", "exchange", "delivery", "defect", "billing", "advice")
"""What a customer may want; the values of a triage object's `intent`."""

PRIORITIES = ("low", "normal", "high")
"""How soon a ticket needs a person; the values of a triage object's `priority`."""

SERIES = (
    "Alder Aspen Badger Banff Basalt Birch Bison Bluff Borealis Boulder Bramble Canyon Caribou Cascade Cedar Cinder "
    "Condor Copper Coyote Delta Denali Dune Ember Falcon Fern Fjord Flint Glacier Granite Grizzly Harrier Heron "
    "Hickory Juneau Kestrel Kodiak Larch Lichen Lynx Maple Marmot Mesa Nimbus Orca Osprey Otter Pika Pine "
    "Quartz Raven Ridgeline Sable Sequoia Sierra Skylark Sparrow Summit Talus Tamarack Teton Tundra Willow Wren Yukon"
).split()
NOUNS = (
    "tent backpack stove jacket boots headlamp kettle hammock lantern bottle "
    "tarp poncho gloves compass mattress blanket helmet harness kayak cooler"
).split()
PRICES = tuple(f"${dollars}" for dollars in range(15, 400, 5))
WARRANTIES = ("6", "9", "12", "18", "24", "30", "36", "48", "60")  # months

PRACTICE_SEED = 20_26
"""Seed of the tickets a learner measures on; graders bring their own."""


def grading_seed() -> int:
    """Return the seed of the grading draw: the grader's secret one while it judges, else the public practice seed."""
    return int(os.environ.get("COURSE_GRADING_SEED", PRACTICE_SEED))


def held_out(name: str) -> bool:
    """Tell whether pre-training never saw this product (a fifth of all names)."""
    return zlib.crc32(name.encode()) % 5 == 0


def product(rng: random.Random, pretraining: bool = False) -> str:
    """Draw a product name; `pretraining` leaves out the held-out ones."""
    while True:
        name = f"{rng.choice(SERIES)} {rng.choice(NOUNS)}"
        if not (pretraining and held_out(name)):
            return name


def products(rng: random.Random, count: int, pretraining: bool = False) -> list[str]:
    """Draw `count` different product names."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[product(rng, pretraining)] = None
    return list(names)


def price_list(year: int = 2026) -> dict[str, dict[str, str]]:
    """Return the shop's price list of a year: product → {"price": "$185", "warranty": "24"} (US dollars, months).

    The 48 products stay; every price of 2026 differs from that of 2025, which is what pre-training saw.
    """
    names = products(random.Random("catalogue"), 48, pretraining=True)
    last_year = random.Random("prices of 2025")
    entries = {name: {"price": last_year.choice(PRICES), "warranty": last_year.choice(WARRANTIES)} for name in names}
    for later in range(2026, year + 1):
        rng = random.Random(f"prices of {later}")
        entries = {
            name: {
                "price": rng.choice([price for price in PRICES if price != entry["price"]]),
                "warranty": rng.choice([months for months in WARRANTIES if months != entry["warranty"]]),
            }
            for name, entry in entries.items()
        }
    return entries
