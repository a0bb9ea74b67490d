"""The parameter file's requests, and what the replies to them mean for a command. No I/O.

A conversation is a generator: it yields what it wants (a :class:`Request`, or :class:`TokenWanted`) and is sent
the :class:`Reply` or the token. So token, dial and the one retry can be followed without a network
(specification section 5).
"""

import re
from collections.abc import Generator, Mapping
from typing import NamedTuple

from offhook import template
from offhook.errors import (
    LoginRefused,
    OffhookError,
    OutcomeUnknown,
    ProtocolError,
    Refused,
    SettingsError,
    Unreachable,
)
from offhook.masking import masked
from offhook.seed.parameters import ParameterFile, seconds
from offhook.seed.replies import Names, first
from offhook.template import Values

FORM = "application/x-www-form-urlencoded"
METHOD = {"dial": "POST", "event": "GET", "token": "GET"}
"""Each section's method where the file names none."""
SAID = 120
"""How much of a server's own words a message repeats."""


class Request(NamedTuple):
    """A request as it goes out, and as it may be shown: secrets as ``••••``."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    shown: str = ""

    def __repr__(self) -> str:
        """Leave out what may hold a secret."""
        return f"Request({self.shown.splitlines()[0] if self.shown else self.method!r})"


class Reply(NamedTuple):
    """What came back; ``fault`` says what was wrong with it (:class:`offhook.transport.web.HttpReply`)."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
    fault: str = ""

    def __repr__(self) -> str:
        """Leave out what may repeat a secret."""
        return f"Reply({self.status}, {len(self.body)} bytes, fault={self.fault!r})"


class TokenWanted(NamedTuple):
    """Asks for a token; ``refused`` is one the server did not take, so a new one is needed."""

    refused: str = ""


Wanted = Request | TokenWanted
Conversation = Generator[Wanted, Reply | str, None]


def request(file: ParameterFile, section: str, values: Values) -> Request:
    """Return a section's request. Raises ``SettingsError`` naming what is missing or cannot be sent."""
    made = _request(file, section, values)
    hidden = _request(file, section, values.masked())
    lines = [f"{hidden.method} {hidden.url}", *(f"{name}: {value}" for name, value in hidden.headers)]
    body = hidden.body.decode("utf-8", "replace")
    return made._replace(shown="\n".join([*lines, "", body] if body else lines))


def _request(file: ParameterFile, section: str, values: Values) -> Request:
    method = file.word(section, "methode", METHOD[section]).upper()
    headers = template.headers(file.text(section, "headers"), values)
    content_type = file.word(section, "contenttype")
    body = b""
    if method != "GET":
        body = template.body(
            file.text(section, "data"), file.text(section, "dataencode"), content_type, values
        )
        if not any(name.lower() == "content-type" for name, _value in headers):
            headers.append(("Content-Type", content_type or FORM))
    url = template.url(file.word(section, "url"), values)
    return Request(method, url, tuple(headers), body)


def usable(file: ParameterFile, name: str) -> None:
    """Raise ``SettingsError`` naming the first line of a file that is wrong, or what it lacks."""
    for finding in file.errors:
        if file.section_at(finding.line) != "callto":
            where = f"{name}:{finding.line}"
            raise SettingsError("parameter_file_wrong", where=where, finding=finding.code, **finding.params)
    if not file.word("dial", "url"):
        raise SettingsError("parameter_file_lacks", where=name, what="<cliktocalldial> <url>")


def timing(file: ParameterFile) -> tuple[float, float]:
    """Return the pause between polls and the read time-out of one, seconds."""
    pause = seconds(file.word("global", "timeout1", "1"))
    patience = seconds(file.word("global", "timeout2") or file.word("global", "timeout3", "1"))
    return (1.0 if pause is None else pause), (patience or 1.0)


# --- conversations ----------------------------------------------------------------------------------


def dialling(file: ParameterFile, values: Values) -> Conversation:
    """Dial: the token if one is wanted, the request, and once more where the token was refused.

    Raises what went wrong: ``Refused``, ``LoginRefused``, ``OutcomeUnknown``.
    """
    yield from _asking(file, "dial", values)


