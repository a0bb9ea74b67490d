"""What a setting's value may be, by its kind, and its one spelling. No I/O."""

import re
from collections.abc import Callable
from typing import NamedTuple

from offhook.about import Setting
from offhook.errors import SettingsError

YES = ("yes", "1", "true", "on", "oui", "vrai")
NO = ("no", "0", "false", "off", "non", "faux", "")


def unknown(name: str, known: tuple[str, ...], where: str) -> SettingsError:
    """Return the error for an unknown name, which names the nearest known one."""
    said = name[:60].encode("ascii", "backslashreplace").decode()
    return SettingsError("setting_unknown", name=said, near=nearest(name, known), where=where)


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Return the known name most like another, ``–`` where there is none."""
    from difflib import get_close_matches

    near = get_close_matches(name[:60], known, n=1, cutoff=0.0)
    return near[0] if near else "–"


def spelled(known: Setting, value: object, where: str) -> str:
    """Return a setting's value as text, in its one spelling. Raises ``SettingsError`` saying where it is set."""
    if isinstance(value, list) and known.kind in LISTS:
        value = " ".join(str(each) for each in value)
    if known.kind == "table":
        value = _flat(known, value, where)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    try:
        text = str(value) if known.secret else str(value).strip()
    except ValueError:  # an integer of thousands of digits
        raise unreadable(known, where, Wrong(_unit(known), "…")) from None
    if re.search(r"[\0\r\n]", text) or (not text.isascii() and _broken(text)):
        raise unreadable(known, where, Wrong("text", text))
    wrong = _wrong(known, text)
    if wrong is not None:
        raise unreadable(known, where, wrong)
    return _in_one_spelling(known, text)


LISTS = ("list", "words", "patterns", "countries", "desks", "numbers", "hosts", "networks")
"""Kinds of settings that are lists; in a file they may be written as TOML lists."""
MOST_PORT = 65_535


class Wrong(NamedTuple):
    """What is wrong with a value: the sentence on what is ``wanted``, the entry meant, and what it might be instead."""

    wanted: str
    value: str
    such: str = ""


def _wrong(known: Setting, text: str) -> Wrong | None:
    """Return what is wrong with a value, ``None`` where its kind allows it."""
    rule = _RULES.get(known.kind)
    if rule is None:
        return None
    if not text and known.kind not in _MAY_BE_EMPTY:
        return None if not known.default else Wrong("nothing", "", known.default)
    return rule(known, text)


def _in_one_spelling(known: Setting, text: str) -> str:
    if known.kind == "flag":
        return "yes" if text.lower() in YES else "no"
    if known.kind == "decimal":
        return text.replace(",", ".")
    return text.upper() if known.kind in ("country", "countries") else text


def unreadable(known: Setting, where: str, wrong: Wrong) -> SettingsError:
    """Return the error for a value that is not what its kind wants."""
    value = "••••" if known.secret else shown(wrong.value)
    return SettingsError(
        "setting_unreadable", name=known.name, where=where, wanted=wrong.wanted, value=value, such=wrong.such
    )


def shown(text: str) -> str:
    """Return a value as a message repeats it: short, printable, without an account in an address."""
    bare = re.sub(r"//[^/@\s]*@", "//••••@", text[:200])
    return "".join(each if each.isprintable() else "\ufffd" for each in bare)[:40]


def _unit(known: Setting) -> str:
    """Return what a number counts: a setting whose name ends in ``_s`` is in seconds."""
    if known.kind == "decimal":
        return "seconds" if known.name.endswith("_s") else "decimal"
    return "whole_seconds" if known.name.endswith("_s") else "number"


EXAMPLES = {
    "number": "5", "decimal": "15", "flag": "yes", "port": "8480", "country": "FR", "countries": "FR",
    "patterns": "1xxx", "desks": "1001-1008", "prefix": "0", "numbers": "15", "extension": "1024",
    "address": "pbx.example:5038",
    "host": "192.0.2.10", "hosts": "hub.example:8480", "networks": "192.168.1.0/24", "url": "https://hub.example:8480",
    "template": "tel:$teldest$",
}  # fmt: skip


def example(known: Setting) -> str:
    """Return a value that a setting could have, ``…`` where any text is one."""
    return known.default or next(filter(None, known.choices), "") or EXAMPLES.get(known.kind, "…")


# --- the rules ------------------------------------------------------------------------------------

