"""The seed's file formats: ``clicktocall_param.txt`` read, checked and written back to the byte. No I/O.

Rules: specification section 5. A line that starts with a tag known in its section sets it to the literal
rest of the line; ``;`` first in a line is a comment; ``<callto>`` holds ``key=value`` lines. The same tag means
different things in different sections. What looks like a slip is a finding on its line, never text.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from offhook.template import header

REQUEST = ("url", "methode", "data", "dataencode", "headers", "contenttype")
SUCCESS = ("json_ok", "xml_ok", "text_ok")
"""What a reply says that means yes."""
TAGS: dict[str, tuple[str, ...]] = {
    "global": (
        "timeout1", "timeout2", "timeout3", "event_ring", "event_popup", "even_connect", "event_connect",
        "event_hangup", "noshowwindow", "debug",
    ),
    "dial": (*REQUEST, *SUCCESS),
    "event": (
        "with_event", *REQUEST, *SUCCESS, "type_return", "json_tel", "json_event", "xml_tel", "xml_event",
        "xml_result_tel_in_attrib", "xml_tel_attrib", "xml_result_event_in_attrib", "xml_event_attrib",
    ),
    "token": (
        "with_token", *REQUEST, *SUCCESS, "type_return", "json_token", "xml_token",
        "xml_result_token_in_attrib", "xml_token_attrib",
    ),
}  # fmt: skip
"""Every tag of every section."""
KEYS = ("cmd", "cmdshellexecute")
"""The keys of ``<callto>``."""
SECTIONS = {
    "global": "<global>", "dial": "<cliktocalldial>", "event": "<cliktocallevent>", "token": "<cliktocalltoken>",
    "callto": "<callto>",
}  # fmt: skip
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

_SECTION = re.compile(r"<cli(?:ck|c|k)(?:to|2)call(dial|event|token)>", re.IGNORECASE)
_TAG = re.compile(r"<(\w+)>")
_PLACEHOLDER = re.compile(r"\$([A-Za-z_]+)\$")
_OPEN_PLACEHOLDER = r"\$(" + "|".join(PLACEHOLDERS) + r")(?![A-Za-z_$])"
"""Used, and so compiled, only where a ``$`` is left over."""
_ALL_TAGS = {tag for tags in TAGS.values() for tag in tags}
_CONTINUED = ("data", "dataencode")


MOST_FINDINGS = 200
"""After this many findings, unknown lines are not compared with every tag: this is no parameter file."""
LONGEST_TAG = max(len(tag) for tag in _ALL_TAGS) + 2


class Finding(NamedTuple):
    """Something to mend: its line, ``error`` or ``warning``, a code and the sentence's parameters."""

    line: int
    level: str
    code: str
    params: dict[str, str]


class Entry(NamedTuple):
    """A tag's value, literal, and the lines on which it begins and ends."""

    text: str
    line: int
    last: int


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
    reading = _Reading()
    for number, line in enumerate(lines(data), 1):
        reading.take(number, line)
    reading.finish()
    file = ParameterFile(data, reading.entries, reading.sections)
    file.findings = sorted([*reading.findings, *_meaning(file)], key=lambda finding: finding.line)
    return file


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


