"""Secrets: in the operating system's vault, else in an encrypted file that only its owner can read.

The file is only a file: whoever can read the owner's files can read the secret, too; the encryption
keeps it from being in plain text in backups and on screens. The vault is given two seconds and never asks a
service anything (specification section 2).
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from offhook.errors import SettingsError
from offhook.settings.files import alone, write_whole

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

VAULT_PATIENCE_S = 2.0
LOCK_PATIENCE_S = 5.0
FILE = "secrets.json"
KEY_FILE = "secrets.key"


def keep(folder: str, name: str, text: str) -> dict[str, str]:
    """Keep a secret beside any kept before; returns what the settings file is to say of it: its place and its key.

    Raises ``OSError``, and ``SettingsError`` where the file of secrets cannot be read.
    """
    key = f"{name}.{os.urandom(4).hex()}"
    if _in_vault("set_password", _service(folder), key, text) is not _NO_VAULT:
        return {"kept": "vault", "key": key}
    with _held(folder) as found:
        found[key] = _cipher(folder).encrypt(text.encode("utf-8")).decode("ascii")
        _write(folder, found)
    return {"kept": "file", "key": key}


def fetch(folder: str, name: str, written: Mapping[str, object], where: str) -> str:
    """Return a secret kept before. Raises ``SettingsError`` where it cannot be had."""
    kept, key = str(written.get("kept")), str(written.get("key"))
    if kept == "vault":
        found = _in_vault("get_password", _service(folder), key)
        if isinstance(found, str):
            return found
        raise SettingsError("secret_not_had", name=name, where=where, kept=kept)
    from cryptography.fernet import InvalidToken

    try:
        return _cipher(folder).decrypt(_read(folder)[key].encode()).decode("utf-8")
    except (KeyError, InvalidToken, ValueError, OSError):
        raise SettingsError("secret_not_had", name=name, where=where, kept=kept) from None


def forget(folder: str, written: object) -> None:
    """Remove a secret from where the settings file says it is."""
    if not isinstance(written, Mapping):
        return
    key = str(written.get("key"))
    if written.get("kept") == "vault":
        _in_vault("delete_password", _service(folder), key)
    elif written.get("kept") == "file":
        with _held(folder) as found:
            if found.pop(key, None) is not None:
                _write(folder, found)


@contextlib.contextmanager
def _held(folder: str) -> Iterator[dict[str, str]]:
    """Hold the file of secrets for a change. Raises ``SettingsError`` for one that cannot be read."""
    with alone(os.path.join(folder, f"{FILE}.lock"), LOCK_PATIENCE_S):
        try:
            yield _read(folder)
        except ValueError:
            path = os.path.join(folder, FILE)
            raise SettingsError("settings_file_unreadable", path=path, why="JSON, Fernet") from None


# --- the vault ------------------------------------------------------------------------------------

_NO_VAULT = object()


def _in_vault(do: str, *words: str) -> object:
    """Ask the vault with patience; ``_NO_VAULT`` where there is none, or it does not answer."""
    import threading

    outcome: list[object] = []

    def ask() -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            if keyring.get_keyring().priority >= 1:
                outcome.append(getattr(keyring, do)(*words))
        except (KeyringError, RuntimeError, OSError):
            pass  # none here, locked, or a service without a session: the file is the answer

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(VAULT_PATIENCE_S)
    return outcome[0] if outcome else _NO_VAULT


def _service(folder: str) -> str:
    return f"offhook {os.path.abspath(folder)}"


# --- the file -------------------------------------------------------------------------------------


def _cipher(folder: str) -> "Fernet":
    from cryptography.fernet import Fernet

    path = os.path.join(folder, KEY_FILE)
    try:
        with open(path, "rb") as file:
            return Fernet(file.read())
    except FileNotFoundError:
        key = Fernet.generate_key()
        write_whole(path, key)
        return Fernet(key)


def _read(folder: str) -> dict[str, str]:
    try:
        with open(os.path.join(folder, FILE), "rb") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _write(folder: str, found: dict[str, str]) -> None:
    write_whole(os.path.join(folder, FILE), json.dumps(found, indent=1).encode())
