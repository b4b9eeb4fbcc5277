"""Computing each kind of things in one go, and answering in the order in which they were asked."""

from emailimg.together import by_kind


def test_each_kind_is_computed_once_and_the_order_kept() -> None:
    computed: list[tuple[str, list[str]]] = []

    def shout(initial: str, words: list[str]) -> list[str]:
        computed.append((initial, words))
        return [word.upper() for word in words]

    words = ["boat", "car", "bus", "coach"]
    assert by_kind(words, lambda word: word[0], shout) == ["BOAT", "CAR", "BUS", "COACH"]
    assert computed == [("b", ["boat", "bus"]), ("c", ["car", "coach"])]


def test_of_nothing_nothing_is_computed() -> None:
    assert by_kind([], len, lambda *_: 1 / 0) == []
