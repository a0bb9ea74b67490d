"""Every error Offhook raises: who must act, and whether trying again is safe.

::

    OffhookError                    exit  who must act, and is a retry safe?
    ├── CommandError                  2   the caller: the command itself is wrong; not as it stands
    │   └── Unsupported               2   the caller: this line, or this call now, cannot do that
    ├── SettingsError                 3   the administrator: a setting or file is wrong; after mending it
    ├── Unavailable                   4   the administrator: something is missing on this machine; after installing it
    ├── Refused                       5   the caller: the number, a guard or the other side said no; not as it stands
    │   └── LoginRefused              5   the administrator: the account or token is not accepted; after mending it
    ├── Unreachable                   6   nobody: nothing was sent; yes, at any time
    ├── OutcomeUnknown                7   a person: it was sent and no answer came; never by itself
    └── ProtocolError                 8   the maker: what came back cannot be read; after reconnecting

An error travels as ``code`` and ``params``, with the name of the interface it happened on. Its sentence and its hint
are written in the reader's language at the edge (:mod:`offhook.texts`), so no layer below ever formats a message.
Secrets are never parameters. Exit codes: specification section 10.

:data:`CODES` are those every interface may use; an interface's own are in its about-part
(:attr:`offhook.about.About.codes`), their sentences beside it.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import errorcode
from itertools import islice
from typing import Any, ClassVar

__all__ = [
    "CODES",
    "CommandError",
    "LoginRefused",
    "OffhookError",
    "OutcomeUnknown",
    "ProtocolError",
    "Refused",
    "SettingsError",
    "Unavailable",
    "Unreachable",
    "Unsupported",
    "error_from_json",
    "on",
    "reason",
    "unresolved",
]


class OffhookError(Exception):
    """The root of the tree. Raised only through its branches.

    ``code`` is a key of :data:`CODES` or of the interface's own; ``params`` are the values its sentence needs;
    ``interface`` is the interface it happened on, or ``""``.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, *, interface: str = "", **params: str | int | float) -> None:
        super().__init__(code)
        self.code = code
        self.interface = interface
        self.params = params

    def text(self, language: str = "en") -> str:
        """Return the sentence that says what is wrong and where, in ``language`` (``en`` or ``fr``)."""
        from offhook import texts

        return texts.of_error("error", self.code, self.interface, language, self.params)

    def hint_text(self, language: str = "en") -> str:
        """Return the sentence that says what to do about it, in ``language`` (``en`` or ``fr``)."""
        from offhook import texts

        return texts.of_error("hint", self.code, self.interface, language, self.params)

    @property
    def hint(self) -> str:
        """What to do about it, in English."""
        return self.hint_text()

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> dict[str, Any]:
        """Return the shape in which an error crosses a connection: kind, code, interface and params."""
        return {
            "kind": type(self).__name__,
            "code": self.code,
            "interface": self.interface,
            "params": self.params,
        }


class CommandError(OffhookError):
    """The command itself is wrong: a call that is not there, a line not named."""

    exit_code = 2


class Unsupported(CommandError):
    """This interface cannot do that, or this call cannot take it now."""


class SettingsError(OffhookError):
    """A setting or a settings file is wrong. Nothing was sent and the file is as it was."""

    exit_code = 3


class Unavailable(OffhookError):
    """Something needed on this machine is missing."""

    exit_code = 4


class Refused(OffhookError):
    """The number, a guard or the other side said no. Nothing happened."""

    exit_code = 5


class LoginRefused(Refused):
    """The account, password or token is not accepted."""


class Unreachable(OffhookError):
    """The other side could not be reached, and it is certain that nothing was sent."""

    exit_code = 6


class OutcomeUnknown(OffhookError):
    """The command was sent and no answer came. It is never repeated by itself."""

    exit_code = 7


class ProtocolError(OffhookError):
    """What the other side sent cannot be read."""

    exit_code = 8


