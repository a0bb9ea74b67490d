"""Every setting: its name, type, default and what it is for. No I/O.

The documentation's table, the settings page and ``doctor`` are printed from :data:`SETTINGS`; an unknown key
is an error naming the nearest known one (specification section 2).
"""

from typing import NamedTuple

from offhook.errors import SettingsError


class Setting(NamedTuple):
    """One setting. ``kind`` is ``text number decimal flag choice list``; a secret is never shown."""

    name: str
    kind: str
    default: str
    about: str
    secret: bool = False
    choices: tuple[str, ...] = ()


SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting("interface", "text", "hub", "What this desk telephones with: `hub`, `callto` or `web`."),
        Setting("use_user_settings", "flag", "no", "“Prendre les paramètres utilisateur ci-dessous”: the user's interface instead of the machine's."),
        Setting("shared_folder", "text", "", "Folder of `clicktocall_param.txt`; empty: `C:\\Divalto\\Sys` where it exists."),
        Setting("language", "choice", "", "Language of messages; empty: the session's.", choices=("", "en", "fr")),
        Setting("country", "text", "FR", "Country of the line, for numbers written without one."),
        Setting("outside_prefix", "text", "", "What gets an outside line: put in front of external numbers, on every interface."),
        Setting("internal_numbers", "list", "5", "What is internal: a longest length (`5`), patterns (`1xxx`), ranges (`2000-2999`)."),
        Setting("emergency_numbers", "list", "15 17 18 112 114 115 116000 119 191 196", "Always allowed, whatever guard, cap or lock says."),
        Setting("emergency_prefix", "flag", "no", "Whether emergency numbers need `outside_prefix`, too."),
        Setting("dial_format", "choice", "as_typed", "How a number is dialled.", choices=("as_typed", "national", "e164", "international_00")),
        Setting("incoming_strip", "list", "", "Prefixes the telephone system adds to incoming numbers, taken off again."),
        Setting("desk.extension", "text", "", "This desk's extension (`$telorg$`)."),
        Setting("desk.user", "text", "", "The desk's account (`$user$`)."),
        Setting("desk.password", "text", "", "The account's password (`$mdp$`).", secret=True),
        Setting("desk.ident", "text", "", "The desk's identifier (`$ident$`); empty: the account, else the extension."),
        Setting("callto.command", "text", "callto:$teldest$", "The command, as `callto:$teldest$`, `sip:$teldest$@pbx.example`, or a program."),
        Setting("callto.verb", "text", "OPEN", "The ShellExecute verb (Windows)."),
        Setting("callto.program", "text", "", "Program that opens the address; empty: the one registered for its scheme."),
        Setting("web.file", "text", "", "The parameter file; empty: `clicktocall_param.txt` in the shared folder."),
        Setting("web.event_name", "text", "DIAL", "What `$event$` stands for when dialling."),
        Setting("web.timeout_s", "decimal", "15", "How long an answer may take, seconds."),
        Setting("web.connect_timeout_s", "decimal", "3", "How long connecting may take, seconds."),
        Setting("web.events", "choice", "state", "Whether a reply says what is going on (`state`) or each is an event (`queue`).", choices=("state", "queue")),
        Setting("web.call_max_s", "decimal", "14400", "A call whose end is never told ends after that, seconds."),
        Setting("tls.ca", "text", "", "File of further certificate authorities (PEM)."),
        Setting("tls.pin", "text", "", "SHA-256 of the server's certificate, hexadecimal: this one and no other."),
        Setting("tls.certificate", "text", "", "This side's certificate (PEM)."),
        Setting("tls.key", "text", "", "Its key (PEM); empty: in the same file."),
        Setting("tls.insecure", "flag", "no", "Accept any certificate. Whoever is in between can listen."),
        Setting("guard.countries", "list", "", "Countries that may be dialled (`FR BE`); empty: all."),
        Setting("guard.premium", "choice", "allow", "Premium-rate numbers.", choices=("allow", "bar")),
        Setting("guard.barred", "list", "", "Numbers that may not be dialled: `+33899.` bars all that begin so."),
        Setting("guard.per_minute", "number", "0", "Most calls a minute; 0: no limit."),
        Setting("window.show", "flag", "yes", "Whether the call window shows (`noshowwindow` in the parameter file)."),
        Setting("hub.url", "text", "", "The hub's address; empty: the hub running on this machine."),
        Setting("hub.token", "text", "", "What this desk shows the hub to be let in.", secret=True),
        Setting("hub.port", "number", "8480", "Port the hub listens on, loopback only; 0: any free one."),
        Setting("hub.address", "text", "127.0.0.1", "Address the hub listens on; loopback until accounts exist."),
        Setting("hub.hosts", "list", "", "Further `host:port` names the hub answers to, as behind a proxy."),
        Setting("hub.desks", "list", "1001 1002 1003 1004", "Extensions the hub serves; `1001-1010` is a range."),
        Setting("hub.interface", "text", "simulator", "The switch's interface."),
        Setting("hub.keep_s", "number", "300", "How long a desk may be away and still get every event, seconds."),
        Setting("hub.keep_events", "number", "1000", "How many events are kept for a desk that is away."),
        Setting("hub.directory", "text", "", "CSV file of contacts."),
        Setting("hub.divalto_auth", "choice", "token", "Who may use `/DhDivaltoServerCTI`: anybody near, an account, a token.", choices=("open", "basic", "token")),
        Setting("hub.divalto_hold_s", "decimal", "0", "How long `getevent` waits for an event, seconds."),
        Setting("hub.divalto_networks", "list", "", "With `open`: further networks that may, as `192.168.1.0/24`; the loopback always may."),
        Setting("simulator.address", "text", "", "The pretend exchange's `host:port`; empty: one of its own."),
        Setting(
            "pop.trigger", "choice", "application", "When a card pops by itself.",
            choices=("application", "ring", "connect", "request"),
        ),
    )
}  # fmt: skip