Rule = Callable[[Setting, str], Wrong | None]


def _one(right: Callable[[str], bool], wanted: str, such: Callable[[str], str] = lambda _text: "") -> Rule:
    """Return the rule for a single value."""
    return _all(right, wanted, such, lambda text: [text])


def _all(
    right: Callable[[str], bool],
    wanted: str,
    such: Callable[[str], str] = lambda _text: "",
    split: Callable[[str], list[str]] = lambda text: text.replace(",", " ").split(),
) -> Rule:
    """Return the rule for a list: the first wrong entry is named; ``such`` may say what was meant by it."""

    def rule(_known: Setting, text: str) -> Wrong | None:
        for each in split(text):
            if not right(each):
                return Wrong(wanted, each, such(each))
        return None

    return rule


def _countries(_known: Setting, text: str) -> Wrong | None:
    """Name the first entry that is no country; a name may be of several words."""
    for each in text.replace(",", " ").split():
        if not _country(each):
            for said in (each, *text.split(","), text):
                meant = _country_meant(said)
                if meant:
                    return Wrong("country_near", said.strip(), meant)
            return Wrong("country", each)
    return None


def _choice(known: Setting, text: str) -> Wrong | None:
    return None if text in known.choices else Wrong("choice", text, ", ".join(filter(None, known.choices)))


def _number(known: Setting, text: str) -> Wrong | None:
    return None if _is_whole(text) else Wrong(_unit(known), text)


def _decimal(known: Setting, text: str) -> Wrong | None:
    whole, _dot, part = text.replace(",", ".").partition(".")
    right = (whole + part).isascii() and (whole + part).isdigit() and len(text) <= 12
    return None if right else Wrong(_unit(known), text)


def _country(text: str) -> bool:
    """Say whether there is such a country. The most usual one is known without the library, on every click."""
    if not re.fullmatch(r"[A-Za-z]{2}", text):
        return False
    if text.upper() == "FR":
        return True
    import phonenumbers

    return text.upper() in phonenumbers.SUPPORTED_REGIONS


def _country_meant(text: str) -> str:
    """Return the code of a country written otherwise: its name in any language, or its dialling code."""
    from phonenumbers import region_code_for_country_code
    from phonenumbers.geodata.locale import LOCALE_DATA

    plain = _folded(text)
    code = re.fullmatch(r"(?:\+|00)?([1-9]\d{0,2})", plain)
    if code:
        found = region_code_for_country_code(int(code[1]))
        return found if _country(found) else ""
    for region, names in LOCALE_DATA.items():
        if len(plain) > 2 and plain in {_folded(name) for name in names.values()}:
            return region
    return ""


def _folded(text: str) -> str:
    """Return a name without case, accents, blanks and hyphens."""
    from unicodedata import category, normalize

    return "".join(
        each for each in normalize("NFKD", text.casefold()) if category(each)[0] in "LN" or each == "+"
    )


def _is_pattern(entry: str) -> bool:
    """Say whether an entry is a length, a pattern or a range; a range begins before it ends."""
    first, dash, last = entry.partition("-")
    if dash:
        whole = entry.isascii() and first.isdigit() and last.isdigit()
        return whole and len(first) == len(last) and int(first) <= int(last)
    return re.fullmatch(r"\+?[0-9xX*#]+\.?", entry) is not None


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _is_port(text: str) -> bool:
    return _is_whole(text) and int(text) <= MOST_PORT


def _is_host(text: str) -> bool:
    """Say whether it is a name or an IP address."""
    if re.fullmatch(r"[\d.]+|\[?[\dA-Fa-f.]*:[\dA-Fa-f:.]*(%\w+)?\]?", text):
        from ipaddress import ip_address

        try:
            return bool(ip_address(text.removeprefix("[").removesuffix("]")))
        except ValueError:
            return False
    return re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", text) is not None


def _is_address(text: str) -> bool:
    """Say whether it is a host, with or without a port (``pbx``, ``pbx:5038``, ``[::1]:5038``)."""
    if _is_host(text):
        return True
    host, _colon, port = text.rpartition(":")
    return (
        _is_port(port)
        and port.strip("0") != ""
        and _is_host(host)
        and (host.startswith("[") or ":" not in host)
    )


def _address_meant(text: str) -> str:
    bare = re.split(r"[/?#\s]", re.sub(r"^\w*:?[/\\]+", "", text), maxsplit=1)[0].rpartition("@")[2]
    return bare if bare and _is_address(bare) else "pbx.example:5038"