def polling(file: ParameterFile, values: Values) -> Generator[Wanted, Reply | str, Reply]:
    """Read what is waiting; returns the reply. Raises where the reply is not one."""
    reply = yield from _asking(file, "event", values)
    return reply


def _asking(file: ParameterFile, section: str, values: Values) -> Generator[Wanted, Reply | str, Reply]:
    with_token = file.on("token", "with_token")
    token = ""
    if with_token:
        token = _text((yield TokenWanted()))
    reply = _reply((yield request(file, section, values.replaced(token=token))))
    if reply.status in (401, 403) and with_token:
        token = _text((yield TokenWanted(refused=token)))
        reply = _reply((yield request(file, section, values.replaced(token=token))))
    error = _judged(reply, section, values.replaced(token=token))
    if error is not None:
        raise error
    return reply


def asking_token(
    file: ParameterFile, values: Values
) -> Generator[Wanted, Reply | str, tuple[str, float | None]]:
    """Get a token; returns it and how long it lasts, seconds (``None``: not said). Raises where there is none."""
    reply = _reply((yield request(file, "token", values)))
    error = _judged(reply, "token", values)
    if error is not None:
        raise error
    kind, content_type = file.word("token", "type_return").lower(), reply.headers.get("content-type", "")
    token = first(reply.body, content_type, kind, names(file, "token", "token"), "token")
    if not token:
        raise ProtocolError("token_missing")
    lifetime = first(reply.body, content_type, kind, Names(), "expires_in")
    plain = lifetime.partition(".")[0]
    known = plain.isascii() and plain.isdigit() and len(plain) < 10
    return token, float(plain) if known else None


def names(file: ParameterFile, section: str, field: str) -> Names:
    """Return what the file calls a field of a section's replies."""
    in_attribute = file.on(section, f"xml_result_{field}_in_attrib")
    return Names(
        json=file.word(section, f"json_{field}"),
        xml=file.word(section, f"xml_{field}"),
        attribute=file.word(section, f"xml_{field}_attrib") if in_attribute else "",
    )


def _judged(reply: Reply, section: str, values: Values) -> OffhookError | None:
    """Return what went wrong with an exchange that began, ``None`` for success."""
    status, fault = reply.status, reply.fault
    if section == "event" and fault == "late":  # a long poll with nothing to say
        return None
    if 200 <= status < 300:
        whole = section == "dial" or not fault
        return None if whole else ProtocolError("reply_cut", why=fault)
    if status in (401, 403):
        return LoginRefused("account_refused", status=status, said=_said(reply, values))
    if 400 <= status < 500:
        return Refused("refused_by_server", status=status, said=_said(reply, values))
    if section != "dial":  # asking again does no harm
        return Unreachable("server_failing", status=status or fault)
    if 300 <= status < 400:
        host = reply.headers.get("location", "").partition("://")[2].partition("/")[0]
        return OutcomeUnknown("redirected", status=status, host=host[:60] or "–")
    return OutcomeUnknown("server_answer_lost", why=fault or f"HTTP {status}")


def _said(reply: Reply, values: Values) -> str:
    """Return a server's own words about a refusal, fit for a message: short, printable, without a secret."""
    text = reply.body.decode("utf-8", "replace")
    own = re.search(r'"text"\s*:\s*"((?:[^"\\]|\\.){1,300})"', text)  # as an Offhook hub says it
    text = masked(own[1] if own else text, values.secrets())[:2000]
    words = " ".join(re.sub(r"<[^>]*>|[{}\[\]\"]", " ", text).split())
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in words)[:SAID] or "–"


def _reply(sent: Reply | str) -> Reply:
    assert isinstance(sent, Reply)  # noqa: S101 - a conversation is sent what it asked for
    return sent


def _text(sent: Reply | str) -> str:
    assert isinstance(sent, str)  # noqa: S101 - the same
    return sent
