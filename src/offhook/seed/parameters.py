"""The seed's file formats: ``clicktocall_param.txt`` read, checked and written back to the byte. No I/O.

Rules: specification section 5. A line that starts with a tag known in its section sets it to the literal
rest of the line; ``;`` first in a line is a comment; ``<callto>`` holds ``key=value`` lines. The same tag means
different things in different sections. What looks like a slip is a finding on its line, never text.
"""

import re
from collections.abc import Iterator

from offhook.errors import SettingsError
from offhook.seed.reading import (
    CONTINUED,
    KEYS,
    REQUEST,
    SECTIONS,
    TAGS,
    Entry,
    Finding,
    Reading,
    distance_of,
    near_of,
)
from offhook.template import Values, body, header, in_json, in_xml, kind_of

__all__ = [
    "KEYS",
    "PLACEHOLDERS",
    "SECTIONS",
    "TAGS",
    "Entry",
    "Finding",
    "ParameterFile",
    "lines",
    "read",
    "seconds",
]

PLACEHOLDERS = ("teldest", "telorg", "user", "mdp", "mpd", "ident", "auth", "token", "event")
METHODS = ("GET", "PUT", "POST")
TYPES = ("json", "xml", "text")
VERBS = ("open", "edit", "explore", "find", "print", "runas", "properties")
SCHEMES = (
    "callto",
    "tel",
    "sip",
    "sips",
    "skype",
    "h323",
    "facetime",
    "msteams",
    "zoomphonecall",
    "dial",
    "ciscotel",
)
EVENT_NAMES = {
    "event_ring": "RING", "event_popup": "POPUP", "even_connect": "CONNECT", "event_connect": "CONNECT",
    "event_hangup": "HANGUP",
}  # fmt: skip

_PLACEHOLDER = re.compile(r"\$([A-Za-z_]+)\$")
_OPEN_PLACEHOLDER = r"\$(" + "|".join(PLACEHOLDERS) + r")(?![A-Za-z_$])"
"""Used, and so compiled, only where a ``$`` is left over."""


class ParameterFile:
    """A file as it was read. ``data`` are its bytes, untouched; ``findings`` what is wrong with it."""

    def __init__(self, data: bytes, entries: dict[tuple[str, str], Entry], sections: dict[str, int]) -> None:
        self.data = data
        self.sections = sections
        self.findings: list[Finding] = []
        self._entries = entries

    def entry(self, section: str, tag: str) -> Entry | None:
        """Return what a tag of a section is set to, with its line."""
        return self._entries.get((section, tag))

    def text(self, section: str, tag: str, default: str = "") -> str:
        """Return what a tag of a section is set to; blank counts as not set."""
        entry = self.entry(section, tag)
        return entry.text if entry and entry.text.strip() else default

    def word(self, section: str, tag: str, default: str = "") -> str:
        """Return a value that is one word, without the blanks around it."""
        return self.text(section, tag, default).strip()

    def on(self, section: str, tag: str) -> bool:
        """Return whether a 0-or-1 tag is 1."""
        return self.word(section, tag) == "1"

    def line(self, section: str, tag: str) -> int:
        """Return a tag's line, else its section's."""
        entry = self.entry(section, tag)
        return entry.line if entry else self.sections.get(section, 1)

    @property
    def errors(self) -> list[Finding]:
        """The findings that keep the file from being used."""
        return [finding for finding in self.findings if finding.level == "error"]

    def section_at(self, line: int) -> str:
        """Return the section a line is in, ``""`` before the first."""
        begun = [(first, section) for section, first in self.sections.items() if first <= line]
        return max(begun)[1] if begun else ""

    def with_value(self, section: str, tag: str, text: str) -> bytes:
        """Return the file's bytes with one value changed and every other byte as it was.

        Raises ``KeyError`` for a tag that does not begin a line of the file, ``ValueError`` for a line break.
        """
        entry = self._entries[section, tag]
        if not lines(self.data)[entry.line - 1].lower().startswith((f"<{tag}>", f"{tag}=")):
            raise KeyError(tag)
        if "\n" in text or "\r" in text:
            raise ValueError(text)
        raw = self.data.splitlines(keepends=True)
        first = raw[entry.line - 1]
        bare = first.rstrip(b"\r\n")
        mark = b"=" if section == "callto" else b">"
        head = bare[: bare.index(mark) + 1]
        encoding = _encoding(self.data)
        raw[entry.line - 1 : entry.last] = [head + text.encode(encoding) + first[len(bare) :]]
        return b"".join(raw)


