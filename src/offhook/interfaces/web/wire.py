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
from offhook.seed.parameters import TYPES, ParameterFile, seconds
from offhook.seed.refusal import refusal, succeeds
from offhook.seed.replies import Item, Names, decoded, first, items
from offhook.template import Values

FORM = "application/x-www-form-urlencoded"
METHOD = {"dial": "POST", "event": "GET", "token": "GET"}
"""Each section's method where the file names none."""
SAID = 120
"""How much of a server's own words a message repeats."""

_ABOUT_TOKEN = re.compile(
    r"token|jeton|session|expire|unauthori|unauthent|authentica|logged (in|out)|\b401\b", re.IGNORECASE
)
"""What a server says that wants another token."""


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
    """Raise ``SettingsError`` naming the first line of a file that is wrong, or what it lacks.

    A file may dial only, or give events only.
    """
    for finding in file.errors:
        if file.section_at(finding.line) != "callto":
            where = f"{name}:{finding.line}"
            raise SettingsError("parameter_file_wrong", where=where, finding=finding.code, **finding.params)
    if not file.on("event", "with_event"):
        dials(file, name)


def dials(file: ParameterFile, name: str) -> None:
    """Raise ``SettingsError`` for a file that gives events only."""
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


def polling(file: ParameterFile, values: Values) -> Generator[Wanted, Reply | str, list[Item] | None]:
    """Read what is waiting; returns it, ``None`` where the server had nothing to say in time.

    Raises where the reply is not one.
    """
    reply = yield from _asking(file, "event", values)
    return None if reply.fault == "late" else _events(file, reply)


def _asking(file: ParameterFile, section: str, values: Values) -> Generator[Wanted, Reply | str, Reply]:
    with_token = file.on("token", "with_token")
    token = ""
    if with_token:
        token = _text((yield TokenWanted()))
    reply = _reply((yield request(file, section, values.replaced(token=token))))
    if with_token and (reply.status in (401, 403) or _ABOUT_TOKEN.search(_no(file, section, reply))):
        token = _text((yield TokenWanted(refused=token)))
        reply = _reply((yield request(file, section, values.replaced(token=token))))
    error = _judged(file, section, reply, values.replaced(token=token))
    if error is not None:
        raise error
    return reply


def asking_token(
    file: ParameterFile, values: Values
) -> Generator[Wanted, Reply | str, tuple[str, float | None]]:
    """Get a token; returns it and how long it lasts, seconds (``None``: not said). Raises where there is none."""
    reply = _reply((yield request(file, "token", values)))
    error = _judged(file, "token", reply, values)
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


def _judged(file: ParameterFile, section: str, reply: Reply, values: Values) -> OffhookError | None:
    """Return what went wrong with an exchange that began, ``None`` for success."""
    status, fault = reply.status, reply.fault
    if section == "event" and fault == "late":  # a long poll with nothing to say
        return None
    if 200 <= status < 300:
        return _judged_by_body(file, section, reply, values)
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


def _judged_by_body(file: ParameterFile, section: str, reply: Reply, values: Values) -> OffhookError | None:
    """Return what is wrong with a 2xx: it did not come whole, or says no."""
    if reply.fault and section != "dial":
        return ProtocolError("reply_cut", why=reply.fault)
    no = _no(file, section, reply)
    if not no:
        return None
    if reply.fault and any(file.text(section, f"{kind}_ok") for kind in TYPES):  # what was cut may say yes
        return OutcomeUnknown("server_answer_lost", why=reply.fault)
    return Refused("refused_by_server", status=reply.status, said=_said(reply, values, no))


def _no(file: ParameterFile, section: str, reply: Reply) -> str:
    """Return the words in which a 2xx says no: it lacks what the file calls success, or it names an error."""
    if not 200 <= reply.status < 300:
        return ""
    body, content_type = reply.body, reply.headers.get("content-type", "")
    wanted = [(kind, file.text(section, f"{kind}_ok")) for kind in TYPES if file.text(section, f"{kind}_ok")]
    if wanted:
        nothing_waits = section == "event" and not body.strip()
        met = nothing_waits or any(succeeds(body, content_type, kind, text) for kind, text in wanted)
        return "" if met else decoded(body, content_type).strip() or "–"
    no = refusal(body, content_type)
    return "" if no and section == "event" and _tells(file, reply) else no


def _tells(file: ParameterFile, reply: Reply) -> bool:
    """Say whether a reply holds an event: a ``code`` in it is then that event's, not the reply's."""
    try:
        return bool(_events(file, reply))
    except ProtocolError:
        return False


def _events(file: ParameterFile, reply: Reply) -> list[Item]:
    return items(
        reply.body,
        reply.headers.get("content-type", ""),
        file.word("event", "type_return").lower(),
        names(file, "event", "tel"),
        names(file, "event", "event"),
        file.word("global", "event_ring", "RING").partition("|")[0].strip(),
    )


def _said(reply: Reply, values: Values, no: str = "") -> str:
    """Return a server's own words about a refusal, fit for a message: short, printable, without a secret.

    ``no`` is the part of a long reply that matters.
    """
    text = decoded(reply.body, reply.headers.get("content-type", ""))
    own = re.search(r'"text"\s*:\s*"((?:[^"\\]|\\.){1,300})"', text)  # as an Offhook hub says it
    words = _plain(own[1] if own else text, values)
    if no and len(words) > SAID:
        words = _plain(no, values)
    return words[:SAID] or "–"


def _plain(text: str, values: Values) -> str:
    """Return a text without secrets, tags, brackets and what cannot be printed."""
    words = re.sub(r"<[^>]*>|[{}\[\]\"]", " ", masked(text, values.secrets())[:2000]).split()
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(words))


def _reply(sent: Reply | str) -> Reply:
    assert isinstance(sent, Reply)  # noqa: S101 - a conversation is sent what it asked for
    return sent


def _text(sent: Reply | str) -> str:
    assert isinstance(sent, str)  # noqa: S101 - the same
    return sent
