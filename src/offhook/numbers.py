"""A telephone number: read what people paste, recognise it, print it. No I/O.

Rules: specification section 3; URI forms: RFC 3966. A number without anything to doubt is read with the standard
library alone; where there is doubt, and to compare numbers, ``plans`` is asked.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from offhook import plans
from offhook.errors import Refused

if TYPE_CHECKING:
    from offhook.model import Party

MAX_DIGITS = 32
"""Longest string of digits dialled; E.164 allows 15, and feature codes and carrier prefixes come on top."""
LONGEST_TEXT = 300
"""Longest text read as a number: nobody writes a longer one, and patterns are slow on long text."""
INTERNAL_DIGITS = 5
"""Up to this many digits a number is internal unless the administrator says otherwise."""
MOST_NAMED = 4
"""How many of the numbers in one text a message names."""
FULL_DIGITS = 7
"""A number with fewer digits has no extension behind a mere ``x``."""
WITHHELD = "anonymous"
"""What stands for a number that the switch has, and marks as not to be shown."""
PREFIX_DIGITS = 3
"""Where nothing is known of an outside prefix, so many digits before a pause or a ``+`` may be one."""
LAST_DIGITS = 3
"""How many last digits a second number is written with: ``03 88 20 20 20/21``."""

_SCHEME = re.compile(r"(?:(?:tel|callto|sips?|skype)\s*:\s*(?://)?)+", re.IGNORECASE)
_SIP = re.compile(r"sips?\s*:", re.IGNORECASE)
_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(:[0-9]+)?")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Variation selectors and fillers: what else cannot be seen, besides the category Cf."""
_DASHES = "\u00b7\u2010-\u2015\u2212"
_CLEAN = re.compile(rf"[\s./()\-{_DASHES}]+")
_LABEL_BETWEEN = re.compile(r"(?<=[0-9)])[\s,;]++([^\W\d_](?:[^\W\d_]|[.:°\s])*+)(?=[+0-9(])")
_GROUPS = re.compile(rf"[^\s./()\-{_DASHES}]+")
_DIGITS = re.compile(r"(\+[0-9]|[0-9*#])[0-9*#]*\Z")
_PAUSE = re.compile(r"[\s)]*[,;pPwW][\s,;pPwW]*(?=[0-9*#+(])")
_ZERO = re.compile(rf"(?<=[0-9])[\s./()\-{_DASHES}]*\(\s*0\s*\)")
_MARK = re.compile(r"[0-9)]\s+[*#]")
_NAMED = re.compile(r"\s*+\((?=[^()0-9]*[^\W\d_])[^()0-9]*+\)\s*+\Z")
"""A name in brackets at the end: ``0388202020 (Jean)``."""
_HASHED = re.compile(r"(?<=[0-9)])\s+#\s*(?P<ext>[0-9]{1,7})\s*\Z")
_FIGURE = re.compile(
    r"[0-9][.,][0-9]|[+-]?[0-9]+([.,][0-9]*)?E[+-]?[0-9]+|[+-]?[0-9]+[.,]0+|[0-9]{1,3}([\s.,'’][0-9]{3})+[.,]0{1,2}",
    re.IGNORECASE,
)
_EXTENSION_WORD = (
    r"(?:poste|post|apparaat|appareil|interne|interno|intern|int|durchwahl|dw|toestel|tst|anexo|ramal"
    r"|e?xt(?:ensi[oó]?n?|n)?|p(?=\s*\.))"
)
_EXTENSION = re.compile(
    rf"""(?<=[0-9)\s.,;/\-])[\s,;/(.\-]*
    (?P<word>{_EXTENSION_WORD}|x)
    [\s.:,]*+(?P<ext>[0-9]{{1,20}}+)\s*+\#?[\s)]*+\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_EXTENSION_FIRST = re.compile(
    rf"\s*{_EXTENSION_WORD}[\s.:]*+(?P<ext>[0-9]{{1,{INTERNAL_DIGITS}}}+)[\s.,:/({_DASHES}\-]++(?=[+0-9(])",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"\s*[.)]\s|\s+[{_DASHES}\-]\s")
"""What stands behind the number of a list: ``1.``, ``1)``, ``1 -``."""
_LINES = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BESIDE = re.compile(
    rf"\s*[|&]\s*|{_LINES.pattern}|\s+[/{_DASHES}\-]\s+"
    r"|\s+(?:ou|or|oder|o|et|and|und|y|e|puis|then|à|bis|to)\s+(?=[0-9+(*#])",
    re.IGNORECASE,
)
_JOINS = re.compile(rf"\s+[/{_DASHES}\-]\s+")
_SYMBOLS = "№☎☏✆℡🕾🕿📞📱📲📠🖷"
_LABELS = frozenset(
    """
    tel tele telef telefon telefono telefone telefoon telephone telephonique phone ph fon t portable port mobile mobil
    mobiel movil mob m gsm cell cellulare cellulaire cellular celular cel telemovel handy natel mobiltelefon p fixe fijo
    fisso fixo vast festnetz landline fax telefax telecopie f standard accueil zentrale centralino switchboard ligne
    directe direct direkt direto ld sda ddi did durchwahl dw bureau bur buro office ufficio oficina kantoor work trabajo
    lavoro werk domicile dom home casa huis thuis prive privat private privato personnel perso professionnel pro
    geschaftlich dienstlich gesch business main principal hauptnummer numero numeros num no nr n number nummer rufnummer
    vert azur indigo gratuit cristal toll free tollfree freephone secretariat astreinte urgence urgences contact appel
    appeler appelez call rappeler rappel poste extension ext assistant assistante voip sip whatsapp de du la le au a
    """.split()  # noqa: SIM905 (a table of words)
)
"""Words that may stand in front of a number, without accents."""
_HIDDEN = re.compile(
    r"\b(anonym|anoni[em]|unknown|restricted|withheld|private?\b|unavailable|blocked|masque|cache\b|bloque|prive|inconnu"
    r"|secret|unterdruckt|unterdrueckt|unbekannt|privat[oa]?\b|oculto|desconocid|privado|sconosciut|nascost|riservat"
    r"|onbekend|afgeschermd|verborgen|desconhecid|no number)|\A(n/?a|null|none|nil|no caller ?id)\Z"
)
"""Words of a text that say that the number is hidden, in six languages, without accents."""


class Number(NamedTuple):
    """A number to dial: ``digits`` are dialled, ``post_dial`` are sent as tones after the answer.

    ``ext`` is the extension behind it, for a person to ask for or to dial after the answer.
    """

    digits: str
    post_dial: str = ""
    ext: str = ""


def read(text: str, country: str = "", prefix: str = "") -> Number:
    """Read a number as people write it. Raises ``Refused`` for anything that is not one number.

    ``country`` (two letters) is where it is dialled, ``prefix`` the outside prefix it may begin with. Without a country
    only its shape is judged: whoever dials it knows the country.

    Accepts blanks, dots, dashes, slashes, brackets, ``+``, ``00``, ``*``, ``#``, a label in front, an extension behind,
    and ``tel: callto: sip: skype:`` URIs, whose host is dropped and whose ``;name=value`` parameters are read. ``,``
    ``;`` ``p`` ``w`` behind a whole number begin the digits sent after the answer.
    """
    if len(text.strip()) > LONGEST_TEXT:
        raise Refused("number_unreadable", number=shown(text))
    plain = _seen(text)
    if not plain:
        raise Refused("number_empty")
    if is_figure(plain, country):
        raise Refused("number_figure", number=shown(text))
    return _Written(text, country, prefix).of(plain)


def read_all(text: str, country: str) -> list[Number]:
    """Return every number of one text: ``03 88 20 20 20 / 06 39 98 12 34`` holds two. None where there is none.

    For a field of an address book; what is dialled is :func:`read`.
    """
    try:
        return [read(text, country)]
    except Refused as error:
        found = []
        for part in str(error.params.get("numbers", "")).split(" | "):
            with suppress(Refused):
                found.append(read(part, country))
        return found


def is_figure(text: str, country: str) -> bool:
    """Say whether a text is what a spreadsheet makes of a number: ``3,3388E+10``, ``112.0``.

    ``118.000`` is one unless the country has that short number: three zeros may be a group.
    """
    if _FIGURE.fullmatch(text) is None:
        return False
    grouped = re.fullmatch(r"[0-9]{1,3}\.000", text) is not None and bool(country)
    return not (grouped and plans.exists(_bare(text), country))


def extension(text: str) -> str:
    """Return the extension behind a number, which is not dialled with it; ``""`` for none."""
    try:
        return read(text).ext
    except Refused:
        return ""


def shown(text: str) -> str:
    """Return hostile text fit for a message: at most 40 printable characters."""
    safe = "".join(character if character.isprintable() else "�" for character in text)
    return safe if len(safe) <= 40 else safe[:39] + "…"


# --- reading --------------------------------------------------------------------------------------


class _Written:
    """One text, read for one country."""

    def __init__(self, text: str, country: str, prefix: str) -> None:
        self.text = text
        self.country = country
        self.prefix = prefix

    def of(self, plain: str) -> Number:
        """Read it, URI or not."""
        scheme = _SCHEME.match(plain)
        if scheme is None:
            bare, named = _without_parameters(plain)
            first = _EXTENSION_FIRST.match(bare)
            if first is not None and self._is_behind(bare[: first.end()], bare[first.end() :]):
                found = self._with_extension(bare[first.end() :], named)
                return found._replace(ext=found.ext or first["ext"])
            return self._with_extension(_unlabelled(bare), named)
        rest = _unquoted(plain[scheme.end() :]).strip(" ").lstrip("/")
        user, at, _host = rest.partition("@")
        if at:
            rest = user.partition(":")[0]
        elif _SIP.match(plain) and _ADDRESS.match(rest):  # the address of a machine, and nobody's number
            raise self._unreadable()
        return self._with_extension(*_without_parameters(_unlabelled(rest.partition("?")[0])))

    def _with_extension(self, body: str, named: dict[str, str]) -> Number:
        """Take an extension off, in words or as a parameter, and read what is left."""
        if _LINES.search(body):
            return Number(self._one(body))
        ext = "".join(filter(str.isdigit, named.get("ext", "")))
        behind = _HASHED.search(body) if body[:1] not in "*#" else None
        if behind is None:
            worded = _EXTENSION.search(body)
            enough = FULL_DIGITS if worded is not None and worded["word"].lower() == "x" else 1
            if worded is not None and sum(map(str.isdigit, body[: worded.start()])) >= enough:
                behind = worded
        if behind is not None:
            ext, body = behind["ext"], body[: behind.start()]
        found = self._with_pause(body.strip(" \t.,;:/-"))
        context = named.get("phone-context", "").strip()
        if context.startswith("+"):
            found = found._replace(digits=self._in_context(found.digits, _CLEAN.sub("", context)))
        post_dial = re.sub(r"[^0-9*#]", "", named.get("postd", ""))
        return found._replace(ext=ext or found.ext, post_dial=post_dial or found.post_dial)

    def _in_context(self, digits: str, context: str) -> str:
        """Return a local number of a ``phone-context`` (RFC 3966) as it is dialled here. Raises ``Refused``."""
        here = context == f"+{plans.code_of(self.country)}" and plans.exists(digits, self.country)
        if digits.startswith("+") or here:
            return digits
        code = plans.calling_code(context[1:])
        if not code or not self.country:
            return digits if digits.startswith("0") else context + digits
        there = (
            {plans.valid(digits, region) for region in plans.regions_of(code)}
            if context == f"+{code}"
            else set()
        )
        found = (there | {plans.valid(context + digits, self.country)}) - {""}
        if len(found) == 1:
            return found.pop()
        if len(digits) <= INTERNAL_DIGITS and not found:
            return digits
        raise self._unreadable()

    def _with_pause(self, body: str) -> Number:
        """Split at the first pause, where it is one: behind a whole number, and not before another."""
        pause = _PAUSE.search(body)
        if pause is None or not (head := _CLEAN.sub("", body[: pause.start()])):
            return Number(self._one(body))
        tail = body[pause.end() :]
        post_dial = re.sub(r"[,;pPwW]", "", _CLEAN.sub("", tail))
        perhaps = not self.country and len(head) <= PREFIX_DIGITS and len(post_dial) >= FULL_DIGITS
        if perhaps or (self.prefix and head == self.prefix):
            return self._with_pause(f"{head} {tail}")
        if not _DIGITS.match(post_dial):
            raise self._several_or_unreadable(body[: pause.start()], tail)
        if not self.country:
            return Number(self._one(body[: pause.start()]), post_dial)
        first = _PAUSE.split(tail)[0]
        another = any(self._complete(_bare(each)) for each in _BESIDE.split(first))
        if another or _emergency(head, self.country):
            raise self._several(body[: pause.start()], first)
        digits = self._one(body[: pause.start()])
        if not (self._complete(digits) or len(digits) <= INTERNAL_DIGITS):
            raise Refused("number_pause", number=shown(self.text), digits=digits)
        return Number(digits, post_dial)

    def _one(self, body: str) -> str:
        """Return the digits of a text that holds one number and no pause. Raises ``Refused``."""
        prefix = re.escape(self.prefix) if self.country else f"[0-9]{{1,{PREFIX_DIGITS}}}"
        if prefix and (outside := re.match(rf"{prefix}[\s.\-]*(?=\+)", body)):
            body = body[outside.end() :]
        urgent = _emergency(_bare(body), self.country)
        if not urgent and _MARK.search(body) and body[0] not in "*#":
            raise self._unreadable()
        body = _LABEL_BETWEEN.sub(_bar, body)
        parts = _BESIDE.split(body)
        if len(parts) > 1:
            self._check_parts(body, parts)
        if urgent:
            return urgent
        digits = _bare(body)
        if not _DIGITS.match(digits) or len(digits) > MAX_DIGITS or not re.search(r"[0-9*]", digits):
            raise self._unreadable()
        if digits[0] in "*#":
            return digits
        if self.country:
            digits = (
                self._doubted(body, digits) if len(_GROUPS.findall(body)) > 1 else self._zeroed(body, digits)
            )
            self._check_length(digits)
            return digits
        return self._zeroed(body, digits)

    def _check_parts(self, body: str, parts: list[str]) -> None:
        """Raise where words, lines or bars part a text into several numbers; a dash or a slash may be in one."""
        bare = [_bare(_unlabelled(part)) for part in parts]
        if not all(map(_DIGITS.match, bare)):
            raise self._unreadable()
        if len(_JOINS.split(body)) < len(parts) or any(_unlabelled(part) != part for part in parts):
            raise self._several(*parts)
        if not self.country:
            return
        full = all(len(each) >= FULL_DIGITS for each in bare) and not self._whole(_bare(body))
        if full or all(map(self._complete, bare)):
            raise self._several(*parts)

    def _doubted(self, body: str, digits: str) -> str:
        """Return the digits of several groups, unless they are two numbers, or one and the end of another."""
        try:
            found, doubt = self._zeroed(body, digits), None
        except Refused as error:
            found, doubt = "", error
        if found and self._whole(found):
            return found
        gaps = [
            gap for gap in _CLEAN.finditer(body) if _bare(body[: gap.start()]) and _bare(body[gap.end() :])
        ]
        splits = [(body[: gap.start()], body[gap.end() :]) for gap in gaps]
        for head, tail in splits:
            if self._complete(_cut(head)) and self._complete(_cut(tail)):
                raise self._several(head, tail)
        first, _slash, second = body.partition("/")
        if 2 < len(_bare(first)) == len(_bare(second)) <= INTERNAL_DIGITS:
            raise self._several(first, second)
        if len(digits) > INTERNAL_DIGITS:
            for head, tail in splits:
                if self._is_long(_cut(head)):
                    raise self._several(head, tail)
        if doubt is not None:
            raise doubt
        for gap, (head, tail) in zip(gaps, splits, strict=True):
            if self._is_behind(head, tail) or (_NUMBERED.match(gap[0]) and self._complete(_cut(tail))):
                raise self._several(head, tail)
        return found

    def _is_behind(self, head: str, tail: str) -> bool:
        """Say whether a whole number stands behind something else, with which it is none."""
        front = re.sub(r"[^0-9*#]", "", head)
        if (
            not self.country or head.startswith("+") or front == "0"
        ):  # nothing is numbered 0: an outside prefix
            return False
        whole = self._whole(front + _bare(tail))
        return not whole and self._is_long(_cut(tail))

    def _zeroed(self, body: str, digits: str) -> str:
        """Return the digits without a trunk ``0`` behind a country code, where only that is a number.

        Raises ``Refused`` where both are, or neither is.
        """
        lead = "+" if digits.startswith("+") else "00" if digits.startswith("00") else ""
        if _ZERO.search(body) is not None:
            if not lead and not self.country:
                return digits
            cut = _cut(body)
        else:
            if lead == "+" and digits[1:2] == "0":
                return self._after_plus(digits)
            code = _code_before_zero(digits[len(lead) :]) if lead else ""
            cut = lead + code + digits[len(lead + code) + 1 :]
            if not code or self._valid(digits) or (lead == "00" and not self._valid(cut)):
                return digits
        whole = [each for each in (digits, cut) if self._valid(each)]
        if len(whole) == 2 and not plans.has_trunk(plans.calling_code(digits[len(lead) :])):
            return digits  # Italy: there is no trunk 0, so every 0 belongs to the number
        if len(whole) != 1:
            raise Refused("number_zero", number=shown(self.text), kept=digits, cut=cut)
        return whole[0]

    def _after_plus(self, digits: str) -> str:
        """Return a number whose ``+`` stands before the international prefix as well. Raises ``Refused``."""
        for prefix in filter(None, ("00", plans.international_prefix(self.country) if self.country else "")):
            rest = f"+{digits[1:].removeprefix(prefix)}"
            if digits[1:].startswith(prefix) and self._valid(rest):
                return rest
        raise self._unreadable()

    def _check_length(self, digits: str) -> None:
        """Raise for more digits than a number has, after outside and international prefix."""
        if len(digits) <= plans.E164_DIGITS - 3 or "*" in digits or "#" in digits or self._complete(digits):
            return
        if all(
            plans.length_of(each, self.country) > plans.E164_DIGITS
            for each in {digits, self._unprefixed(digits)}
        ):
            raise Refused("number_too_long", number=shown(self.text), longest=plans.E164_DIGITS)

    # --- what is known of digits ------------------------------------------------------------------

    def _valid(self, digits: str) -> bool:
        return plans.exists(digits, self.country) or bool(plans.meant(digits, self.country))

    def _whole(self, digits: str) -> bool:
        """Say whether it is one number, perhaps with the outside prefix, or without what a spreadsheet loses."""
        bare = self._unprefixed(digits)
        return any(
            plans.exists(each, self.country) or plans.meant(each, self.country) for each in {digits, bare}
        )

    def _complete(self, digits: str) -> bool:
        """Say whether it is a number by itself, perhaps with the outside prefix."""
        return any(plans.exists(each, self.country) for each in {digits, self._unprefixed(digits)})

    def _is_long(self, digits: str) -> bool:
        """Say the same of a number that is no short one."""
        return any(plans.valid(each, self.country) for each in {digits, self._unprefixed(digits)})

    def _unprefixed(self, digits: str) -> str:
        return digits.removeprefix(self.prefix) or digits

    # --- what is wrong ----------------------------------------------------------------------------

    def _unreadable(self) -> Refused:
        return Refused("number_unreadable", number=shown(self.text))

    def _several(self, *parts: str) -> Refused:
        """Return the error that names them; the end of a second number (``…20/21``) is named whole."""
        each = [_unlabelled(one).strip(" \t\r\n.,;:/|-") for part in parts for one in _BESIDE.split(part)]
        if self.country and plans.valid(self._unprefixed(_bare(each[0])), self.country):
            each = each[:1] + [_completed(each[0], last) for one in each[1:] for last in _ends(one)]
        each = [one if one.count("(") == one.count(")") else re.sub(r"[()]", "", one) for one in each]
        named = [shown(one) for one in each if one][:MOST_NAMED]
        whole = (one for one in named if self.country and self._complete(_bare(one)))
        first = next(whole, named[0])
        return Refused("number_several", number=shown(self.text), numbers=" | ".join(named), first=first)

    def _several_or_unreadable(self, *parts: str) -> Refused:
        every = [each for part in parts for each in re.split(r"[,;]", part)]
        whole = all(_DIGITS.match(_bare(_unlabelled(each))) for each in every)
        return self._several(*every) if whole else self._unreadable()


def _ends(text: str) -> list[str]:
    """Return the parts of ``21/22``, where all are so short that they must be last digits; else the text itself."""
    parts = re.split(r"\s*/\s*", text)
    return parts if all(len(part) <= LAST_DIGITS for part in parts) else [text]


def _completed(number: str, last: str) -> str:
    """Return a number with other last digits: of ``03 88 20 20 20`` and ``21``, ``03 88 20 20 21``."""
    digits = list(_bare(last))
    if not _bare(last).isdigit() or len(digits) > LAST_DIGITS:
        return last
    return "".join(
        reversed([digits.pop() if digits and letter.isdigit() else letter for letter in reversed(number)])
    )


def _bar(found: re.Match[str]) -> str:
    """Return a bar in place of a label between two numbers."""
    words = re.findall(r"[^\W_]+", _plain(found[1]))
    return (
        "|" if all(word in _LABELS for word in words) and any(len(word) > 1 for word in words) else found[0]
    )


def _code_before_zero(digits: str) -> str:
    """Return the calling code that digits begin with, if a ``0`` stands directly behind it."""
    if "0" not in digits[1:4]:
        return ""
    code = plans.calling_code(digits)
    return code if code and digits[len(code) :].startswith("0") else ""


def _emergency(digits: str, country: str) -> str:
    """Return the emergency number that digits are, perhaps with a ``+`` before or a ``#`` behind; ``""`` for none."""
    bare = digits.removeprefix("+").rstrip("#")
    return bare if country and plans.is_emergency(bare, country) else ""


