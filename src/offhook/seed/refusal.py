"""Whether a reply says no, whatever its status says, and in which words. No I/O.

Rules: specification section 5. Web services of telephone systems often answer 200 with an error inside. What is looked
at is what speaks for the whole reply: its outermost object, the envelopes around it, and for an error that has a name
the objects directly inside it. A word that begins a sentence is no verdict, and an error of which there are 0 is none.
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
PARTIES = frozenset(("caller", "callee", "called", "from", "to", "party", "peer", "agent"))
"""Names of objects that speak for one party of the call only."""
SAYINGS = frozenset(
    ("message", "msg", "errmsg", "errormessage", "errordescription", "description", "reason", "text")
)
NO = frozenset(
    ("error", "err", "ko", "nok", "nak", "fail", "failed", "failure", "refused", "rejected", "denied", "forbidden",
     "unauthorized", "unauthorised", "invalid")
)  # fmt: skip
SIGNS = frozenset(("err", "ko", "nok", "nak"))
"""Those among them that begin no sentence."""
NOTHING = frozenset(("", "no", "none", "null", "nil", "na", "false", "ok", "success", "noerror", "noerrors"))
DEEPEST = 6
LEAST_STATUS = 400
"""From here on, a status of HTTP, and of SIP, says no."""

_ERR = re.compile(r"^-ERR\b", re.IGNORECASE | re.MULTILINE)
_BEGINS = re.compile(
    rf"[\s\"'\[(]*[-!]?({'|'.join(sorted(NO, key=len, reverse=True))})(?![^\W_]|-(?:free|over|safe)\b)(.*)",
    re.IGNORECASE,
)
_NO_SENTENCE = re.compile(
    r"\s*(?![^\W\d_]|\s)|\s+(?:to|by|in|at|on|for|from|with|while|during|because|due)\b|\s+\w+\W*\Z",
    re.IGNORECASE,
)
"""What may stand behind a word that says no: a mark, a number, what it governs, or one word and no more."""
_ENDS = re.compile(
    r"(?!(?:no|not|none|nothing|nobody|never|without|0+)\b)\w+ (?:refused|rejected|denied|failed|forbidden)\W*",
    re.IGNORECASE,
)
_NONE = re.compile(r"(?:0x)?0+\b(?!\.\d)|(?:none|no errors?)(?: found| \(.*)?\W*\Z", re.IGNORECASE)
_COUNTED = re.compile(r"[:=]\s*(?:0+|none)\W*\Z", re.IGNORECASE)


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
    if words or not (_ERR.search(text) or _is_verdict(text)):
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


def _no(found: Json, depth: int, whole: bool = True) -> str:
    """Return what says no in an object, and what is said beside it; ``whole`` if it speaks for the whole reply."""
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict) or depth > DEEPEST:
        return ""
    for key, value in found.items():
        if _is_no(_bare(key), value) and (whole or _bare(key) != "code"):  # it may be anything's
            beside = [
                _words(each)
                for name, each in found.items()
                if name != key and _bare(name) in SAYINGS | ERRORS
            ]
            return " ".join([f"{key}:", _words(value), *beside])
    for key, value in found.items():
        envelope = len(found) == 1 or _bare(key) in ENVELOPES
        inside = whole and isinstance(value, dict) and _bare(key) not in PARTIES
        words = (
            _no(value, depth + 1, (whole and envelope) or _bare(key) in RESULTS) if envelope or inside else ""
        )
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
    if name in ("status", "stat") and (number := re.match(r"\s*([45]\d\d\b|\d{3,9}\s*\Z)", str(value))):
        return int(number[1]) >= LEAST_STATUS
    return name in RESULTS and _is_verdict(str(value))


def _is_verdict(text: str) -> bool:
    """Say whether a text says no: by a word alone, or one that has its reason behind it, but not a sentence."""
    line = text.strip().partition("\n")[0].rstrip()
    begins = _BEGINS.match(line)
    if begins is None:
        return _ENDS.fullmatch(line) is not None
    word, rest = begins.groups()
    behind = rest.strip(" \t:=-(.!")
    if behind and (_is_nothing(behind) or _NONE.match(behind) or _COUNTED.search(line)):
        return False
    return word.isupper() or word.lower() in SIGNS or _NO_SENTENCE.match(rest) is not None


def _is_nothing(value: Json) -> bool:
    """Say whether what stands where an error would says that there is none."""
    if isinstance(value, dict):
        codes = [each for name, each in value.items() if _bare(name) in CODES]
        return all(map(_is_nothing, codes or value.values()))
    if isinstance(value, list):
        return all(map(_is_nothing, value))
    word = re.sub(r"[\s_.()\[\]{}]", "", str(value).lower())
    return (
        value is None
        or re.fullmatch("(?:0x)?0*|(?:0+|none)(?:errors?|noerrors?|ok|success)", word) is not None
        or word in NOTHING
    )


def _bare(text: str) -> str:
    """Return the letters and digits of a name, a minus sign kept: ``err_code`` is ``errCode``."""
    return re.sub(r"(?!^-)[^a-z0-9]", "", text.strip().lower())


def _words(value: Json) -> str:
    """Return the texts in a value."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return " ".join(filter(None, map(_words, inner)))
    return "" if value is None else str(value)
