"""How long to wait before trying a lost link again; the waiting is left to the caller."""

from collections.abc import Iterator
from random import Random


def pauses(first_s: float = 0.2, longest_s: float = 30.0, chance: Random | None = None) -> Iterator[float]:
    """Yield seconds to wait: doubling up to ``longest_s``, each at random between half its step and the whole.

    Chance keeps a thousand desks from coming back in the same instant.
    """
    chance = chance or Random()  # noqa: S311 - spreads load, guards nothing
    step = first_s
    while True:
        yield step * chance.uniform(0.5, 1.0)
        step = min(step * 2, longest_s)