CODES: dict[str, type[OffhookError]] = {
    "usage": CommandError,
    "value_missing": CommandError,
    "command_unknown": CommandError,
    "choice_unknown": CommandError,
    "call_unknown": CommandError,
    "call_ambiguous": CommandError,
    "call_none": CommandError,
    "no_consultation": CommandError,
    "line_unknown": CommandError,
    "secret_as_argument": CommandError,
    "command_unreadable": CommandError,
    "dial_by_get": CommandError,
    "not_by_interface": Unsupported,
    "not_now": Unsupported,
    "resume_first": Unsupported,
    "answer_first": Unsupported,
    "setting_unknown": SettingsError,
    "setting_unreadable": SettingsError,
    "setting_locked": SettingsError,
    "file_missing": SettingsError,
    "setting_missing": SettingsError,
    "settings_file_unreadable": SettingsError,
    "settings_file_too_long": SettingsError,
    "settings_not_written": SettingsError,
    "shared_folder_down": SettingsError,
    "secret_not_had": SettingsError,
    "placeholder_empty": SettingsError,
    "value_undeliverable": SettingsError,
    "url_unusable": SettingsError,
    "launch_loop": SettingsError,
    "parameter_file_missing": SettingsError,
    "parameter_file_wrong": SettingsError,
    "parameter_file_lacks": SettingsError,
    "certificate_unusable": SettingsError,
    "directory_unreadable": SettingsError,
    "directory_headings": SettingsError,
    "desk_unknown": SettingsError,
    "desk_unreadable": SettingsError,
    "address_not_loopback": SettingsError,
    "store_newer": SettingsError,
    "store_unreadable": SettingsError,
    "interface_unknown": Unavailable,
    "interface_not_there_yet": Unavailable,
    "part_missing": Unavailable,
    "no_handler": Unavailable,
    "program_missing": Unavailable,
    "opener_missing": Unavailable,
    "program_failed": Unavailable,
    "line_in_use": Unavailable,
    "port_taken": Unavailable,
    "port_refused": Unavailable,
    "hub_running": Unavailable,
    "agent_running": Unavailable,
    "interface_broken": Unavailable,
    "examination_late": Unavailable,
    "folder_unusable": SettingsError,
    "store_failed": Unavailable,
    "no_hub": Unavailable,
    "no_world": Unavailable,
    "board_needed": Unavailable,
    "number_unreadable": Refused,
    "number_empty": Refused,
    "number_several": Refused,
    "number_figure": Refused,
    "number_zero": Refused,
    "number_pause": Refused,
    "number_too_long": Refused,
    "number_abroad": Refused,
    "nobody_named": Refused,
    "number_post_dial": Refused,
    "refused_by_switch": Refused,
    "refused_by_server": Refused,
    "setting_not_here": Refused,
    "guard_country": Refused,
    "guard_premium": Refused,
    "guard_listed": Refused,
    "guard_rate": Refused,
    "guard_code": Refused,
    "guard_unknown": Refused,
    "foreign_request": Refused,
    "login_refused": LoginRefused,
    "account_refused": LoginRefused,
    "hub_unreachable": Unreachable,
    "switch_unreachable": Unreachable,
    "name_unknown": Unreachable,
    "names_silent": Unreachable,
    "line_lost": Unreachable,
    "server_unreachable": Unreachable,
    "server_failing": Unreachable,
    "tls_failed": Unreachable,
    "proxy_refused": Unreachable,
    "answer_lost": OutcomeUnknown,
    "server_answer_lost": OutcomeUnknown,
    "redirected": OutcomeUnknown,
    "value_breaks_line": Refused,
    "switch_permission": Refused,
    "switch_no_channel": Refused,
    "switch_no_extension": Refused,
    "switch_no_feature": Refused,
    "switch_no_action": Refused,
    "device_unregistered": Refused,
    "device_unknown": Refused,
    "context_missing": SettingsError,
    "recording_unreadable": CommandError,
    "file_exists": CommandError,
    "file_unwritable": CommandError,
    "plan_empty": SettingsError,
    "plan_no_outside": SettingsError,
    "plan_desk": SettingsError,
    "switch_login_refused": LoginRefused,
    "switch_silent": Unreachable,
    "reply_unreadable": ProtocolError,
    "reply_cut": ProtocolError,
    "reply_not_of_kind": ProtocolError,
    "token_missing": ProtocolError,
    "value_too_long": ProtocolError,
    "version_unknown": ProtocolError,
    "message_too_long": ProtocolError,
}
"""The codes every interface may use, and the branch each belongs to; each has a sentence and a hint."""