class _Reading:
    """One pass over the lines."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.sections: dict[str, int] = {}
        self.findings: list[Finding] = []
        self._section = ""
        self._open: tuple[str, str] | None = None
        self._blank = 0

    def take(self, number: int, line: str) -> None:
        """Take in one line."""
        if line.startswith(";"):
            return
        if not line.strip():
            self._blank += 1
            return
        section = _section_named(line)
        if section:
            self._begin(number, section)
        elif self._section == "callto":
            self._key(number, line)
        elif not self._tag(number, line):
            self._other(number, line)
        self._blank = 0

    def finish(self) -> None:
        """Say what is missing at the end."""
        if not self.sections:
            self._find(1, "error", "no_section")

    def _begin(self, number: int, section: str) -> None:
        if section in self.sections:
            self._find(
                number,
                "warning",
                "section_twice",
                section=SECTIONS[section],
                first=str(self.sections[section]),
            )
        self.sections.setdefault(section, number)
        self._section, self._open = section, None

    def _key(self, number: int, line: str) -> None:
        key, equals, text = line.partition("=")
        name = key.strip().lower()
        if equals and name in KEYS:
            self._set(number, name, text)
            return
        tag = _TAG.match(line)
        if tag and tag[1].lower() in _ALL_TAGS:
            self._find(number, "error", "tag_elsewhere", tag=f"<{tag[1]}>", sections=_owners(tag[1].lower()))
            return
        near = _near(name, KEYS) or _slip_of(name, list(KEYS))
        self._find(
            number, "error" if near else "warning", "key_unknown", key=name[:40], near=f"{near or KEYS[0]}="
        )

    def _tag(self, number: int, line: str) -> bool:
        """Take in a line if it starts with a tag; returns whether it does."""
        found = _TAG.match(line)
        if not found:
            return False
        tag = found[1].lower()
        if self._section and tag in TAGS[self._section]:
            self._set(number, tag, line[found.end() :])
            return True
        if tag in _ALL_TAGS:
            where = SECTIONS.get(self._section, "")
            self._find(number, "error", "tag_elsewhere", tag=f"<{tag}>", sections=_owners(tag), here=where)
            self._open = None
            return True
        near = _near(tag, _known_tags(self._section)) if len(self.findings) < MOST_FINDINGS else ""
        if near:
            self._find(number, "error", "tag_unknown", tag=f"<{tag}>", near=f"<{near}>")
            self._open = None
            return True
        return False

    def _set(self, number: int, tag: str, text: str) -> None:
        before = self.entries.get((self._section, tag))
        if before is not None:
            same = before.text.strip() == text.strip()
            self._find(number, "warning" if same else "error", "tag_twice", tag=tag, first=str(before.line))
        self._open = None
        if tag == "data" and "<dataencode>" in text.lower():
            at = text.lower().index("<dataencode>")
            rest = text[at + len("<dataencode>") :]
            self.entries[self._section, tag] = Entry(text[:at], number, number)
            self._set(number, "dataencode", rest)
            return
        self.entries[self._section, tag] = Entry(text, number, number)
        if tag in _CONTINUED:
            self._open = (self._section, tag)

    def _other(self, number: int, line: str) -> None:
        """Take in a line that is no tag: more of the data, or a slip."""
        if self._open is None:
            slip = _slip_of(line, _known_tags(self._section)) if len(self.findings) < MOST_FINDINGS else ""
            if slip:
                self._find(number, "error", "tag_unknown", tag=line.split()[0][:40], near=f"<{slip}>")
            else:
                self._find(number, "warning", "line_unknown", text=line.strip()[:40])
            return
        entry = self.entries[self._open]
        if not entry.text.strip():
            self._find(number, "warning", "data_begins_here", tag=f"<{self._open[1]}>", first=str(entry.line))
        if self._open[1] == "data" and "<dataencode>" in line.lower():
            at = line.lower().index("<dataencode>")
            self._continue(line[:at], number)
            self._set(number, "dataencode", line[at + len("<dataencode>") :])
            return
        self._continue(line, number)

    def _continue(self, line: str, number: int) -> None:
        assert self._open is not None  # noqa: S101 - the caller has looked
        entry = self.entries[self._open]
        text = "\n".join([entry.text, *[""] * self._blank, line]) if entry.text.strip() else line
        self.entries[self._open] = Entry(text, entry.line, number)

    def _find(self, line: int, level: str, code: str, **params: str) -> None:
        self.findings.append(Finding(line, level, code, params))


def _section_named(line: str) -> str:
    if line[:1] not in "< \t":
        return ""
    bare = line.strip().lower()
    if bare in ("<global>", "<callto>"):
        return bare[1:-1]
    found = _SECTION.fullmatch(bare)
    return found[1] if found else ""


def _owners(tag: str) -> str:
    return " ".join(SECTIONS[section] for section, tags in TAGS.items() if tag in tags)


@cache
def _known_tags(section: str) -> list[str]:
    names = [each[1:-1] for each in SECTIONS.values()]
    return [*TAGS.get(section, ()), *names, *sorted(_ALL_TAGS)]


def _slip_of(line: str, known: list[str]) -> str:
    """Return the tag with which a line with a broken bracket was meant to start."""
    word = re.match(r"\s*\W?(\w+)", line)
    if not word or len(word[1]) > LONGEST_TAG:
        return ""
    for name in known:
        if name in word[1].lower()[: len(name) + 1] or _distance(name, word[1].lower(), 2) <= 2:
            return name
    return ""


def _near(word: str, known: "tuple[str, ...] | list[str]") -> str:
    """Return the known word at most two letters away, the nearest first."""
    ranked = sorted(
        (distance, index) for index, each in enumerate(known) if (distance := _distance(word, each, 2)) <= 2
    )
    return known[ranked[0][1]] if ranked and len(word) > ranked[0][0] else ""


def _distance(one: str, other: str, most: int) -> int:
    """Return how many letters must change to make one word the other (Levenshtein), at most ``most + 1``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != against))
    return row[-1]


