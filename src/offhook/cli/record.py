"""``offhook record``: what a switch really sends, in files that ``offhook replay`` reads."""

import asyncio
import contextlib
import json
import re
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from offhook import catalogue, texts
from offhook.errors import CommandError, Unreachable, Unsupported, reason
from offhook.settings.places import resolve
from offhook.switch.link import SwitchLink
from offhook.view import View

_VALUE = re.compile(rb"(?m)^([A-Za-z0-9_()/.;-]+): ([^\r\n]*)")
_NUMBER = re.compile(rb"(?<![0-9A-Fa-f-])(?:\+|%2B)?([0-9]{6,15})(?![0-9A-Fa-f])")
_NO_NUMBER = re.compile(
    rb"(?i)uuid|unique|linkedid|time|date|sequence|length|session|actionid|challenge|address|port|id$"
)
"""Headers whose digits are ids or times."""
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
    link, _device = kind.for_desk("", View(kind.about, settings.__getitem__))
    began, place = time.monotonic(), 0
    timing = path.with_name(path.name + ".timing.jsonl")
    said = path.with_name(path.name + ".sent")
    reads = 0
    with _files(path, timing, said) as (bytes_to, reads_to, sent_to):

        def heard(data: bytes) -> None:
            nonlocal place, reads
            if not reads:
                for file in (bytes_to, reads_to, sent_to):
                    file.truncate(0)
            line = json.dumps([round(time.monotonic() - began, 6), place, len(data)])
            reads_to.write(f"{line}\n".encode())
            bytes_to.write(data)
            place, reads = place + len(data), reads + 1

        link.tap(heard, lambda data: sent_to.write(_SECRET.sub(rb"\1****", data)))
        await link.open()
        print(texts.say("cli.record.running", options.language, path=str(path)), file=sys.stderr)
        try:
            await asyncio.sleep(options.seconds or float("inf"))
        except asyncio.CancelledError:
            pass
        finally:
            await link.close()
    if not reads:
        raise Unreachable("switch_unreachable", interface=kind.about.name, address=str(link.address))
    if options.replace_numbers:
        _replace_numbers(path, said)
    found = {"file": str(path), "bytes": place, "reads": reads}
    print(json.dumps(found) if options.json else texts.say("cli.record.done", options.language, **found))
    return 0


@contextlib.contextmanager
def _files(*paths: Path) -> Iterator[list[BinaryIO]]:
    """Write to all of them as it comes: a recording that is cut off is still a recording.

    Where nothing comes, none is made, and those that were there stay as they are. Raises ``CommandError``.
    """
    new = [path for path in paths if not path.exists()]
    try:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(_opened(path)) for path in paths]
    finally:
        if new and not (paths[0].exists() and paths[0].stat().st_size):
            for path in new:
                path.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        raise CommandError("file_unwritable", path=str(path), why=reason(error)) from None


def _replace_numbers(path: Path, said: Path) -> None:
    """Put another number of the same length in place of each, the same in both files; order stays."""
    received, sent = path.read_bytes(), said.read_bytes()
    numbers: set[bytes] = set()
    for key, value in _VALUE.findall(received + b"\n" + sent):
        if not _NO_NUMBER.search(key):
            numbers.update(_NUMBER.findall(value))
    for index, number in enumerate(sorted(numbers, key=lambda each: (-len(each), each)), 1):
        put = b"0" + f"{index:0{len(number) - 1}}".encode()
        whole = re.compile(rb"(?<![0-9])" + number + rb"(?![0-9])")
        received, sent = whole.sub(put, received), whole.sub(put, sent)
    path.write_bytes(received)
    said.write_bytes(sent)