def _host_meant(text: str) -> str:
    bare = _address_meant(text).rpartition(":")[0]
    return bare if _is_host(bare) and bare != "pbx.example" else "192.0.2.10"


def _is_url(text: str) -> bool:
    found = re.fullmatch(r"https?://([^/?#\s\\@]+)(/[^\s\\]*)?", text, re.IGNORECASE)
    return found is not None and _is_address(found[1])


def _url_meant(text: str) -> str:
    secure = "https" if text[:5].lower() == "https" else "http"
    meant = f"{secure}://" + re.sub(r"^[a-z]*[:;]?[/\\]+", "", text.strip(), flags=re.IGNORECASE)
    return meant if _is_url(meant) else "https://hub.example:8480"


def _is_network(text: str) -> bool:
    from ipaddress import ip_network

    try:
        return bool(ip_network(text, strict=False))
    except ValueError:
        return False


def _is_extension(text: str) -> bool:
    return re.fullmatch(r"[\w.+*#@/:-]+", text) is not None and any(each.isalnum() for each in text)


def _extension_meant(text: str) -> str:
    digits = re.findall(r"\d+", text)
    return digits[0] if len(digits) == 1 else "".join(digits) if re.fullmatch(r"[\d\s]+", text) else "1024"


def _is_pin(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text.replace(":", "").replace(" ", "").lower()) is not None


def _desks(_known: Setting, text: str) -> Wrong | None:
    try:
        extensions(text)
    except SettingsError as error:
        return Wrong("desks", str(error.params["value"]))
    return None


_RULES: dict[str, Rule] = {
    "choice": _choice,
    "number": _number,
    "decimal": _decimal,
    "port": _one(_is_port, "port"),
    "flag": _one(lambda text: text.lower() in YES + NO, "flag"),
    "country": lambda known, text: (
        _countries(known, text) or (Wrong("country", text) if len(text) > 2 else None)
    ),
    "countries": _countries,
    "patterns": _all(_is_pattern, "pattern"),
    "prefix": _one(lambda text: re.fullmatch(r"[0-9*#]*", text) is not None, "prefix"),
    "numbers": _all(lambda text: re.fullmatch(r"\+?[0-9*#]+", text) is not None, "digits"),
    "extension": _one(_is_extension, "extension", _extension_meant),
    "desks": _desks,
    "address": _one(_is_address, "address", _address_meant),
    "host": _one(_is_host, "host", _host_meant),
    "hosts": _all(_is_address, "address", _address_meant),
    "networks": _all(_is_network, "network"),
    "url": _one(_is_url, "url", _url_meant),
    "pin": _one(_is_pin, "pin"),
}
"""For each kind that is not any text, what is wrong with a value."""
_MAY_BE_EMPTY = ("flag", "choice", "countries", "patterns", "numbers", "hosts", "networks", "desks", "prefix")


def _flat(known: Setting, value: object, where: str) -> str:
    """Return a table as text: ``1001=PJSIP/1001,PJSIP/soft 1002=PJSIP/1002``."""
    given = str(value)
    if isinstance(value, str):
        value = dict(each.partition("=")[::2] for each in value.split())
    if not isinstance(value, dict):
        raise unreadable(known, where, Wrong("table", given))
    found = []
    for key, names in value.items():
        each = names if isinstance(names, list) else str(names).split(",")
        texts = [str(name) for name in each]
        if not key or not texts or any(not text or set(text) & set(" \t,=") for text in (*texts, str(key))):
            raise unreadable(known, where, Wrong("table", f"{key}={','.join(texts)}"))
        found.append(f"{key}={','.join(texts)}")
    return " ".join(found)


def _broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def extensions(text: str, where: str = "hub.desks", name: str = "") -> list[str]:
    """Return the extensions of a list such as ``1001 1005-1008``. Raises ``SettingsError``."""
    found: list[str] = []
    for part in text.replace(",", " ").split() or [""]:
        first, dash, last = part.partition("-")
        if not _is_extension_number(first) or (
            dash and (not _is_extension_number(last) or int(last) - int(first) not in range(10_000))
        ):
            raise unreadable(Setting(name or where, "desks"), where, Wrong("desks", part))
        found += [f"{number:0{len(first)}}" for number in range(int(first), int(last or first) + 1)]
    return list(dict.fromkeys(found))


def _is_extension_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15
