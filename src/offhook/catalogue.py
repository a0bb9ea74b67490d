"""Interfaces by name: the built-in ones come in by the same door as a stranger's.

Says of each what it is, whether it can run here and, if not, what is missing and how to get it. A broken one,
whatever it raises, is shown as broken with its reason and stops nobody.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from offhook import installed
from offhook.about import KINDS, About, Availability, Setting
from offhook.errors import CODES, OffhookError, Unavailable
from offhook.installed import ANYTHING

if TYPE_CHECKING:
    from offhook.interface import Interface

PATIENCE_S = 5.0
"""How long an interface may take to say whether it can run."""


def about(name: str) -> About:
    """Return what an interface says of itself. Raises ``Unavailable`` for one that is unknown or broken."""
    found = _found(canonical(name))
    if isinstance(found, OffhookError):
        raise found
    return found


def canonical(name: str) -> str:
    """Return an interface's own name for one of its names (``alcatel`` is ``alsatel``)."""
    return name if installed.where(name) else _aliases().get(name, name)


def abouts() -> dict[str, About | Unavailable]:
    """Return what every installed interface says of itself, or why it is broken."""
    return {name: _found(name) for name in installed.names()}


def known(name: str) -> About | None:
    """Return what an interface says of itself, ``None`` where it is unknown or broken."""
    found = _found(canonical(name))
    return found if isinstance(found, About) else None


def load(name: str) -> "type[Interface]":
    """Return the interface of that name. Raises ``Unavailable``, naming those there are."""
    said = about(name)
    if not said.driver:
        raise Unavailable("interface_not_there_yet", interface=said.name, name=said.name)
    found: type[Interface] = part(said, said.driver)
    own: object = getattr(found, "about", None)
    if own is not said:
        raise _broken(said.name, f"its driver {said.driver} says of itself {own!r:.60}, not its about-part")
    return found


def part(said: About, path: str) -> Any:
    """Import a part that an interface names as ``module:attribute``. Raises ``Unavailable``."""
    module, _colon, attribute = path.partition(":")
    try:
        from importlib import import_module

        return getattr(import_module(module), attribute)
    except ImportError as error:
        if installed.packages(said.name):  # a stranger's: its package should have brought what it needs
            raise _broken(said.name, error) from error
        raise Unavailable(
            "part_missing",
            interface=said.name,
            part=(getattr(error, "name", "") or str(error)).partition(".")[0],
        ) from error
    except ANYTHING as error:
        raise _broken(said.name, error) from error


@contextmanager
def answering(name: str) -> Iterator[None]:
    """Ask an interface something within the block: whatever it raises that is no error of ours is its fault.

    Raises ``Unavailable`` saying why, so that it is that interface's trouble and nobody else's.
    """
    try:
        yield
    except OffhookError:
        raise
    except ANYTHING as error:
        raise _broken(name, error) from error


async def availability(name: str) -> Availability:
    """Say whether an interface can run here."""
    import asyncio

    from offhook.thread import in_thread  # one that blocks instead of waiting holds nobody up

    async def ask() -> object:
        return await load(name).availability()

    try:
        async with asyncio.timeout(PATIENCE_S):
            said = await in_thread(lambda: asyncio.run(ask()))
        if isinstance(said, Availability) and (said.error is None or isinstance(said.error, OffhookError)):
            return said._replace(name=canonical(name))
        return Availability(name, _broken(name, f"asked whether it can run, it says {said!r:.60}"))
    except Unavailable as error:
        return Availability(name, error)
    except TimeoutError:
        return Availability(name, _broken(name, f"it did not say within {PATIENCE_S:g} s whether it can run"))
    except ANYTHING as error:
        return Availability(name, _broken(name, error))


async def availabilities() -> list[Availability]:
    """Say of every known and every installed interface whether it can run here: all are asked at once."""
    import asyncio

    return list(await asyncio.gather(*map(availability, installed.names())))


def setting_of(name: str) -> Setting | None:
    """Return an interface's own setting by its full name, ``None`` where there is none.

    The settings of a broken interface are not known: any of its names is taken, and not shown.
    """
    owner = name.partition(".")[0]
    if not installed.where(owner):
        return None
    said = _found(owner)
    if isinstance(said, OffhookError):
        return Setting(name, secret=True, owner=owner)
    return _settings(owner).get(name)


@cache
def _settings(owner: str) -> dict[str, Setting]:
    return {each.name: each for each in about(owner).own()}


@cache
def _found(name: str) -> About | Unavailable:
    place = installed.where(name)
    if not place:
        return Unavailable("interface_unknown", name=name[:60], known=", ".join(installed.names()))
    packages = installed.packages(name)
    if len(packages) > 1:
        return _broken(name, f"several packages bring it: {', '.join(packages)}")
    module, _colon, attribute = place.partition(":")
    try:
        from importlib import import_module

        said = getattr(import_module(module), attribute)
        wrong = _wrong_with(name, said)
    except ANYTHING as error:
        return _broken(name, error)
    return _broken(name, wrong) if wrong else said


def _wrong_with(name: str, said: object) -> str:
    """Return what is wrong with an about-part, ``""`` for nothing."""
    if not isinstance(said, About):
        return "its entry point leads to no offhook.about.About"
    if said.name != name:
        return f"its entry point is called {name}, its about-part {said.name!r}"
    for each in said.settings:
        if not _is_setting(each):
            return f"its setting {getattr(each, 'name', each)!r:.60} is none that offhook.about.Setting describes"
    for code, kind in said.codes.items():
        if not _is_branch(kind):
            return f"its error code {code!r:.60} belongs to no branch of offhook.errors"
        if code in CODES:
            return f"its error code {code!r:.60} is one of Offhook's own"
    words = (
        *said.uses,
        *said.aliases,
        *said.without,
        *said.without.values(),
        said.driver,
        said.cold,
        said.pretend,
    )
    if not all(isinstance(each, str) for each in words):
        return "what it uses, its other names and its parts are words"
    return ""


def _is_setting(each: object) -> bool:
    if not isinstance(each, Setting) or each.kind not in KINDS:
        return False
    words = (each.name, each.default, each.option, *each.choices)
    return all(isinstance(word, str) for word in words) and "." not in each.name


def _is_branch(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, OffhookError) and kind is not OffhookError


def _broken(name: str, why: BaseException | str) -> Unavailable:
    said = why if isinstance(why, str) else f"{type(why).__name__}: {why}"
    return Unavailable("interface_broken", interface=name, name=name, why=said[:200])


@cache
def _aliases() -> dict[str, str]:
    found: Iterable[About] = (each for each in map(_found, installed.names()) if isinstance(each, About))
    return {alias: each.name for each in found for alias in each.aliases}
