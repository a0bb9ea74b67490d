"""Which interfaces are installed, and where each is: ours in ``interfaces/``, others by their entry point.

Nothing of them is imported here. What each says of itself is :class:`offhook.about.About`, found through
:mod:`offhook.catalogue`.
"""

import os
from functools import cache

GROUP = "offhook.interfaces"
"""The entry point's group: ``NAME = "package.about:ABOUT"``. The built-in ones are in it, too."""
ANYTHING = (Exception, SystemExit)
"""What a stranger's package may raise when it is imported or asked something."""
OURS = os.path.join(os.path.dirname(__file__), "interfaces")


def where(name: str) -> str:
    """Return where an interface says what it is, as ``module:attribute``; ``""`` for one that is not installed."""
    if _is_ours(name):  # found without reading what is installed: a click cannot wait for that
        return f"{GROUP}.{name}.about:ABOUT"
    return next(iter(_entries().get(name, {}).values()), "")


def packages(name: str) -> list[str]:
    """Return the packages that bring an interface of that name: one, or several in conflict. Ours stays ours."""
    return [] if _is_ours(name) else sorted(_entries().get(name, {}))


def names() -> list[str]:
    """Return every installed interface's name."""
    return sorted({*_entries(), *_ours()})


def folder(name: str) -> str:
    """Return the folder of an interface's about-part, ``""`` where it cannot be found."""
    if _is_ours(name):
        return os.path.join(OURS, name)
    module = where(name).partition(":")[0]
    if not module:
        return ""
    from importlib.util import find_spec

    try:
        found = find_spec(module)
    except ANYTHING:  # a package that cannot be imported has nothing to say; the catalogue tells why
        return ""
    return os.path.dirname(found.origin) if found is not None and found.origin else ""


def _is_ours(name: str) -> bool:
    return name.isidentifier() and os.path.isfile(os.path.join(OURS, name, "about.py"))


def _ours() -> list[str]:
    with os.scandir(OURS) as found:
        return [each.name for each in found if _is_ours(each.name)]


@cache
def _entries() -> dict[str, dict[str, str]]:
    """Return the entry points by their names, and for each the package it comes from."""
    from importlib.metadata import entry_points

    found: dict[str, dict[str, str]] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, {})[entry.dist.name if entry.dist else ""] = entry.value
    return found