def _bare(text: str) -> str:
    """Return a text without what stands between its digits."""
    return _CLEAN.sub("", text)


def _cut(text: str) -> str:
    """Return the same without a ``(0)`` behind other digits."""
    return _bare(_ZERO.sub("", text))


def _seen(text: str) -> str:
    """Return what can be seen of a text, its digits and signs as they are dialled."""
    if text.isascii():
        return text.strip()
    import unicodedata

    found = []
    for letter in _UNSEEN.sub("", text):
        if unicodedata.category(letter) == "Cf":
            continue
        if "\uff01" <= letter <= "\uff5e":  # full-width forms of ASCII
            letter = chr(ord(letter) - 0xFEE0)
        found.append(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter)
    return unicodedata.normalize("NFC", "".join(found)).strip()


def _plain(text: str) -> str:
    """Return a text in small letters without accents."""
    if text.isascii():
        return text.lower()
    import unicodedata

    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _unlabelled(text: str) -> str:
    """Return a text without the label in front: ``Tél. : 03 …`` is ``03 …``."""
    start = re.search(r"[+0-9*#]", text)
    if start is None or start.start() == 0:
        return text
    label = text[: start.start()]
    words = re.findall(r"[^\W_]+", _plain(label))
    signs = re.sub(r"[^\W_]+", "", _plain(label))
    if not words and not any(sign in _SYMBOLS for sign in label):
        return text
    if all(word in _LABELS for word in words) and re.fullmatch(rf"[\s.:()/°º\-{_DASHES}{_SYMBOLS}]*", signs):
        return text[start.start() :]
    return text


