"""Computing many things at once where each kind of them is computed in one go."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

Kind = TypeVar("Kind", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


def by_kind(
    items: Sequence[Item],
    kind: Callable[[Item], Kind],
    compute: Callable[[Kind, list[Item]], Sequence[Result]],
) -> list[Result]:
    """The items' results in their order; compute: those of all items of a kind, in order, too."""
    places: dict[Kind, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[kind(item)].append(place)
    found: dict[int, Result] = {}
    for each, where in places.items():
        results = compute(each, [items[place] for place in where])
        found |= dict(zip(where, results, strict=True))
    return [found[place] for place in range(len(items))]