KINDS: dict[str, type[OffhookError]] = {
    kind.__name__: kind
    for kind in (
        CommandError, Unsupported, SettingsError, Unavailable, Refused, LoginRefused, Unreachable, OutcomeUnknown,
        ProtocolError,
    )
}  # fmt: skip
"""Every branch by its name in JSON."""


def error_from_json(value: object) -> OffhookError:
    """Rebuild an error from :meth:`OffhookError.to_json`; a code that this version does not know stays as it is."""
    if isinstance(value, dict):
        code, params, interface = value.get("code"), value.get("params"), value.get("interface", "")
        kind = KINDS.get(str(value.get("kind")))
        if kind is not None and isinstance(code, str) and isinstance(params, dict):
            words = {str(key): item for key, item in params.items() if isinstance(item, str | int | float)}
            for reserved in ("self", "code", "interface"):
                words.pop(reserved, None)
            return kind(code[:LONGEST_CODE], interface=str(interface)[:LONGEST_CODE], **words)
    return ProtocolError("reply_unreadable", source="error")


def some_of(names: Iterable[str], most: int = 10) -> str:
    """Return names as a message lists them: the first few, and whether there are more."""
    first = list(islice(names, most + 1))
    return ", ".join([*first[:most], "…"] if len(first) > most else first)


def reason(error: BaseException) -> str:
    """Return the word for why the operating system or TLS failed: ``ECONNREFUSED``, ``EAI_NONAME``, ``tls_expired``.

    It travels as the parameter ``why`` and becomes words only where it is read (``cause.…`` of :mod:`offhook.texts`).
    What has no such word is said in its own.
    """
    kind = type(error).__name__
    if kind == "gaierror":
        return "EAI_AGAIN" if getattr(error, "errno", None) in _NO_NAME_SERVER else "EAI_NONAME"
    if kind == "UnicodeDecodeError":
        return "not_utf8"
    if kind.startswith("SSL"):
        said = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "TLS"
        return _CERTIFICATE.get(getattr(error, "verify_code", 0), str(said)[:LONGEST_WHY])
    if "idna" in str(error):  # no name that could be known: a part of it is empty or too long
        return "EAI_NONAME"
    number = getattr(error, "errno", None)
    if number is None and (several := _NUMBER.findall(str(error))):  # every address of a name was tried
        number = int(several[-1])
    if number is None and isinstance(error, TimeoutError):
        return "ETIMEDOUT"
    if isinstance(number, int) and number in errorcode:
        return errorcode[number].removeprefix("WSA")
    return (str(getattr(error, "strerror", None) or error) or kind)[:LONGEST_WHY]


def unresolved(name: str, error: BaseException) -> "Unreachable | None":
    """Return the error for a server's name that cannot be looked up, ``None`` where another thing went wrong."""
    code = _NAMELESS.get(reason(error))
    return Unreachable(code, name=name) if code else None


_NAMELESS = {"EAI_NONAME": "name_unknown", "EAI_AGAIN": "names_silent"}
_NO_NAME_SERVER = (-3, 2, 11002)
"""``EAI_AGAIN`` of Linux, of macOS, of Windows."""
_NUMBER = re.compile(r"\[Errno (\d+)\]")
_CERTIFICATE = {
    9: "tls_not_yet", 10: "tls_expired", 18: "tls_authority", 19: "tls_authority", 20: "tls_authority",
    21: "tls_authority", 62: "tls_name", 64: "tls_name",
}  # fmt: skip
"""What a certificate that does not verify is: OpenSSL's numbers (``X509_verify_cert_error_string``)."""


@contextmanager
def on(interface: str) -> Iterator[None]:
    """Put an interface's name into every error of the block that does not have one yet."""
    try:
        yield
    except OffhookError as error:
        error.interface = error.interface or interface
        raise


LONGEST_WHY = 120
"""Longest reason in somebody else's own words, in characters."""
LONGEST_CODE = 80
"""Longest code and interface name read, in characters."""