def read(data: bytes) -> ParameterFile:
    """Read a ``clicktocall_param.txt``: any bytes give a file; its findings say what is wrong with them."""
    if _is_wide(data):
        file = ParameterFile(data, {}, {})
        file.findings = [Finding(1, "error", "encoding", {"encoding": "UTF-16"})]
        return file
    reading = Reading(lines(data))
    file = ParameterFile(data, reading.entries, reading.sections)
    meant = ParameterFile(data, reading.meant | reading.entries, reading.sections)
    meant.findings = reading.findings
    found = [*reading.findings, *(_meaning(meant, reading.elsewhere) if reading.sections else ())]
    file.findings = sorted(found, key=lambda finding: finding.line)
    return file


def _is_wide(data: bytes) -> bool:
    """Say whether it is UTF-16, or UTF-32, with its mark or without: text then has a zero in every other byte."""
    return data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:400].count(0) * 4 > len(data[:400])


def _encoding(data: bytes) -> str:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def lines(data: bytes) -> list[str]:
    """Split into lines at any line end; UTF-8, else Windows-1252 with its five holes read as they are."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    if _encoding(data) == "utf-8":
        text = data.decode("utf-8")
    else:
        text = "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in data)
    return re.split(r"\r\n|\n|\r", text)


# --- what the values mean -------------------------------------------------------------------------

MILLISECONDS = 100.0
"""From here on a time in seconds is probably meant in milliseconds."""
CONTENT_TYPES = (
    "application/json",
    "application/xml",
    "text/xml",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/soap+xml",
)
MEANT = {
    "teldest": ("tel", "telephone", "phone", "phonenumber", "number", "numero", "num", "called", "dest", "to"),
    "telorg": ("poste", "extension", "ext", "from", "caller", "org", "line"),
    "user": ("login", "username", "utilisateur", "account", "compte"),
    "mdp": ("password", "passwd", "pass", "pwd", "motdepasse", "passe"),
    "ident": ("id", "identifiant"),
    "token": ("jeton", "bearer"),
}  # fmt: skip
"""Words that people write for a placeholder."""
_OTHER_PLACEHOLDER = (
    r"(?:%|\$\s|\{|\[|<|%24|\$\{|\$\()\s{0,3}("
    + "|".join(PLACEHOLDERS)
    + r")\s{0,3}(?:%(?!24)|\s?\$|\}|\]|>|%24|\))"
)
"""Placeholders as other programs write them: ``%teldest%``, ``{teldest}``, ``$ teldest $``."""
_NO_OPENING = r"(?<![\w$%{\[<(])(" + "|".join(PLACEHOLDERS) + r")\$(?!\w)"
_ONE_STEP = r"[^.\[\]<>/\s][^.\[\]<>/]*"
_PATH = rf"(?:{_ONE_STEP}|\[(?:\d*|\*)\])(?:\[(?:\d*|\*)\]|\.{_ONE_STEP})*"


def _meaning(file: ParameterFile, elsewhere: set[str]) -> Iterator[Finding]:
    """Look at the values: what is impossible, and what is surely not meant. Tags found elsewhere are not missing."""
    yield from _globals(file)
    for section in ("dial", "event", "token"):
        if section in file.sections:
            yield from _request(file, section, elsewhere)
    yield from _replies(file, elsewhere)
    yield from _callto(file)
    for section in ("dial", "event"):
        used = [tag for tag in REQUEST if "$token$" in file.text(section, tag).lower()]
        if used and not file.on("token", "with_token"):
            known = file.entry("token", "with_token")
            line = known.line if known else file.line(section, used[0])
            yield Finding(line, "error", "token_never_asked", {})
            break


def _globals(file: ParameterFile) -> Iterator[Finding]:
    for tag in ("timeout1", "timeout2", "timeout3"):
        yield from _time(file, tag)
    for tag in ("noshowwindow", "debug"):
        yield from _switch(file, "global", tag)
    both = [
        file.word("global", tag) for tag in ("even_connect", "event_connect") if file.entry("global", tag)
    ]
    if len(set(both)) > 1:
        params = {"tag": "event_connect", "first": str(file.line("global", "even_connect"))}
        yield Finding(file.line("global", "event_connect"), "error", "tag_twice", params)
    for tag, usual in EVENT_NAMES.items():
        name = file.word("global", tag)
        if name and name.upper() != usual and distance_of(name.upper(), usual, 2) == 1:
            yield Finding(file.line("global", tag), "warning", "word_unusual", {"word": name, "near": usual})


def _time(file: ParameterFile, tag: str) -> Iterator[Finding]:
    text = file.word("global", tag, "1")
    params = {"tag": f"<{tag}>", "text": text[:40]}
    line, value = file.line("global", tag), seconds(text)
    if value is None:
        unit = re.fullmatch(
            r"(\d{1,9}(?:[.,]\d{1,6})?)\s*(m?)(?:s|sec\w*|illi\w*|in\w*)?", text, re.IGNORECASE
        )
        plain = float(unit[1].replace(",", ".")) if unit else 0.0
        if unit and unit[2]:
            plain = plain * 60 if text.lower().rstrip("s.").endswith(("m", "min", "minute")) else plain / 1000
        code = "seconds_with_unit" if unit else "seconds_unreadable"
        yield Finding(line, "error", code, params | ({"near": f"{plain:g}"} if unit else {}))
    elif value >= MILLISECONDS:
        yield Finding(line, "warning", "seconds_many", params | {"near": f"{value / 1000:g}"})
    elif "," in text:
        yield Finding(line, "warning", "seconds_comma", params | {"near": f"{value:g}"})


def seconds(text: str) -> float | None:
    """Return a time in seconds as the file writes it, ``None`` for anything else."""
    plain = text.strip().replace(",", ".")
    return float(plain) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", plain) else None


def _switch(file: ParameterFile, section: str, tag: str) -> Iterator[Finding]:
    if file.word(section, tag, "0") not in ("0", "1"):
        yield _wrong(file, section, tag, "0 | 1")


def _request(file: ParameterFile, section: str, elsewhere: set[str]) -> Iterator[Finding]:
    switch = {"event": "with_event", "token": "with_token"}.get(section, "")
    if switch:
        yield from _switch(file, section, switch)
        if file.word(section, "url") and not file.word(section, switch) and switch not in elsewhere:
            params = {"tag": f"<{switch}>", "section": SECTIONS[section]}
            yield Finding(file.line(section, switch), "warning", "switch_missing", params)
    url = file.word(section, "url")
    if url:
        yield from _url(file, section, url)
    elif (not switch or file.on(section, switch)) and "url" not in elsewhere:
        yield Finding(file.line(section, "url"), "error", "url_missing", {"section": SECTIONS[section]})
    if file.word(section, "methode", "GET").upper() not in METHODS:
        yield _wrong(file, section, "methode", " | ".join(METHODS))
    elif file.word(section, "methode", "POST" if section == "dial" else "GET").upper() == "GET":
        for tag in CONTINUED:
            if file.text(section, tag):
                yield Finding(file.line(section, tag), "warning", "get_has_no_body", {"tag": f"<{tag}>"})
    yield from _headers(file, section)
    yield from _content(file, section)
    for tag in REQUEST:
        yield from _placeholders(file, section, tag)


def _url(file: ParameterFile, section: str, url: str) -> Iterator[Finding]:
    line = file.line(section, "url")
    found = re.match(
        r"(https?)://(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]\\]+)(?::(\d{1,5}))?(?=[/?#]|$)", url, re.IGNORECASE
    )
    host = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if "$" in host and re.match(r"https?://", url, re.IGNORECASE):
        yield Finding(line, "error", "placeholder_in_host", {"host": host[:60]})
    elif not found or not 0 < int(found[3] or 1) < 1 << 16 or "\\" in url:
        yield Finding(line, "error", "url_unreadable", {"url": url[:60], "near": _url_meant(url)})
    else:
        yield from _url_doubtful(file, section, url, found[1].lower(), found[2], found[3] or "")


def _url_doubtful(
    file: ParameterFile, section: str, url: str, scheme: str, host: str, port: str
) -> Iterator[Finding]:
    line = file.line(section, "url")
    if (scheme, port) in (("http", "443"), ("https", "80")):
        near = "https" if scheme == "http" else "http"
        yield Finding(line, "warning", "port_of_other", {"port": port, "near": f"{near}://"})
    if re.search(r"&amp;|&#38;", url, re.IGNORECASE):
        yield Finding(line, "warning", "entity_in_url", {"text": "&amp;", "near": "&"})
    if re.search(r"\s", re.sub(_OTHER_PLACEHOLDER, "", url, flags=re.IGNORECASE)):
        yield Finding(line, "warning", "blank_in_url", {"url": url[:60]})
    if set("“”„«»‘’") & set(url):
        yield Finding(line, "warning", "quotes_curly", {"tag": "<url>"})
    if (
        scheme == "http"
        and not host.startswith(("localhost", "127.", "[::1]"))
        and _has_password(file, section)
    ):
        yield Finding(line, "warning", "password_in_clear", {"host": host[:60]})


def _url_meant(url: str) -> str:
    """Return what an address that cannot be read was probably meant to be, an example where that cannot be said."""
    secure = re.match(r"h?t?tps", url, re.IGNORECASE) is not None
    rest = re.sub(
        r"^(?:[a-z]{2,6}[:;.,]?[/\\]+|[a-z]{3,6}[:;]|[:;]?[/\\]+)", "", url, flags=re.IGNORECASE
    ).replace("\\", "/")
    host, slash, path = rest.partition("/")
    name, colon, port = host.partition(":")
    port = re.sub(r"[oO]", "0", port)
    right = re.fullmatch(r"[^\s:/?#@\[\]$]+", name) and not re.match(r"[a-z]:", rest, re.IGNORECASE)
    if not right or (colon and not (port.isdigit() and 0 < int(port) < 1 << 16)):
        return "http://serveur:8080/…"
    return f"http{'s' if secure else ''}://{name}{colon}{port}{slash}{path}"[:60]


def _has_password(file: ParameterFile, section: str) -> bool:
    return re.search(r"\$(mdp|mpd|auth)\$", _all_text(file, section), re.IGNORECASE) is not None


def _headers(file: ParameterFile, section: str) -> Iterator[Finding]:
    text, line = file.text(section, "headers"), file.line(section, "headers")
    for part in text.split("|"):
        pair = header(part)
        if part.strip() and pair is None:
            yield Finding(line, "error", "header_unreadable", {"text": part.strip()[:40]})
        elif pair is not None and not re.match(
            r"(set-)?cookie|accept|content-|prefer|forwarded|auth\w*$", pair[0].lower()
        ):
            yield from _separators(line, pair[1])
        elif pair is not None and pair[0].lower().startswith("auth"):
            yield from _separators(line, re.sub(r'\w+="[^"]*"', "", pair[1]))
    if set("“”„«»‘’") & set(text):
        yield Finding(line, "warning", "quotes_curly", {"tag": "<headers>"})


def _separators(line: int, value: str) -> Iterator[Finding]:
    """Find a header that was meant to begin within another's value."""
    other = re.search(r"([;,])\s*([A-Za-z][\w\-]*)\s*[=:]", value)
    if other and other[2].lower() not in ("q", "charset", "boundary", "version", "realm"):
        yield Finding(line, "warning", "header_separator", {"mark": other[1], "text": other[2]})


