"""How long a long run is: one in twenty in ``make test``, whole in ``make long``."""

import os

LONG = os.environ.get("OFFHOOK_TESTS") == "long"
FACTOR = 20 if LONG else 1


def examples(usual: int) -> int:
    """Return how many examples a property is tried with."""
    return usual * FACTOR
