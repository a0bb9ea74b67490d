"""One pass over a parameter file's lines: which tag has which value, and what looks like a slip. No I/O.

What is wrong is found once, where it stands: a slip that can be understood counts as what was meant by it, so that
nothing that follows from it is found as well. A file with an error is not used, so no guess ever takes effect.
"""

import re
from functools import cache
from typing import NamedTuple

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

_SECTION = re.compile(r"<cli(?:ck|c|k)(?:to|2)call(dial|event|token)>", re.IGNORECASE)
_TAG = re.compile(r"<(\w+)>")
_BEFORE = re.compile(r"([\s>\-*\"'“”«|.\ufeff\u200b]+|ï»¿)(?=<\w+>)")
_CLOSING = re.compile(r"\s*</\s*(\w+)\s*>?\s*")
_COMMENT = re.compile(r"\s*(#|//|<!--|/\*|--|'|!|%|(?:rem|REM)\s)")
_COMMENT_BEHIND = re.compile(r"(?:\s(?:;|#|//|<!--)|^;).*")
_ALL_TAGS = {tag for tags in TAGS.values() for tag in tags}
CONTINUED = ("data", "dataencode")
"""Tags whose value goes on over the lines that follow."""
_LITERAL = (*CONTINUED, "headers")
"""Tags in whose values nearly anything may stand."""
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\u00ad"

MOST_FINDINGS = 200
"""After this many findings, unknown lines are not compared with every tag: this is no parameter file."""
LONGEST_TAG = max(len(tag) for tag in _ALL_TAGS) + 2


LONGEST_ALONE = 200
"""A longer line is no section and nothing that an XML file has round everything."""


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