def _content(file: ParameterFile, section: str) -> Iterator[Finding]:
    """Look at what is sent: a type there is, and data of that type once its placeholders are filled in."""
    named = file.word(section, "contenttype")
    kind = named.partition(";")[0].strip().lower()
    if (kind and "/" not in kind) or (kind not in CONTENT_TYPES and near_of(kind, CONTENT_TYPES)):
        near = near_of(kind, CONTENT_TYPES) or next(
            (each for each in CONTENT_TYPES if kind in each), CONTENT_TYPES[0]
        )
        yield Finding(
            file.line(section, "contenttype"), "warning", "word_unusual", {"word": named[:40], "near": near}
        )
        return
    data = file.text(section, "data")
    if not data or file.text(section, "dataencode"):
        return
    escape = kind_of(data, named)
    if escape not in (in_json, in_xml):
        return
    why = _why_not(data, named, is_json=escape is in_json)
    if why is not None:
        plain = data.translate({ord(each): '"' for each in "“”„«»"} | {ord(each): "'" for each in "‘’"})
        code = "json_unreadable" if escape is in_json else "xml_unreadable"
        if plain != data and _why_not(plain, named, is_json=escape is in_json) is None:
            code = "quotes_curly"
        entry = file.entry(section, "data")
        assert entry is not None  # noqa: S101 - it has a text
        line = min(entry.line + why[0], entry.last)
        yield Finding(line, "warning", code, {"tag": "<data>", "why": why[1]})


