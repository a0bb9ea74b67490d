"""``offhook record``: what a switch really sends, in files that ``offhook replay`` reads."""

import asyncio
import json
import re
import sys
import time
from argparse import Namespace
from pathlib import Path

from offhook import catalogue, texts
from offhook.embed import options_of
from offhook.errors import CommandError, Unsupported
from offhook.settings.layers import resolve
from offhook.switch.link import SwitchLink

_NUMBER = re.compile(
    rb"(?:CallerIDNum|ConnectedLineNum|Exten|DNID|[A-Za-z]*-(?:ID|Number|ANI|RDNIS)[A-Za-z-]*|Source|Destination)"
    rb": (\+?[0-9]{6,15})\r?\n"
)
_SECRET = re.compile(rb"(?im)^((?:Secret|Key): |auth )[^\r\n]*")


def record(options: Namespace) -> int:
    """Write what the switch sends to ``FILE``, its reads to ``FILE.timing.jsonl``, what was sent to ``FILE.sent``."""
    if Path(options.file).exists() and not options.force:
        raise CommandError("file_exists", path=options.file)
    return asyncio.run(_record(options))


async def _record(options: Namespace) -> int:
    kind = catalogue.load(options.interface)
    if not issubclass(kind, SwitchLink):
        raise Unsupported("not_by_interface", command="record", by=options.interface)
    path = Path(options.file)
    settings = resolve()
    link, _device = kind.for_desk("", options_of(kind, settings))
    received, sent, began = bytearray(), bytearray(), time.monotonic()
    reads: list[tuple[float, int, int]] = []

    def heard(data: bytes) -> None:
        reads.append((round(time.monotonic() - began, 6), len(received), len(data)))
        received.extend(data)

    link.tap(heard, sent.extend)
    await link.open()
    print(texts.say("cli.record.running", options.language, path=str(path)), file=sys.stderr)
    try:
        await asyncio.sleep(options.seconds or float("inf"))
    except asyncio.CancelledError:
        pass
    finally:
        await link.close()
        _write(path, bytes(received), bytes(sent), reads, replace=options.replace_numbers)
    found = {"file": str(path), "bytes": len(received), "reads": len(reads)}
    print(json.dumps(found) if options.json else texts.say("cli.record.done", options.language, **found))
    return 0


def _write(
    path: Path, received: bytes, sent: bytes, reads: list[tuple[float, int, int]], *, replace: bool
) -> None:
    sent = _SECRET.sub(rb"\1****", sent)
    if replace:
        received, sent = _without_numbers(received, sent)
    path.write_bytes(received)
    path.with_name(path.name + ".sent").write_bytes(sent)
    lines = "".join(json.dumps(each) + "\n" for each in reads)
    path.with_name(path.name + ".timing.jsonl").write_text(lines, "utf-8")


def _without_numbers(received: bytes, sent: bytes) -> tuple[bytes, bytes]:
    """Replace every telephone number by one as long, the same everywhere; lengths and order stay."""
    numbers = sorted(set(_NUMBER.findall(received)), key=lambda number: (-len(number), number))
    for index, number in enumerate(numbers, 1):
        plus = number[:1] if number[:1] == b"+" else b""
        digits = len(number) - len(plus)
        put = plus + b"0" + f"{index:0{digits - 1}}".encode()
        whole = re.compile(rb"(?<![0-9])" + re.escape(number) + rb"(?![0-9])")
        received, sent = whole.sub(put, received), whole.sub(put, sent)
    return received, sent