class Reading:
    """One pass over the lines. ``entries`` are the values, ``meant`` those of tags that are not written rightly."""

    def __init__(self, lines: list[str]) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.meant: dict[tuple[str, str], Entry] = {}
        self.sections: dict[str, int] = {}
        self.findings: list[Finding] = []
        self.elsewhere: set[str] = set()
        self._named = {name for name in map(section_named, lines) if name}
        self._section = ""
        self._open: tuple[str, str] | None = None
        self._before: tuple[str, str, int] | None = None
        self._again = False
        self._blank = 0
        self._root = ""
        self._in_comment = False
        self._next_section = ""
        for number, line in enumerate(lines, 1):
            self._take(number, line)
        if not self.sections:
            blank = not any(line.strip() for line in lines)
            self.findings = [Finding(1, "error", "file_empty" if blank else "no_section", {})]

    def _take(self, number: int, line: str) -> None:
        if line.startswith(";"):
            return
        if not line.strip():
            self._blank += 1
            return
        if self._in_comment:
            self._in_comment = "-->" not in line
            return
        line = self._without_what_stands_before(number, line)
        tag = _TAG.match(line)
        section = section_named(line)
        if tag and tag[1].lower() in TAGS.get(self._section, ()):
            self._set(number, tag[1].lower(), line[tag.end() :])
        elif section:
            self._begin(number, section)
        elif not (
            self._is_comment(number, line)
            or self._is_section(number, line)
            or self._is_wrapping(number, line)
            or self._is_closing(number, line)
        ):
            if self._section == "callto":
                self._key(number, line)
            elif not self._tag(number, line):
                self._other(number, line)
        if self._next_section:
            self._begin(number, self._next_section, said=True)
            self._next_section = ""
        self._blank = 0

    # --- what is no tag ---------------------------------------------------------------------------

    def _without_what_stands_before(self, number: int, line: str) -> str:
        """Return a line from its tag on: blanks, a quotation mark or something invisible may stand before it."""
        before = _BEFORE.match(line)
        if before is None:
            return line
        rest = line[before.end() :]
        tag = _TAG.match(rest)
        assert tag is not None  # noqa: S101 - the pattern looked ahead
        known = tag[1].lower() in _ALL_TAGS
        if (not known and not section_named(rest)) or (self._in_data() and f"</{tag[1]}>" in rest):
            return line
        if any(each in before[0] for each in (*INVISIBLE, "ï»¿")):
            self._find(number, "error", "invisible", tag=tag[0])
        elif known and before[0].isspace():
            self._find(number, "error", "tag_indented", tag=tag[0])
        elif not before[0].isspace():
            self._find(number, "error", "tag_preceded", tag=tag[0], text=before[0].strip())
        return rest

    def _in_data(self) -> bool:
        """Say whether a value that may go on has begun."""
        return self._open is not None and bool(self.entries[self._open].text.strip())

    def _is_comment(self, number: int, line: str) -> bool:
        """Take in a comment of another kind; what begins so in the midst of data is data all the same."""
        found = _COMMENT.match(line)
        if found is None:
            return False
        mark = found[1].strip()
        if self._in_data():
            if re.match(r"(#|//)\s", line):
                self._find(number, "warning", "comment_sign", mark=mark)
            return False
        self._find(number, "warning", "comment_sign", mark=mark)
        self._in_comment = mark == "<!--" and "-->" not in line
        return True

    def _is_wrapping(self, number: int, line: str) -> bool:
        """Take in what an XML file has round everything: its declaration, an element for the whole."""
        if self._in_data() or len(line) > LONGEST_ALONE:
            return False
        declared = line.lstrip().lower().startswith("<?xml")
        root = re.fullmatch(r"\s*<(\w+)(?:\s[^>]*)?>\s*", line)
        if declared or (
            root and not self._section and not _is_known(root[1].lower()) and self._root in ("", "?xml")
        ):
            if self._root != "?xml":
                self._find(number, "error", "xml_wrapper", text=line.strip()[:40])
            self._root = "?xml" if declared else root[1].lower() if root else ""
            return True
        return False

    def _is_section(self, number: int, line: str) -> bool:
        """Take in a section's line that is not written rightly."""
        bare = line.strip() if len(line) <= LONGEST_ALONE else ""
        found = re.fullmatch(r"([<\[({/\s]*)(\w[\w \-]*?)([>\])}/\s:]*)([;#].*)?", bare)
        if not found or not (found[1].strip() or found[3].strip()):
            return False
        section = _section_meant(re.sub(r"[ _\-]", "", found[2]).lower(), strict=self._in_data())
        closing = found[1].strip() == "</"
        if not section or (closing and (self._in_data() or section in self.sections)):
            return False
        self._find(number, "error", "section_misspelt", text=line.strip()[:40], near=SECTIONS[section])
        self._begin(number, section, said=True)
        return True

    def _is_closing(self, number: int, line: str) -> bool:
        """Take in a closing tag on a line of its own."""
        found = _CLOSING.fullmatch(line)
        if not found:
            return False
        name = found[1].lower()
        if self._open and self._in_data():
            begun = f"<{name}" in self.entries[self._open].text.lower()
            if begun or not (name in _ALL_TAGS or section_named(f"<{name}>")):
                return False
        if name != self._root:
            self._find(number, "error", "closing_tag", tag=line.strip()[:40])
        return True

    def _begin(self, number: int, section: str, *, said: bool = False) -> None:
        self._again = section in self.sections
        if self._again and not said:
            first = str(self.sections[section])
            self._find(number, "warning", "section_twice", section=SECTIONS[section], first=first)
        self.sections.setdefault(section, number)
        self._section, self._open, self._before = section, None, None

    # --- tags -------------------------------------------------------------------------------------

    def _key(self, number: int, line: str) -> None:
        key, equals, text = line.partition("=")
        name = key.strip().lower()
        if equals and name in KEYS:
            self._set(number, name, text)
            return
        tag = _TAG.match(line)
        if tag and tag[1].lower() in _ALL_TAGS:
            self._misplaced(number, line, tag[1].lower())
            return
        near = near_of(name, KEYS) or _slip_of(name, list(KEYS))
        level = "error" if near else "warning"
        self._find(number, level, "key_unknown", key=name[:40], near=f"{near or KEYS[0]}=")
        if near:
            self._mean(number, near, re.sub(r"^\W*\w+\s*[>=:\]]*", "", line))

    def _tag(self, number: int, line: str) -> bool:
        """Take in a line if it starts with a tag that is not of this section; returns whether it does."""
        found = _TAG.match(line)
        if not found:
            return False
        tag = found[1].lower()
        if tag in _ALL_TAGS:
            self._misplaced(number, line, tag)
            return True
        near = near_of(tag, _known_tags(self._section)) if len(self.findings) < MOST_FINDINGS else ""
        if near:
            self._find(number, "error", "tag_unknown", tag=f"<{tag}>", near=f"<{near}>")
            self._mean(number, near, line[found.end() :])
            self._open = None
            return True
        return False

    def _misplaced(self, number: int, line: str, tag: str) -> None:
        """Take in a tag of another section. Where that section's line is missing, the section begins here."""
        owners = [section for section, tags in TAGS.items() if tag in tags]
        here = SECTIONS.get(self._section, "")
        self._find(number, "error", "tag_elsewhere", tag=f"<{tag}>", sections=_owners(tag), here=here)
        self._open = self._before = None
        missing = [section for section in owners if section not in self._named | set(self.sections)]
        if missing:
            self._section, self._again = missing[0], False
            self._mean(number, tag, line[len(tag) + 2 :])
        else:
            self.elsewhere.add(tag)

    def _set(self, number: int, tag: str, text: str) -> None:
        text = self._cleaned(number, tag, text)
        before = self.entries.get((self._section, tag))
        if before is not None:
            same = before.text.strip() == text.strip()
            if not (same and self._again):  # of a section that is there twice
                self._find(
                    number, "warning" if same else "error", "tag_twice", tag=tag, first=str(before.line)
                )
        self._open = None
        self._before = (self._section, tag, number)
        if tag == "data" and "<dataencode>" in text.lower():
            at = text.lower().index("<dataencode>")
            rest = text[at + len("<dataencode>") :]
            self.entries[self._section, tag] = Entry(text[:at], number, number)
            self._set(number, "dataencode", rest)
            return
        self.entries[self._section, tag] = Entry(text, number, number)
        if tag in CONTINUED:
            self._open = (self._section, tag)

    def _mean(self, number: int, tag: str, text: str) -> None:
        """Note the value of a tag that is not written rightly: it is not missing, whatever else it is."""
        self.meant.setdefault((self._section, tag), Entry(text, number, number))
        self._before = (self._section, tag, number)

    def _cleaned(self, number: int, tag: str, text: str) -> str:
        """Return a value without what surely does not belong to it, each told."""
        closing = re.search(r"</\s{0,3}(\w+)\s{0,3}>$", text.rstrip())
        if closing and (
            tag not in CONTINUED or (closing[1].lower() in CONTINUED and f"<{closing[1]}>" not in text)
        ):
            self._find(number, "error", "closing_tag", tag=closing[0].strip())
            text = text[: closing.start()].rstrip()
        text = self._unjoined(number, tag, text)
        if text.startswith(";"):
            self._find(number, "error", "comment_behind", text=text[:40])
            return ""
        if tag in CONTINUED or self._section == "callto":
            return text
        equals = re.match(r"\s*[=:]\s*", text)
        if equals:
            self._find(number, "error", "tag_equals", tag=f"<{tag}>", mark=equals[0].strip())
            text = text[equals.end() :]
        if tag in _LITERAL:
            return text
        behind, bare = _COMMENT_BEHIND.search(text), text.strip()
        if behind and bare:
            self._find(number, "error", "comment_behind", text=behind[0].strip()[:40])
            return text[: behind.start()].rstrip()
        if any(each in text for each in INVISIBLE):
            self._find(number, "error", "invisible", tag=f"<{tag}>")
            return "".join(each for each in text if each not in INVISIBLE).strip()
        if len(bare) > 1 and bare[0] in "\"'“”«" and bare[-1] in "\"'“”»":
            self._find(number, "error", "quotes_around", tag=f"<{tag}>")
            return bare.strip("\"'“”«» ")
        if bare and text != bare and not closing and not equals:
            self._find(number, "warning", "blanks_around", tag=f"<{tag}>")
        return text

    def _unjoined(self, number: int, tag: str, text: str) -> str:
        """Return a value up to the next tag or section on its line, which then is told and noted."""
        found = [
            each for each in _TAG.finditer(text) if each[1].lower() in _ALL_TAGS or section_named(each[0])
        ]
        if tag in CONTINUED:  # where only what cannot be an element of XML is no data
            found = [
                each
                for each in found
                if each.start() == 0 and f"</{each[1]}" not in text and each[1].lower() != "dataencode"
            ]
        if not found:
            return text
        self._find(number, "error", "tags_joined", tag=found[0][0])
        for at, each in enumerate(found):
            end = found[at + 1].start() if at + 1 < len(found) else len(text)
            if section_named(each[0]):
                self._next_section = section_named(each[0])
            else:
                self._mean(number, each[1].lower(), text[each.end() : end])
        return text[: found[0].start()].strip()

    def _other(self, number: int, line: str) -> None:
        """Take in a line that is no tag: more of the data, or a slip."""
        if self._open is not None:
            self._more(number, line)
            return
        known = _known_tags(self._section)
        exact = re.match(r"\W*(\w+)\s*[=:>\]/]", line)
        before = self._before if self._before and self._before[2] == number - 1 else None
        if not (exact and exact[1].lower() in known) and before is not None and not line.startswith("<"):
            self._continues(number, line, *before)
            return
        slip = _slip_of(line, known) if len(self.findings) < MOST_FINDINGS else ""
        if slip:
            self._find(number, "error", "tag_unknown", tag=line.split()[0][:40], near=f"<{slip}>")
            self._mean(number, slip, re.sub(r"^\W*[\w-]+\s*[>=:\]/]*", "", line))
        else:
            self._find(number, "warning", "line_unknown", text=line.strip()[:40])

    def _continues(self, number: int, line: str, section: str, tag: str, first: int) -> None:
        """Take in a line behind a tag's: its value, or the rest of it."""
        entry = self.entries.get((section, tag)) or self.meant[section, tag]
        if not entry.text.strip():
            code = "value_on_next_line"
        elif tag in ("url", "headers"):
            code = "header_on_next_line" if tag == "headers" else "line_broken"
        else:
            self._find(number, "warning", "line_unknown", text=line.strip()[:40])
            return
        self._find(number, "error", code, tag=f"<{tag}>", first=str(first))
        joined = (
            f"{entry.text.strip()}|{line.strip()}"
            if code == "header_on_next_line"
            else entry.text.strip() + line.strip()
        )
        where = self.entries if (section, tag) in self.entries else self.meant
        where[section, tag] = Entry(joined, entry.line, number)
        self._before = (section, tag, number)

    def _more(self, number: int, line: str) -> None:
        """Take in a line that goes on with a value."""
        assert self._open is not None  # noqa: S101 - the caller has looked
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