def _why_not(data: str, content_type: str, *, is_json: bool) -> tuple[int, str] | None:
    """Return why data is not of its type when filled in: the line within it, and what stands there."""
    import json
    from xml.parsers import expat

    sample = Values(number="0388202020", extension="1024", user="user", password="secret", token="token")  # noqa: S106
    try:
        text = body(data, "", content_type, sample).decode("utf-8", "replace")
    except SettingsError:
        return None
    try:
        if is_json:
            json.loads(text)
        else:
            expat.ParserCreate().Parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text), True)
    except json.JSONDecodeError as error:
        line, at = error.lineno, error.pos
    except expat.ExpatError as error:
        line = error.lineno
        at = sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + error.offset
    else:
        return None
    return line - 1, text[max(at - 12, 0) : at + 12].replace("\n", " ").strip() or "–"


def _placeholders(file: ParameterFile, section: str, tag: str) -> Iterator[Finding]:
    text = file.text(section, tag)
    if "$" not in text and not re.search(_OTHER_PLACEHOLDER, text, re.IGNORECASE):
        return
    line = file.line(section, tag)

    def slip(code: str, word: str, near: str) -> Finding:
        """Return a slip in a placeholder: an error where the number would not be sent at all because of it."""
        unsent = near == "$teldest$" and section in ("dial", "callto") and not _sends_number(file, section)
        return Finding(line, "error" if unsent else "warning", code, {"word": word, "near": near or "–"})

    for found in _PLACEHOLDER.finditer(text):
        name = found[1].lower()
        if name not in PLACEHOLDERS:
            near = _placeholder_meant(name)
            yield slip("placeholder_unknown", found[0], f"${near}$" if near else "")
        elif (name == "teldest" and section in ("event", "token")) or (
            name == "token" and section == "token"
        ):
            yield Finding(
                line, "error", "placeholder_not_here", {"word": found[0], "section": SECTIONS[section]}
            )
    rest = _PLACEHOLDER.sub("", text)
    for found in re.finditer(_OTHER_PLACEHOLDER, rest, re.IGNORECASE):
        yield slip("placeholder_other", found[0], f"${found[1].lower()}$")
    rest = re.sub(_OTHER_PLACEHOLDER, "", rest, flags=re.IGNORECASE)
    for found in re.finditer(_OPEN_PLACEHOLDER, rest, re.IGNORECASE):
        yield slip("placeholder_open", found[0], f"{found[0].lower()}$")
    for found in re.finditer(_NO_OPENING, rest, re.IGNORECASE):
        yield slip("placeholder_other", found[0], f"${found[0].lower()}")


