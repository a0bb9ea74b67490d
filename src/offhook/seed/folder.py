"""Where the parameter file is, named by a setting or in the shared folder, and what it sets for everybody."""

import os
from collections.abc import Callable, Mapping

from offhook.errors import SettingsError
from offhook.seed import parameters
from offhook.settings import shared
from offhook.settings.model import checked
from offhook.settings.places import home
from offhook.settings.shared import SharedFile, shared_folder
from offhook.settings.values import Place, Settings, Value

WEB_FILE = "clicktocall_param.txt"


def with_shared(settings: Settings, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings with what the shared folder says beneath them. Raises ``SettingsError``."""
    return Settings(settings.places._replace(shared=place_of(settings, home(environ))), settings.known)


def web_file(setting: Callable[[str], str], home: str) -> SharedFile | None:
    """Return the web interface's parameter file: ``web.file``, else the one in the shared folder.

    Raises ``SettingsError`` where it is set but cannot be had, not even as a copy.
    """
    if setting("web.file"):
        folder, name = os.path.split(setting("web.file"))
        found = shared.read(folder or ".", name, home)
        if found is None:
            raise SettingsError("settings_file_unreadable", path=setting("web.file"), why="ENOENT")
        return found
    folder = shared_folder(setting)
    return shared.read(folder, WEB_FILE, home) if folder else None


def place_of(settings: Settings, home: str) -> Place:
    """Return what the shared folder's files set of the settings themselves.

    Where they cannot be had, asking for the command raises the reason: a command other than the folder's would be
    a silent change. What does not need it goes on.
    """
    try:
        found = web_file(settings.__getitem__, home)
    except SettingsError as error:
        return _unknown(error)
    if found is None:
        return Place({})
    file = parameters.read(found.data)
    values: dict[str, Value] = {}
    for section, tag, name in (
        ("callto", "cmd", "callto.command"),
        ("callto", "cmdshellexecute", "callto.verb"),
        ("global", "noshowwindow", "window.show"),
    ):
        entry = file.entry(section, tag)
        if entry is None or not entry.text:
            continue
        text = {"1": "no", "0": "yes"}.get(entry.text.strip(), "yes") if tag == "noshowwindow" else entry.text
        where = f"{found.name}:{entry.line}"
        values[name] = Value(checked(name, text, where), where, "shared")
    return Place(values)


def _unknown(error: SettingsError) -> Place:
    def fetch() -> str:
        raise error

    where = str(error.params.get("path", "shared_folder"))
    return Place({"callto.command": Value("", where, "shared", fetch)})