# --- what the values mean -------------------------------------------------------------------------


def _meaning(file: ParameterFile) -> Iterator[Finding]:
    """Look at the values: what is impossible, and what is surely not meant."""
    yield from _globals(file)
    for section in ("dial", "event", "token"):
        if section in file.sections:
            yield from _request(file, section)
    yield from _replies(file)
    yield from _callto(file)
    if "$token$" in _all_text(file, "dial", "event").lower() and not file.on("token", "with_token"):
        yield Finding(file.line("token", "with_token"), "error", "token_never_asked", {})


def _globals(file: ParameterFile) -> Iterator[Finding]:
    for tag in ("timeout1", "timeout2", "timeout3"):
        if seconds(file.word("global", tag, "1")) is None:
            yield _wrong(file, "global", tag, "1 | 0.5")
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
        if name and name.upper() != usual and _distance(name.upper(), usual, 2) == 1:
            yield Finding(file.line("global", tag), "warning", "word_unusual", {"word": name, "near": usual})


def seconds(text: str) -> float | None:
    """Return a time in seconds as the file writes it, ``None`` for anything else."""
    plain = text.strip().replace(",", ".")
    return float(plain) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", plain) else None


def _switch(file: ParameterFile, section: str, tag: str) -> Iterator[Finding]:
    if file.word(section, tag, "0") not in ("0", "1"):
        yield _wrong(file, section, tag, "0 | 1")


def _request(file: ParameterFile, section: str) -> Iterator[Finding]:
    switch = {"event": "with_event", "token": "with_token"}.get(section, "")
    if switch:
        yield from _switch(file, section, switch)
        if file.word(section, "url") and not file.word(section, switch):
            params = {"tag": f"<{switch}>", "section": SECTIONS[section]}
            yield Finding(file.line(section, switch), "warning", "switch_missing", params)
    url = file.word(section, "url")
    if not url:
        if not switch or file.on(section, switch):
            yield Finding(file.line(section, "url"), "error", "url_missing", {"section": SECTIONS[section]})
    else:
        yield from _url(file, section, url)
    if file.word(section, "methode", "GET").upper() not in METHODS:
        yield _wrong(file, section, "methode", " | ".join(METHODS))
    elif file.word(section, "methode", "POST" if section == "dial" else "GET").upper() == "GET":
        for tag in _CONTINUED:
            if file.text(section, tag):
                yield Finding(file.line(section, tag), "warning", "get_has_no_body", {"tag": f"<{tag}>"})
    yield from _headers(file, section)
    for tag in REQUEST:
        yield from _placeholders(file, section, tag)


def _url(file: ParameterFile, section: str, url: str) -> Iterator[Finding]:
    line = file.line(section, "url")
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        near = _near(scheme.lower(), ("http", "https")) or "http"
        yield Finding(line, "error", "url_unreadable", {"url": url[:40], "near": f"{near}://"})
        return
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "$" in host:
        yield Finding(line, "error", "placeholder_in_host", {"host": host[:60]})
    elif not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)(:\d{1,5})?", host):
        yield Finding(
            line, "error", "url_unreadable", {"url": url[:40], "near": f"{scheme}://serveur:8080/…"}
        )
    elif (
        scheme.lower() == "http"
        and not host.startswith(("localhost", "127.", "[::1]"))
        and _has_password(file, section)
    ):
        yield Finding(line, "warning", "password_in_clear", {"host": host[:60]})


