"""Commands on calls: dial, answer, hang up, pass on. They run on every click, so they load little."""

import os
from argparse import Namespace
from typing import Any

from offhook import catalogue, texts
from offhook.cli.target import is_served, target
from offhook.errors import CommandError, error_from_json
from offhook.settings.places import resolve
from offhook.transport.http import request

Json = dict[str, Any]
NAMES = {"hangup": "HangUp", "answer": "Answer", "hold": "Hold", "resume": "Resume"}


def dial(options: Namespace) -> int:
    """``offhook dial NUMBER``."""
    asked: Json = {"number": options.number}
    if options.record:
        asked["record"] = _record(options.record)
    settings = resolve({"desk.extension": options.desk, "interface": options.interface})
    said = catalogue.about(settings["interface"])
    wait = options.wait and not options.dry_run
    if not said.applies_rules and not is_served(settings):
        if wait:
            from offhook.cli.listen import dial_and_wait_on_own_line

            return dial_and_wait_on_own_line(settings, options)
        from offhook.cli.direct import dial as dial_directly

        return dial_directly(options, settings, said)
    if wait:
        from offhook.cli.listen import dial_and_wait

        return dial_and_wait(options)
    return _ask(options, "Dial", asked)


def act(options: Namespace) -> int:
    """``offhook hangup | answer | hold | resume [CALL]``."""
    return _ask(options, NAMES[options.command], {"call": options.call})


def transfer(options: Namespace) -> int:
    """``offhook transfer TO``, or without a number: complete the transfer after a consultation."""
    asked: Json = {"call": options.call}
    if options.record:
        asked["record"] = _record(options.record)
    if options.to:
        return _ask(options, "Transfer", asked | {"to": options.to})
    return _ask(options, "CompleteTransfer", asked)


def consult(options: Namespace) -> int:
    """``offhook consult TO`` or ``offhook consult --cancel``."""
    if options.cancel:
        return _ask(options, "CancelConsult", {"call": options.call})
    if not options.to:
        raise CommandError("value_missing", command="offhook consult", missing="NUMBER")
    return _ask(options, "Consult", {"call": options.call, "to": options.to})


def park(options: Namespace) -> int:
    """``offhook park [SLOT]``."""
    return _ask(options, "Park", {"call": options.call, "slot": options.slot})


def digits(options: Namespace) -> int:
    """``offhook digits DIGITS``."""
    return _ask(options, "SendDigits", {"call": options.call, "digits": options.digits})


def lines(options: Namespace) -> int:
    """``offhook lines``: the desk's line and its calls."""
    board = target(options.desk, "Snapshot")
    found = request("GET", board.url, f"/v1/desk/calls?desk={board.extension}", board.token)
    _raise(found)
    if options.json:
        _print_json(found)
        return 0
    from offhook.codec import decode_call

    state = texts.say("cli.lines.up" if found["up"] else "cli.lines.lost", options.language)
    print(f"{found['desk']}  {state}")
    for call in found["calls"]:
        print(f"  {decode_call(call).short}  {_described(call, options.language)}")
    if not found["calls"]:
        print("  " + texts.say("cli.lines.none", options.language))
    return 0


def _described(call: Json, language: str) -> str:
    contact = (call.get("contacts") or [{}])[0]
    who = contact.get("company") or contact.get("name") or call.get("name") or ""
    number = call.get("number") or texts.say(f"party.{call.get('party', 'external')}", language)
    can = " ".join(call.get("can", []))
    return "  ".join(
        part for part in (texts.say(f"state.{call['state']}", language), number, who, f"[{can}]") if part
    )


def _ask(options: Namespace, command: str, words: Json) -> int:
    board = target(options.desk, command)
    given = {key: value for key, value in words.items() if value != "" or key == "number"}
    asked = {"command": command, "id": os.urandom(12).hex()} | given
    path = f"/v1/desk/commands?desk={board.extension}"
    if getattr(options, "dry_run", False):
        return _dry_run(options, board.url + path, asked)
    answer = request("POST", board.url, path, board.token, asked)
    _raise(answer)
    if options.json:
        call = {"call": answer["call"]} if answer.get("call") else {}
        _print_json({"command": command, "id": answer["as"], "desk": board.extension} | call)
    else:
        print(texts.say(f"done.{command}", options.language, **words))
        if ext := str(answer.get("ext", "")):
            print(texts.say("cli.ext", options.language, ext=ext))
    return 0


def _dry_run(options: Namespace, url: str, asked: Json) -> int:
    """Print what would be sent, the token masked; a number that would be refused is refused here as well."""
    from offhook.numbers import read

    read(asked["number"])
    if options.json:
        _print_json(
            {"method": "POST", "url": url, "headers": {"Authorization": "Bearer ••••"}, "body": asked}
        )
    else:
        print(f"POST {url}\nAuthorization: Bearer ••••\n")
        _print_json(asked)
    return 0


def _record(text: str) -> Json:
    source, colon, native = text.partition(":")
    if not (source and colon and native):
        raise CommandError("usage", why="--record SOURCE:ID", command="offhook")
    return {"source": source, "id": native}


def _raise(answer: Json) -> None:
    if "error" in answer:
        raise error_from_json(answer["error"])


def _print_json(value: Json) -> None:
    import json

    print(json.dumps(value, ensure_ascii=False))
