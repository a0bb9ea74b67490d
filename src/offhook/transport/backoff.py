"""How long to wait before the next try of a lost link; whoever waits does the waiting."""

from collections.abc import Iterator
from random import Random


def pauses(first_s: float = 0.2, longest_s: float = 30.0, chance: Random | None = None) -> Iterator[float]:
    """Yield seconds to wait: doubling up to ``longest_s``, each between half and the whole of its step.

    The chance in it keeps a thousand desks from coming back in the same instant.
    """
    chance = chance or Random()  # noqa: S311 - spreads load, guards nothing
    step = first_s
    while True:
        yield step * chance.uniform(0.5, 1.0)
        step = min(step * 2, longest_s)