def _placeholder_meant(name: str) -> str:
    usual = next((each for each, words in MEANT.items() if name.replace("_", "") in words), "")
    return usual or near_of(name, PLACEHOLDERS)


def _replies(file: ParameterFile, elsewhere: set[str]) -> Iterator[Finding]:
    for section, switch, names in (
        ("event", "with_event", ("tel", "event")),
        ("token", "with_token", ("token",)),
    ):
        kind = file.word(section, "type_return").lower()
        if kind and kind not in TYPES:
            yield _wrong(file, section, "type_return", " | ".join(TYPES))
        elif (
            section in file.sections
            and file.on(section, switch)
            and file.entry(section, "type_return") is None
            and "type_return" not in elsewhere
        ):
            params = {"tag": "<type_return>", "section": SECTIONS[section]}
            yield Finding(file.sections[section], "warning", "switch_missing", params)
        for name in names:
            yield from _names(file, section, name, kind)
            in_attribute = f"xml_result_{name}_in_attrib"
            yield from _switch(file, section, in_attribute)
            if file.on(section, in_attribute) and not file.word(section, f"xml_{name}_attrib"):
                tag = f"<xml_{name}_attrib>"
                yield Finding(file.line(section, in_attribute), "error", "attribute_unnamed", {"tag": tag})
            elif file.word(section, f"xml_{name}_attrib") and not file.on(section, in_attribute):
                tag = f"<{in_attribute}>1"
                yield Finding(
                    file.line(section, f"xml_{name}_attrib"), "warning", "attribute_unused", {"tag": tag}
                )


