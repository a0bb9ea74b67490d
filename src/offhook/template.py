"""Placeholders: ``$teldest$`` and the others into URL, body, header, argument list. No I/O.

The template's own text goes out as written; a value is escaped for the place where it stands, once, and is
never expanded again (specification section 4). So a ``&`` in a password cannot become a parameter, nor a
quote in a name the end of a string.
"""

import re
import sys
from collections.abc import Callable

from offhook.errors import SettingsError

SECRET = frozenset({"mdp", "mpd", "auth", "token"})
"""Placeholders whose values are never shown."""
NEEDED = frozenset({"teldest", "telorg", "mdp", "mpd", "token"})
"""Placeholders that must not be empty."""
SETTING_OF = {
    "teldest": "NUMBER", "telorg": "desk.extension", "mdp": "desk.password", "mpd": "desk.password",
    "token": "<cliktocalltoken>",
}  # fmt: skip
MASK = "••••"
OPTION_MARKS = ("-", "/") if sys.platform == "win32" else ("-",)
"""What begins an option of a program."""

_PLACEHOLDER = re.compile(r"\$(teldest|telorg|user|mdp|mpd|ident|auth|token|event)\$", re.IGNORECASE)

Escape = Callable[[str, str], str]
"""Takes a value and the template's text before it; returns the value as it may stand there."""


class Values:
    """What the placeholders stand for. ``shown`` gives ``••••`` for the secret ones.

    ``password`` may be a function: a secret kept in a vault is fetched only where a template needs it.
    """

    def __init__(
        self,
        *,
        number: str = "",
        extension: str = "",
        user: str = "",
        password: "str | Callable[[], str]" = "",
        ident: str = "",
        token: str = "",
        event: str = "DIAL",
        shown: bool = False,
    ) -> None:
        self._plain = {
            "teldest": number,
            "telorg": extension,
            "user": user,
            "ident": ident or user or extension,
            "token": token,
            "event": event,
        }
        self._kept = {"password": password}
        self.shown = shown

    def __repr__(self) -> str:
        """Leave the values out: some are secrets."""
        return f"Values(number={self._plain['teldest']!r})"

    def replaced(self, **changes: str) -> "Values":
        """Return the same with a ``number``, ``token`` or ``event`` changed."""
        copy = Values(shown=self.shown)
        copy._kept = self._kept  # shared: fetched once for all
        copy._plain = dict(self._plain)
        for name, text in changes.items():
            copy._plain["teldest" if name == "number" else name] = text
        return copy

    def masked(self) -> "Values":
        """Return the same, to be shown."""
        copy = self.replaced()
        copy.shown = True
        return copy

    def secrets(self) -> list[str]:
        """Return every secret that was used: none may appear in a trace or a message."""
        password = self._kept["password"]
        found = [self._plain["token"]]
        if isinstance(password, str) and password:
            found += [password, self._auth()]
        return [each for each in found if each]

    def __call__(self, name: str) -> str:
        """Return a placeholder's value. Raises ``SettingsError`` where it is needed but empty."""
        name = name.lower()
        value = (
            self._auth()
            if name == "auth"
            else self._secret()
            if name in ("mdp", "mpd")
            else self._plain[name]
        )
        if not value and name in NEEDED and not (self.shown and name == "token"):
            raise SettingsError("placeholder_empty", word=f"${name}$", name=SETTING_OF[name])
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise SettingsError("value_undeliverable", word=f"${name}$", why="NUL")
        return value

    def _secret(self) -> str:
        password = self._kept["password"]
        if not isinstance(password, str):
            password = self._kept["password"] = password()
        return password

    def _auth(self) -> str:
        from base64 import b64encode

        pair = f"{self._plain['user']}:{self._secret()}"
        try:
            return b64encode(pair.encode("utf-8")).decode()
        except UnicodeEncodeError:
            raise SettingsError("value_undeliverable", word="$auth$", why="UTF-8") from None


def fill(template: str, values: Values, escape: Escape) -> str:
    """Return the template with every placeholder replaced, in one pass. Unknown words stay as written.

    Raises ``SettingsError`` naming the missing setting behind a needed placeholder.
    """
    parts: list[str] = []
    at = 0
    for found in _PLACEHOLDER.finditer(template):
        parts.append(template[at : found.start()])
        value = values(found[1])
        hidden = values.shown and found[1].lower() in SECRET
        parts.append(MASK if hidden else escape(value, template[: found.start()]))
        at = found.end()
    return "".join([*parts, template[at:]])


# --- places ---------------------------------------------------------------------------------------


def percent(value: str, _before: str = "") -> str:
    """Escape for a URL's path or query, and for a form."""
    from urllib.parse import quote

    return quote(value, safe="")


def plain(value: str, _before: str = "") -> str:
    """Leave as is: text/plain, and an argument of a program."""
    return value


def in_json(value: str, _before: str = "") -> str:
    """Escape for the inside of a JSON string."""
    import json

    return json.dumps(value)[1:-1]