INTERFACE_KEYS: dict[str, tuple[str, ...]] = {"hub": ("hub.url", "hub.token")}
"""The settings of an interface's own section, where they are not simply all that begin with its name."""

YES = ("yes", "1", "true", "on", "oui", "vrai")
NO = ("no", "0", "false", "off", "non", "faux", "")


def setting(name: str, where: str) -> Setting:
    """Return a setting by name. Raises ``SettingsError`` with the nearest known name."""
    found = SETTINGS.get(name)
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name, SETTINGS, n=1, cutoff=0.0)
        raise SettingsError("setting_unknown", name=name, near=near[0], where=where)
    return found


def section_of(interface: str) -> tuple[str, ...]:
    """Return the names of an interface's own settings."""
    return INTERFACE_KEYS.get(interface) or tuple(
        name for name in SETTINGS if name.startswith(f"{interface}.")
    )


def checked(name: str, value: object, where: str) -> str:
    """Return a setting's value as text, in its one spelling. Raises ``SettingsError`` saying where it stands."""
    known = setting(name, where)
    if isinstance(value, list) and known.kind == "list":
        value = " ".join(str(each) for each in value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = str(value) if known.secret else str(value).strip()
    if "\0" in text or (not text.isascii() and _broken(text)):
        raise _unreadable(known, where, "text")
    match known.kind:
        case "choice" if text not in known.choices:
            raise _unreadable(known, where, " | ".join(filter(None, known.choices)))
        case "number" if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise _unreadable(known, where, "0, 1, 2, …")
        case "decimal":
            return _decimal(known, text, where)
        case "flag":
            if text.lower() not in YES + NO:
                raise _unreadable(known, where, "yes | no")
            return "yes" if text.lower() in YES else "no"
        case _:
            pass
    return text


def _decimal(known: Setting, text: str, where: str) -> str:
    plain = text.replace(",", ".")
    whole, _dot, part = plain.partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or len(plain) > 12:
        raise _unreadable(known, where, "1 | 0.5")
    return plain


def _broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _unreadable(known: Setting, where: str, expected: str) -> SettingsError:
    return SettingsError("setting_unreadable", name=known.name, where=where, expected=expected)


def extensions(text: str, where: str = "hub.desks") -> list[str]:
    """Return the extensions of a list such as ``1001 1005-1008``. Raises ``SettingsError``."""
    found: list[str] = []
    for part in text.replace(",", " ").split():
        first, dash, last = part.partition("-")
        if not first.isdigit() or (
            dash and (not last.isdigit() or int(last) - int(first) not in range(10_000))
        ):
            raise SettingsError("setting_unreadable", name=where, where=where, expected="1001 1005-1008")
        found += [f"{number:0{len(first)}}" for number in range(int(first), int(last or first) + 1)]
    if not found:
        raise SettingsError("setting_unreadable", name=where, where=where, expected="1001 1005-1008")
    return list(dict.fromkeys(found))
