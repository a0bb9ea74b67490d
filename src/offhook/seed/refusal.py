"""Whether a reply says no, whatever its status says, and in which words. No I/O.

Rules: specification section 5. Web services of telephone systems often answer 200 with an error inside. What is looked
at is what speaks for the whole reply: its outermost object, and the envelopes around it.
"""

import re

from offhook.errors import ProtocolError
from offhook.seed.replies import Json, decoded, holds, values

ERRORS = frozenset(("error", "errors", "err", "fault", "exception", "apierror", "apierrors"))
CODES = frozenset(
    ("code", "errcode", "errorcode", "errno", "retcode", "returncode", "resultcode", "statuscode")
)
FLAGS = frozenset(("success", "succeeded", "successful", "issuccess", "ok"))
RESULTS = frozenset(("status", "stat", "result", "response", "outcome"))
ENVELOPES = RESULTS | {"envelope", "body", "meta", "header", "head", "return", "generic", "d"}
"""Names of objects that speak for the whole reply, too."""
SAYINGS = frozenset(
    ("message", "msg", "errmsg", "errormessage", "errordescription", "description", "reason", "text")
)
NO = frozenset(
    ("error", "err", "ko", "nok", "nak", "fail", "failed", "failure", "refused", "rejected", "denied", "forbidden",
     "unauthorized", "unauthorised", "invalid")
)  # fmt: skip
NOTHING = frozenset(("", "no", "none", "null", "nil", "false", "ok", "success", "noerror"))
DEEPEST = 6

_TEXT = re.compile(
    r"\A[\s\"']*[-!]?(err|error|ko|nok|fail|failed|failure|refused|denied)\b|^-ERR\b",
    re.IGNORECASE | re.MULTILINE,
)


def refusal(body: bytes, content_type: str) -> str:
    """Return the words in which a reply says no, ``""`` where it does not."""
    found: Json = None
    for label in (content_type, "text/plain"):
        try:
            found = values(body, label)
            break
        except ProtocolError:
            continue
    words = _no(found, 0)
    text = decoded(body, content_type)
    if words or not _TEXT.search(text):
        return words
    named = found.items() if isinstance(found, dict) else ()  # "error: 0" begins so, too
    no = not any(_bare(name) in ERRORS | NO and _is_nothing(value) for name, value in named)
    return text.strip() if no else ""


def succeeds(body: bytes, content_type: str, kind: str, wanted: str) -> bool:
    """Say whether a reply says what a file's ``json_ok``, ``xml_ok`` or ``text_ok`` wants: ``path=value`` or words."""
    text = decoded(body, content_type)
    return any(
        _is_there(each.strip(), text, body, content_type, kind) for each in wanted.split("|") if each.strip()
    )


def _is_there(wanted: str, text: str, body: bytes, content_type: str, kind: str) -> bool:
    name, mark, value = wanted.partition("=")
    try:
        if mark and holds(body, content_type, kind, name.strip(), value):
            return True
    except ProtocolError:
        return False
    if mark and kind != "text":
        return False
    words = r"\s+".join(map(re.escape, wanted.split()))
    return re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE) is not None


def _no(found: Json, depth: int) -> str:
    """Return what says no in an object, and what is said beside it."""
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict) or depth > DEEPEST:
        return ""
    for key, value in found.items():
        if _is_no(_bare(key), value):
            beside = [
                _words(each)
                for name, each in found.items()
                if name != key and _bare(name) in SAYINGS | ERRORS
            ]
            return " ".join([f"{key}:", _words(value), *beside])
    for key, value in found.items():
        if len(found) == 1 or _bare(key) in ENVELOPES:
            words = _no(value, depth + 1)
            if words:
                return words
    return ""


def _is_no(name: str, value: Json) -> bool:
    if name in ERRORS:
        return not _is_nothing(value)
    if isinstance(value, dict | list) or value is None:
        return False
    word = _bare(str(value))
    if name in CODES:
        return not (
            _is_nothing(value) or re.fullmatch(r"2\d\d", word)
        )  # what a status of HTTP says of success
    if name in FLAGS:
        return word in ("false", "0", "no") or word in NO
    return name in RESULTS and (re.findall(r"[a-z]+", str(value).lower()) or [""])[0] in NO


def _is_nothing(value: Json) -> bool:
    """Say whether what stands where an error would says that there is none."""
    if isinstance(value, dict):
        codes = [each for name, each in value.items() if _bare(name) in CODES]
        return all(map(_is_nothing, codes or value.values()))
    if isinstance(value, list):
        return all(map(_is_nothing, value))
    word = re.sub(r"[\s_.]", "", str(value).lower())
    return value is None or re.fullmatch("0*", word) is not None or word in NOTHING


def _bare(text: str) -> str:
    """Return the letters and digits of a name, a minus sign kept: ``err_code`` is ``errCode``."""
    return re.sub(r"(?!^-)[^a-z0-9]", "", text.strip().lower())


def _words(value: Json) -> str:
    """Return the texts in a value."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return " ".join(filter(None, map(_words, inner)))
    return "" if value is None else str(value)