def _has_password(file: ParameterFile, section: str) -> bool:
    return re.search(r"\$(mdp|mpd|auth)\$", _all_text(file, section), re.IGNORECASE) is not None


def _headers(file: ParameterFile, section: str) -> Iterator[Finding]:
    for part in file.text(section, "headers").split("|"):
        if part.strip() and header(part) is None:
            yield Finding(
                file.line(section, "headers"), "error", "header_unreadable", {"text": part.strip()[:40]}
            )


def _placeholders(file: ParameterFile, section: str, tag: str) -> Iterator[Finding]:
    text = file.text(section, tag)
    line = file.line(section, tag)
    for found in _PLACEHOLDER.finditer(text):
        name = found[1].lower()
        if name not in PLACEHOLDERS:
            near = _near(name, PLACEHOLDERS)
            yield Finding(
                line,
                "warning",
                "placeholder_unknown",
                {"word": found[0], "near": f"${near}$" if near else "–"},
            )
        elif (name == "teldest" and section in ("event", "token")) or (
            name == "token" and section == "token"
        ):
            yield Finding(
                line, "error", "placeholder_not_here", {"word": found[0], "section": SECTIONS[section]}
            )
    rest = _PLACEHOLDER.sub("", text) if "$" in text else ""
    for found in re.finditer(_OPEN_PLACEHOLDER, rest, re.IGNORECASE) if "$" in rest else ():
        yield Finding(line, "warning", "placeholder_open", {"word": found[0], "near": f"{found[0]}$"})


def _replies(file: ParameterFile) -> Iterator[Finding]:
    for section, switch, names in (
        ("event", "with_event", ("tel", "event")),
        ("token", "with_token", ("token",)),
    ):
        if file.word(section, "type_return", "json").lower() not in TYPES:
            yield _wrong(file, section, "type_return", " | ".join(TYPES))
        elif file.on(section, switch) and file.entry(section, "type_return") is None:
            params = {"tag": "<type_return>", "section": SECTIONS[section]}
            yield Finding(file.sections[section], "warning", "switch_missing", params)
        for name in names:
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


def _callto(file: ParameterFile) -> Iterator[Finding]:
    command = file.word("callto", "cmd")
    if command:
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.\-]+)\s*:", command)
        if scheme and scheme[1].lower() not in SCHEMES and (near := _near(scheme[1].lower(), SCHEMES)):
            yield Finding(
                file.line("callto", "cmd"),
                "warning",
                "word_unusual",
                {"word": f"{scheme[1]}:", "near": f"{near}:"},
            )
        if "$teldest$" not in command.lower():
            yield Finding(file.line("callto", "cmd"), "error", "number_missing", {"tag": "cmd"})
        yield from _placeholders(file, "callto", "cmd")
        if re.search(r"\$(mdp|mpd|auth)\$", command, re.IGNORECASE):
            yield Finding(file.line("callto", "cmd"), "warning", "password_to_program", {})
    verb = file.word("callto", "cmdshellexecute")
    if verb and verb.lower() not in VERBS and (near := _near(verb.lower(), VERBS)):
        yield Finding(
            file.line("callto", "cmdshellexecute"),
            "warning",
            "word_unusual",
            {"word": verb, "near": near.upper()},
        )
    if "dial" in file.sections:
        texts = _all_text(file, "dial")
        if file.word("dial", "url") and "$teldest$" not in texts.lower():
            yield Finding(file.line("dial", "url"), "error", "number_missing", {"tag": "<url>"})


def _all_text(file: ParameterFile, *sections: str) -> str:
    return "\n".join(file.text(section, tag) for section in sections for tag in REQUEST)


def _wrong(file: ParameterFile, section: str, tag: str, expected: str) -> Finding:
    params = {"tag": f"<{tag}>", "text": file.word(section, tag)[:40], "expected": expected}
    return Finding(file.line(section, tag), "error", "value_unreadable", params)