def in_xml(value: str, before: str) -> str:
    """Escape for XML text, an attribute or a CDATA section, whichever ``before`` ends in.

    Raises ``SettingsError`` for a control character, which XML 1.0 has no way to write.
    """
    if any(
        (ord(character) < 32 and character not in "\t\n\r") or character in "\ufffe\uffff"
        for character in value
    ):
        raise SettingsError("value_undeliverable", word="XML", why="U+0000–U+001F")
    if before.rfind("<![CDATA[") > before.rfind("]]>"):
        return value.replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
    for character, reference in (
        ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"),
        ("\t", "&#9;"), ("\n", "&#10;"), ("\r", "&#13;"),
    ):  # fmt: skip
        value = value.replace(character, reference)
    return value


def in_header(value: str, _before: str = "") -> str:
    """Leave as is, but refuse what would begin another header. Raises ``SettingsError``."""
    if "\r" in value or "\n" in value:
        raise SettingsError("value_undeliverable", word="headers", why="CR LF")
    return value


def kind_of(body: str, content_type: str) -> Escape:
    """Return how values are escaped in a body: by its content type, else by how it begins."""
    named = content_type.partition(";")[0].strip().lower()
    if named.endswith(("/json", "+json")):
        return in_json
    if named.endswith(("/xml", "+xml")):
        return in_xml
    if named == "application/x-www-form-urlencoded":
        return percent
    if named:
        return plain
    begins = body.lstrip()[:1]
    escapes: dict[str, Escape] = {"{": in_json, "[": in_json, "<": in_xml}
    return escapes.get(begins, percent)


def body(data: str, dataencode: str, content_type: str, values: Values) -> bytes:
    """Return a request's body: ``data`` as written, then ``dataencode`` url-encoded whole.

    Encoded in the content type's charset, else UTF-8. Raises ``SettingsError``.
    """
    text = fill(data, values, kind_of(data, content_type))
    escape = kind_of(data, content_type)
    if dataencode:
        inner = kind_of(dataencode, "")
        inner = plain if inner is percent else inner  # the whole is url-encoded next
        text += (
            percent(fill(dataencode, values, inner)) if not values.shown else fill(dataencode, values, inner)
        )
    charset = _charset(content_type)
    try:
        return text.encode(charset, "xmlcharrefreplace" if escape is in_xml else "strict")
    except (UnicodeEncodeError, LookupError):
        raise SettingsError("value_undeliverable", word="data", why=charset) from None


def _charset(content_type: str) -> str:
    found = re.search(r'charset\s*=\s*"?([A-Za-z0-9_.:\-]+)', content_type, re.IGNORECASE)
    return found[1] if found else "utf-8"


def url(template: str, values: Values) -> str:
    """Return a request's URL: values percent-encoded, never in scheme or host. Raises ``SettingsError``."""
    begins = re.match(r"https?://[^/?#]*", template, re.IGNORECASE)
    if not begins or "$" in begins[0]:
        raise SettingsError("url_unusable", url=template[:60])
    from urllib.parse import quote

    rest = fill(template[begins.end() :].partition("#")[0], values, percent)
    # what a template may hold but a URL may not: blanks and letters beyond ASCII
    return begins[0] + quote(rest, safe="!#$%&'()*+,/:;=?@[]~•" if values.shown else "!#$%&'()*+,/:;=?@[]~")


def headers(template: str, values: Values) -> list[tuple[str, str]]:
    """Return the headers: split at ``|`` before anything is substituted. Raises ``SettingsError``."""
    found: list[tuple[str, str]] = []
    for part in template.split("|"):
        pair = header(part)
        if pair is not None:
            found.append((pair[0], fill(pair[1], values, in_header)))
    return found


def header(part: str) -> tuple[str, str] | None:
    """Split ``Name=value`` or ``Name: value`` at whichever mark comes first; ``None`` where it is no header."""
    found = re.fullmatch(r"\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+?)\s*[=:]\s*(.*?)\s*", part, re.DOTALL)
    return (found[1], found[2]) if found else None


def arguments(template: str, values: Values) -> list[str]:
    """Return a program and its arguments: split as written, then filled in; a value cannot start an option.

    Raises ``SettingsError``.
    """
    found: list[str] = []
    for part in _words(template):
        text = fill(part, values, plain)
        if found and text.startswith(OPTION_MARKS) and not part.startswith(text[0]):
            raise SettingsError("value_undeliverable", word=part[:40], why=text[0])
        found.append(text)
    return found


def _words(template: str) -> list[str]:
    """Split a command line at blanks; a part in quotes stays whole, and a backslash is only a backslash."""
    found = re.findall(r'((?:[^\s"\']|"[^"]*"|\'[^\']*\')+)', template)
    return [re.sub(r'"([^"]*)"|\'([^\']*)\'', lambda part: part[1] or part[2] or "", word) for word in found]
