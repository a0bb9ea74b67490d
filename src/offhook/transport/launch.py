"""Starting a program, or whatever is registered for an address. Never a shell, never ourselves.

Linux: ``xdg-open``, after looking up who is registered for the scheme. Windows: ShellExecute with its verb.
"""

import os
from collections.abc import Mapping, Sequence

from offhook.errors import OffhookError, SettingsError, Unavailable, reason

WITHIN_S = 5.0
"""How long to wait for a program to say that it cannot start."""
GUARD = "OFFHOOK_LAUNCHED"
"""Marks what we start: an Offhook started with it has been called in a circle."""


def launch(
    words: Sequence[str], *, is_address: bool, verb: str = "OPEN", environ: Mapping[str, str] = os.environ
) -> None:
    """Start ``words``: a program with its arguments, or one address for the program registered for it.

    Raises ``SettingsError`` where that would be ourselves and ``Unavailable`` where there is no such program.
    """
    check_no_loop(words, environ)
    if os.name == "nt" and is_address:
        _shell_execute(words[0], verb)
        return
    if is_address:
        words = [_handler(words[0], environ)[0], words[0]]
    _run(words, environ)


def _handler(address: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return what opens an address, and the program registered for it. Raises where either is not there."""
    scheme = address.partition(":")[0].lower()
    registered = handler_of(scheme, environ)
    if registered and _is_offhook(registered):
        raise SettingsError("launch_loop", scheme=scheme)
    opener = _on_path("xdg-open", environ)
    if not opener:
        raise Unavailable("opener_missing", part="xdg-open", package="xdg-utils")
    if not registered:
        raise Unavailable("no_handler", scheme=scheme)
    return opener, registered


def _program(name: str, environ: Mapping[str, str]) -> str:
    """Return where a program is. Raises ``Unavailable`` where it is not there."""
    found = name if os.path.dirname(name) else _on_path(name, environ)
    if not found or not os.path.exists(found):
        raise Unavailable("program_missing", program=name[:80])
    return found


def check_no_loop(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    """Raise ``SettingsError`` where we were started by what we started ourselves."""
    if environ.get(GUARD):
        raise SettingsError("launch_loop", scheme=words[-1].partition(":")[0][:20])


def started(words: Sequence[str], *, is_address: bool, environ: Mapping[str, str] = os.environ) -> str:
    """Return which program :func:`launch` would start, ``""`` where only Windows knows. Raises what it would raise."""
    check_no_loop(words, environ)
    if not is_address:
        return _program(words[0], environ)
    return "" if os.name == "nt" else _handler(words[0], environ)[1]


def opener_error() -> OffhookError | None:
    """Return why addresses cannot be opened here, ``None`` where they can."""
    if os.name == "nt" or _on_path("xdg-open", os.environ):
        return None
    return Unavailable("opener_missing", part="xdg-open", package="xdg-utils")


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a program we start: without our settings, some of which are secrets."""
    kept = {
        name: text
        for name, text in environ.items()
        if not name.startswith("OFFHOOK_") or name == "OFFHOOK_HOME"
    }
    return kept | {GUARD: "1"}


def handler_of(scheme: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the command line registered for a scheme on a freedesktop system, ``""`` where none is."""
    import subprocess

    query = _on_path("xdg-mime", environ)
    if not query:
        return ""
    try:
        found = subprocess.run(  # noqa: S603 - a fixed program, and a scheme of letters
            [query, "query", "default", f"x-scheme-handler/{scheme}"],
            capture_output=True, text=True, timeout=WITHIN_S, check=False, env=child_environment(environ),
            stdin=subprocess.DEVNULL,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return _exec_line(found, environ) if found else ""


def _exec_line(entry: str, environ: Mapping[str, str]) -> str:
    """Return the ``Exec`` line of a desktop entry, or the entry's name where that cannot be read."""
    home = environ.get("XDG_DATA_HOME") or os.path.join(environ.get("HOME", ""), ".local/share")
    folders = [home, *(environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")]
    for folder in folders:
        try:
            with open(
                os.path.join(folder, "applications", entry), encoding="utf-8", errors="replace"
            ) as file:
                for line in file:
                    if line.startswith("Exec="):
                        return line.removeprefix("Exec=").strip()
        except OSError:
            continue
    return entry


def _is_offhook(command: str) -> bool:
    """Say whether a registered command is this program, by whatever name it is called."""
    words = command.replace('"', " ").replace("'", " ").split()
    names = {os.path.basename(word).lower().removesuffix(".exe").removesuffix(".desktop") for word in words}
    return "offhook" in names or any(word.startswith("offhook.") for word in words)


def _on_path(name: str, environ: Mapping[str, str]) -> str:
    for folder in (environ.get("PATH") or os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        if folder and os.access(path, os.X_OK):
            return path
    return ""


def _run(words: Sequence[str], environ: Mapping[str, str]) -> None:
    """Start a program on its own; wait a moment for one that fails at once."""
    import subprocess

    program = _program(words[0], environ)
    try:
        child = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
            [program, *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=child_environment(environ), start_new_session=True, close_fds=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise Unavailable("program_failed", program=words[0][:80], why=reason(error)) from None
    try:
        code = child.wait(0.5 if os.path.basename(program) == "xdg-open" else 0.2)
    except subprocess.TimeoutExpired:
        import threading

        threading.Thread(target=child.wait, daemon=True).start()  # it keeps running; nobody need wait
        return
    if code:
        raise Unavailable("program_failed", program=words[0][:80], why=str(code))


def _shell_execute(address: str, verb: str) -> None:
    import ctypes

    shell = ctypes.windll.shell32  # type: ignore[attr-defined]
    own = {name: text for name, text in os.environ.items() if name.startswith("OFFHOOK_")}
    for name in own:  # the child gets the environment of this process: without our settings for that moment
        del os.environ[name]
    os.environ |= {GUARD: "1"} | {name: text for name, text in own.items() if name == "OFFHOOK_HOME"}
    try:
        code = int(shell.ShellExecuteW(None, verb.lower() or None, address, None, None, 1))
    finally:
        del os.environ[GUARD]
        os.environ |= own
    if code <= 32:
        raise Unavailable("no_handler", scheme=address.partition(":")[0])