def _unquoted(text: str) -> str:
    """Undo a URI's percent-encoding."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _without_parameters(text: str) -> tuple[str, dict[str, str]]:
    """Split RFC 3966 ``;name=value`` parameters off, whatever their order."""
    kept, named = [], {}
    for index, part in enumerate(text.split(";")):
        name, equals, value = part.partition("=")
        if index and equals:
            named[name.strip().lower()] = value
        else:
            kept.append(part)
    return ";".join(kept), named


# --- who it is ------------------------------------------------------------------------------------


def party(raw: object, country: str, name: object = "", strip: Collection[str] = ()) -> "Party":
    """Return who a switch's number belongs to: E.164 where possible, hidden and internal as such.

    ``country`` is where a number without a prefix belongs (two letters), ``strip`` are prefixes the switch may have
    added (``incoming_strip``). Whatever the switch sent, the party can be shown, stored and sent on. Of a hidden one
    nothing is kept that could be a number.
    """
    from offhook.model import Party, PartyKind, cleaned

    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    said = raw if isinstance(raw, str) else cleaned(raw)
    raw, name, text = cleaned(raw), cleaned(name), _address(said[:LONGEST_TEXT])
    if _is_hidden(text, raw):
        kept = raw if not re.search(r"[1-9]", raw) else ""
        return Party(raw=kept, name="" if _HIDDEN.search(_plain(name)) else name, kind=PartyKind.HIDDEN)
    try:
        digits = _without_added(_read_added(text, country, strip).digits, country, strip)
    except Refused:
        return Party(raw=raw, name=name, kind=PartyKind.UNREADABLE)
    if digits.isdigit() and len(digits) <= INTERNAL_DIGITS and not _is_public(digits, country):
        return Party(number=digits, raw=raw, name=name, kind=PartyKind.INTERNAL)
    return Party(number=_standard(digits, country) or digits, raw=raw, name=name)


def _address(text: str) -> str:
    """Return the part of a switch's words that holds the number: of ``"Jean" <sip:0388…@host>`` the ``0388…``."""
    plain = _seen(text)
    inside = re.search(r"<([^<>]*)>", plain)
    if inside is not None and (re.search(r"[0-9@:]", inside[1]) or not re.search(r"[0-9]", plain)):
        plain = inside[1].strip()
    plain = _NAMED.sub("", plain)
    scheme = _SCHEME.match(plain)
    if "@" in plain and scheme is None:
        plain = plain.partition("@")[0]
    whole = re.fullmatch(r"([0-9]{7,})\.0+", plain)
    return whole[1] if whole is not None else plain