def section_named(line: str) -> str:
    """Return the section that a line begins, ``""`` for none."""
    if line[:1] not in "< \t":
        return ""
    bare = line.strip().lower()
    if bare in ("<global>", "<callto>"):
        return bare[1:-1]
    found = _SECTION.fullmatch(bare)
    return found[1] if found else ""


def _section_meant(word: str, *, strict: bool) -> str:
    """Return the section whose line was meant; ``strict``: in the midst of data, where nearly anything may stand."""
    for section, line in SECTIONS.items():
        if near_of(word, (line[1:-1],)):
            return section
    like = re.fullmatch(r"c\w{0,4}(?:to|2)\w{0,6}(dial|event|token)\w?", word)
    if like:
        return like[1]
    return word if word in ("dial", "event", "token") and not strict else ""


def _is_known(tag: str) -> bool:
    return tag in _ALL_TAGS or bool(section_named(f"<{tag}>")) or bool(near_of(tag, _known_tags("")))


def _owners(tag: str) -> str:
    return " ".join(SECTIONS[section] for section, tags in TAGS.items() if tag in tags)


@cache
def _known_tags(section: str) -> list[str]:
    names = [each[1:-1] for each in SECTIONS.values()]
    return [*TAGS.get(section, ()), *names, *sorted(_ALL_TAGS)]


def _slip_of(line: str, known: list[str]) -> str:
    """Return the tag with which a line with a broken bracket was meant to start."""
    word = re.match(r"\W*([\w-]+)", line)
    if not word or len(word[1]) > LONGEST_TAG:
        return ""
    for name in known:
        if name in word[1].lower()[: len(name) + 1] or distance_of(name, word[1].lower(), 2) <= 2:
            return name
    return ""


def near_of(word: str, known: "tuple[str, ...] | list[str]") -> str:
    """Return the known word at most two letters away, the nearest first."""
    ranked = sorted(
        (distance, index) for index, each in enumerate(known) if (distance := distance_of(word, each, 2)) <= 2
    )
    return known[ranked[0][1]] if ranked and len(word) > ranked[0][0] else ""


def distance_of(one: str, other: str, most: int) -> int:
    """Return how many letters must change to make one word the other (Levenshtein), at most ``most + 1``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != against))
    return row[-1]
