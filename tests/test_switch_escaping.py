"""Nothing that a person or an application says becomes another command, header, variable or application.

A number is refused if it is none; a record and a name arrive as themselves, or are refused or left out as said in
the documentation.
"""

import re
from datetime import UTC, datetime

import pytest

from offhook.errors import OffhookError, Refused
from offhook.interfaces.asterisk import commands as asterisk
from offhook.interfaces.asterisk.wire import encode as asterisk_bytes
from offhook.interfaces.freeswitch import commands as freeswitch
from offhook.interfaces.freeswitch.wire import encode as freeswitch_bytes
from offhook.model import Record
from offhook.switch.attached import VARIABLE, record_from, record_text
from offhook.switch.desks import DeskCall, Role
from offhook.switch.legs import Legs
from offhook.switch.plan import Plan
from offhook.switch.talk import Leg

HOSTILE = [
    "a,b", "a|b", "a^b", "${SHELL(id)}", "${EXTEN}", "$[1+1]", "{x}", "}user/1002 &bridge(x)", "[y]", "]", "a\\b", "\\",
    'a"b', '"', "'", "a'b", "a;b", "a:b", "a=b", "a&b", "(x", "x)", "<1001>", "é ü ß", "Nguyễn", "漢字", "100%", "%2C",
    "a b", " a ", "a\tb", "^^;a", "x,SHELL(id)=1", "a\\,b", "@default", "1001@evil", "1002 XML default", "#", "~",
]  # fmt: skip
BREAKS = ["a\r\nAction: Originate", "a\nb", "a\rb", "\r\n\r\n", "a\0b", "1\n\nbgapi system rm"]
ASTERISK_PLAN = asterisk.AsteriskDialplan("desks")
FREESWITCH_PLAN = freeswitch.FreeswitchDialplan("default")


def asterisk_variables(text: str) -> list[str]:
    """Split ``Variable`` as Asterisk does (``__ast_app_separate_args``): at commas outside brackets and quotes."""
    found, piece, depth, quoted, escaped = [], "", 0, False, False
    for letter in text:
        if escaped:
            piece, escaped = piece + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter in "([" and not quoted:
            depth += 1
            piece += letter
        elif letter in ")]" and not quoted:
            depth = max(0, depth - 1)
            piece += letter
        elif letter == "," and not depth and not quoted:
            found.append(piece)
            piece = ""
        else:
            piece += letter
    return [*found, piece]


def headers(raw: bytes) -> list[tuple[str, str]]:
    assert raw.count(b"\r\n\r\n") == 1, "one action"
    assert raw.endswith(b"\r\n\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return [tuple(line.split(": ", 1)) for line in raw.decode()[:-4].split("\r\n")]  # type: ignore[misc]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_record_and_a_name_arrive_as_themselves_on_asterisk(value: str) -> None:
    record = Record(source=f"s{value}", id=f"i{value}", title=f"t{value}")
    what = asterisk.originate("PJSIP/1001", "n-1", "0388202020", ASTERISK_PLAN, record)
    raw = asterisk_bytes(what.name, what.headers)
    variables = [asterisk_variables(text) for key, text in headers(raw) if key == "Variable"]
    assert [len(each) for each in variables] == [1, 1, 1]
    values = dict(each[0].split("=", 1) for each in variables)
    assert values["CONNECTEDLINE(num,i)"] == "0388202020"
    assert values["CONNECTEDLINE(name,i)"] == f"t{value}"
    assert record_from(values[f"__{VARIABLE}"]) == Record(**{k: shown(v) for k, v in vars_of(record).items()})


def vars_of(record: Record) -> dict[str, str]:
    return {"source": record.source, "id": record.id, "title": record.title}


def shown(text: str) -> str:
    """A record's words as they are kept: printable."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_record_arrives_as_itself_on_freeswitch_and_a_name_or_nothing(value: str) -> None:
    record = Record(source=f"s{value}", id=f"i{value}", title=f"t{value}")
    raw = freeswitch_bytes(freeswitch.originate("1001", "u-1", "0388202020", FREESWITCH_PLAN, record), "job")
    text = raw.decode()
    assert text.count("\n\n") == 1
    found = re.fullmatch(
        r"bgapi originate \{([^{}]*)\}user/1001 0388202020 XML default\nJob-UUID: job\n\n", text
    )
    assert found, text
    values = dict(each.split("=", 1) for each in found[1].split(","))
    assert record_from(values[VARIABLE]) == Record(**{k: shown(v) for k, v in vars_of(record).items()})
    assert values.get("origination_caller_id_name", f"'t{value}'") == f"'t{value}'", (
        "as itself, or not at all"
    )


@pytest.mark.parametrize("value", [*HOSTILE, *BREAKS])
def test_what_is_no_number_is_refused_before_anything_is_sent(value: str) -> None:
    leg = a_leg()
    call = DeskCall("c", "1001", Role.CALLED, leg.talk, [leg])
    if re.fullmatch(r"[0-9*#+]+", value):
        return
    tries = (
        lambda: asterisk.originate("PJSIP/1001", "n", value, ASTERISK_PLAN, None),
        lambda: asterisk.transfer(call, [leg], value, ASTERISK_PLAN, None),
        lambda: asterisk.consult(call, value, ASTERISK_PLAN),
        lambda: asterisk.digits([leg], value),
        lambda: asterisk.park(call, [leg], value),
        lambda: freeswitch.originate("1001", "u", value, FREESWITCH_PLAN, None),
        lambda: freeswitch.transfer([leg], value, FREESWITCH_PLAN, None),
        lambda: freeswitch.digits([leg], value),
    )
    for attempt in tries:
        with pytest.raises(Refused):
            attempt()


@pytest.mark.parametrize("value", BREAKS)
def test_a_line_break_in_a_name_or_record_never_begins_another_command(value: str) -> None:
    record = Record(source="s", id=value, title=value)
    what = asterisk.originate("PJSIP/1001", "n-1", "0388202020", ASTERISK_PLAN, record)
    with pytest.raises(Refused) as caught:
        asterisk_bytes(what.name, what.headers)
    assert caught.value.code == "value_breaks_line"
    assert caught.value.hint
    raw = freeswitch_bytes(freeswitch.originate("1001", "u", "0388", FREESWITCH_PLAN, record), "job")
    assert raw.count(b"\n\n") == 1
    assert b"\0" not in raw
    assert b"\r" not in raw
    (setvar,) = freeswitch.attach([a_leg()], record)
    assert freeswitch_bytes(setvar, "job").count(b"\n") == 3


@pytest.mark.parametrize("value", [*HOSTILE, *BREAKS])
def test_a_device_or_context_that_is_more_than_one_word_is_refused_on_freeswitch(value: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9_.:@/*#+%-]+", value):
        return
    for device, plan in ((value, FREESWITCH_PLAN), ("1001", freeswitch.FreeswitchDialplan(value))):
        with pytest.raises(OffhookError):
            freeswitch.originate(device, "u", "0388", plan, None)


@pytest.mark.parametrize("value", [*HOSTILE, *BREAKS])
def test_a_records_text_is_one_harmless_word(value: str) -> None:
    text = record_text(Record(source=value or "s", id=value, title=value))
    assert re.fullmatch(r"[A-Za-z0-9_.~%:-]*", text)


def a_leg() -> Leg:
    return Legs(Plan()).leg("1.2", datetime.now(UTC), "PJSIP/1001")