def _is_hidden(text: str, raw: str) -> bool:
    """Say whether a switch's words say that the number is hidden: no number, and a word for it; or nothing at all."""
    scheme = _SCHEME.match(text)
    user = (text[scheme.end() :] if scheme is not None else text).partition("@")[0].partition(";")[0].strip()
    if scheme is not None and _ADDRESS.fullmatch(user):
        user = ""
    numerals = re.sub(r"[^0-9]", "", user)
    if numerals:
        return not numerals.strip("0") and not re.search(r"[^\W\d_]", user)
    said = _plain(_seen(raw))
    return not user or _HIDDEN.search(said) is not None or _HIDDEN.search(_plain(user)) is not None


def _is_public(digits: str, country: str) -> bool:
    """Say whether a short number is known to be nobody's extension, however short."""
    return plans.is_paid_short(digits, country) or plans.is_emergency(digits, country)


def _read_added(text: str, country: str, strip: Collection[str]) -> Number:
    """Read a number that a prefix the switch added may stand before, apart from it. Raises ``Refused``."""
    for prefix in filter(None, strip):
        with suppress(Refused):
            return read(text, country, prefix)
    return read(text, country)


def _without_added(number: str, country: str, strip: Collection[str]) -> str:
    """Take off what the switch added: a prefix without which it is a number, and with which it is not."""
    if not strip or number.startswith("+") or len(number) <= INTERNAL_DIGITS or e164(number, country):
        return number
    for prefix in strip:
        rest = number.removeprefix(prefix)
        if prefix and rest != number and (e164(rest, country) or 0 < len(rest) <= INTERNAL_DIGITS):
            return rest
    return number