def _names(file: ParameterFile, section: str, name: str, kind: str) -> Iterator[Finding]:
    """Look at what a field is called in a section's replies: a name or a path, of the type that is returned."""
    for of_kind in ("json", "xml"):
        tag, text = f"{of_kind}_{name}", file.word(section, f"{of_kind}_{name}")
        if not text:
            continue
        if not re.fullmatch(_PATH, text):
            params = {"tag": f"<{tag}>", "text": text[:40]}
            yield Finding(file.line(section, tag), "error", "path_unreadable", params)
        elif kind in TYPES and kind != of_kind:
            params = {"tag": f"<{tag}>", "kind": kind}
            yield Finding(file.line(section, tag), "warning", "tag_without_effect", params)


def _callto(file: ParameterFile) -> Iterator[Finding]:
    command, line = file.word("callto", "cmd"), file.line("callto", "cmd")
    if command:
        begins = re.match(r"([A-Za-z][A-Za-z0-9+.\-]+)\s*(:?)", command)
        scheme = begins[1].lower() if begins else ""
        near = near_of(scheme, SCHEMES) if begins and begins[2] and scheme not in SCHEMES else ""
        if begins and not begins[2] and scheme in SCHEMES:  # "callto$teldest$"
            near = scheme
        if begins and near:
            params = {"word": begins[0], "near": f"{near}:"}
            yield Finding(line, "warning", "word_unusual", params)
        odd = list(_placeholders(file, "callto", "cmd"))
        yield from odd
        if not _sends_number(file, "callto") and not _meant_number(odd):
            yield Finding(line, "error", "number_missing", {"tag": "cmd"})
        path = re.match(r"[A-Za-z]:\\(?:[^\"]*?\\)*[^\\\"]*?\.(?:exe|cmd|bat|com)\b", command, re.IGNORECASE)
        if path and re.search(r"\s", path[0]):
            yield Finding(line, "warning", "path_unquoted", {"near": f'"{path[0]}"'})
        if re.search(r"\$(mdp|mpd|auth)\$", command, re.IGNORECASE):
            yield Finding(line, "warning", "password_to_program", {})
    verb = file.word("callto", "cmdshellexecute")
    if verb and verb.lower() not in VERBS and (near := near_of(verb.lower(), VERBS)):
        params = {"word": verb, "near": near.upper()}
        yield Finding(file.line("callto", "cmdshellexecute"), "warning", "word_unusual", params)
    if "dial" in file.sections:
        odd = [found for tag in REQUEST for found in _placeholders(file, "dial", tag)]
        if file.word("dial", "url") and not _sends_number(file, "dial") and not _meant_number(odd):
            yield Finding(file.line("dial", "url"), "error", "number_missing", {"tag": "<url>"})


def _sends_number(file: ParameterFile, section: str) -> bool:
    """Say whether the number called stands in what a section sends."""
    text = file.word("callto", "cmd") if section == "callto" else _all_text(file, section)
    return "$teldest$" in text.lower()


def _meant_number(findings: list[Finding]) -> bool:
    """Say whether the number's placeholder is there, only not written rightly: that is told already."""
    return any(each.params.get("near", "").lower() == "$teldest$" for each in findings)


def _all_text(file: ParameterFile, *sections: str) -> str:
    return "\n".join(file.text(section, tag) for section in sections for tag in REQUEST)


def _wrong(file: ParameterFile, section: str, tag: str, expected: str) -> Finding:
    params = {"tag": f"<{tag}>", "text": file.word(section, tag)[:40], "expected": expected}
    return Finding(file.line(section, tag), "error", "value_unreadable", params)
