"""Recordings of switches: the bytes as they came, and when. They may be compressed (``.gz``).

``NAME``: what the switch sent. ``NAME.timing.jsonl``: one ``[seconds, offset, length]`` per read.
"""

import gzip
import json
from pathlib import Path


def recorded(path: Path) -> tuple[bytes, list[tuple[float, int, int]]]:
    """Return a recording's bytes and its reads, none if those were not kept. Raises ``OSError``, ``ValueError``."""
    stem = path.with_suffix("") if path.suffix == ".gz" else path
    timing = stem.with_name(stem.name + ".timing.jsonl")
    packed = timing.with_name(timing.name + ".gz")
    lines = _read(timing if timing.exists() else packed) if timing.exists() or packed.exists() else b""
    reads = [json.loads(line) for line in lines.splitlines() if line.strip()]
    return _read(path), [(float(seconds), int(start), int(length)) for seconds, start, length in reads]


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