def e164(text: str, country: str) -> str:
    """Return the number in E.164 (``+33388202020``), or ``""`` where it is not one of that country."""
    try:
        return _standard(read(text, country).digits, country)
    except Refused:
        return ""


def _standard(digits: str, country: str) -> str:
    """Return the E.164 form of digits that a switch or an address book has, ``""`` for none.

    Such digits may lack a ``+`` or a trunk ``0``, or be of a range so new that only their length is known.
    """
    found = plans.valid(digits, country)
    if found or not digits.removeprefix("+").isdigit():
        return found
    with_code, with_trunk = plans.with_code(digits, country), plans.with_trunk(digits, country)
    return (
        plans.valid(with_code, country)
        or plans.valid(with_trunk, country)
        or (plans.valid(f"+{digits}", country) if digits[0] not in "+0" and len(digits) > 9 else "")
        or plans.possible(digits, country)
    )


def get_ready(country: str) -> None:
    """Load now, in a tenth of a second, what is known of a country's numbers; the first caller need not wait."""
    import phonenumbers

    example = phonenumbers.example_number(country)
    if example is not None:
        pretty(e164(str(example.national_number), country), country)


def pretty(number: str, country: str) -> str:
    """Return a number as people of ``country`` write it: ``03 88 20 20 20``, ``+49 30 123456``."""
    import phonenumbers

    try:
        found = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(found):
        return number
    national = found.country_code == phonenumbers.country_code_for_region(country)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(found, style.NATIONAL if national else style.INTERNATIONAL)
