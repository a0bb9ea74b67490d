"""Secrets: in the operating system's vault, else in an encrypted file that only its owner can read.

A file is what it is called: whoever can read the owner's files can read the secret, too; the encryption
keeps it out of backups' plain text and off screens. The vault is given two seconds and never asks a service
anything (specification section 2).
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from offhook.errors import SettingsError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

VAULT_PATIENCE_S = 2.0
LOCK_PATIENCE_S = 5.0
FILE = "secrets.json"
KEY_FILE = "secrets.key"
MASK = "••••"


def keep(folder: str, name: str, text: str) -> dict[str, str]:
    """Keep a secret beside any kept before; returns what the settings file says of it: where it is, and its key.

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
    """Take away a secret, as the settings file says where it is."""
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
    from offhook.settings.alone import alone

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
        from offhook.settings.stores import write_whole

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
    from offhook.settings.stores import write_whole

    write_whole(os.path.join(folder, FILE), json.dumps(found, indent=1).encode())


# --- keeping them out of sight --------------------------------------------------------------------


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with every secret in it replaced by ``••••``, in whatever form it stands there."""
    forms = {form for secret in secrets if len(secret) > 1 for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(secret: str) -> set[str]:
    """Return how a secret may be written: clear, base64, percent-encoded, in JSON, in XML."""
    import base64
    import re
    from html import escape
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "replace")
    percent = {
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        quote(secret, errors="replace"),
    }
    plain = {
        secret,
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
        base64.b64encode(data).decode().rstrip("="),
    }
    in_json = {
        json.dumps(each, ensure_ascii=ascii_only)[1:-1] for each in plain for ascii_only in (True, False)
    }
    in_json |= {each.replace("/", "\\/") for each in in_json}
    in_json |= {
        re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), each) for each in in_json
    }
    in_json |= {re.sub(r"[<>&'+\"]", lambda found: f"\\u{ord(found[0]):04X}", secret)}  # as .NET writes it
    in_xml = {
        escape(secret),
        escape(secret, quote=False),
        escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    }
    in_xml |= {each.encode("ascii", "xmlcharrefreplace").decode() for each in in_xml}
    return {*plain, *percent, *(each.lower() for each in percent if "%" in each), *in_json, *in_xml}
