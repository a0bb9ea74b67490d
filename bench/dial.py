"""One desk's ``offhook dial`` through a running hub, against the bare interpreter's start.

Both are whole processes, timed in turn (A B A B …) in one run, so a machine that changes its speed changes
both. Aim: 4 times the bare start. Run: ``make bench`` or ``python bench/dial.py [PAIRS]``.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
OFFHOOK = str(BIN / "offhook")


def timed(words: list[str], environment: dict[str, str]) -> float:
    """Return the seconds a process takes from start to end."""
    begun = time.perf_counter()
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"OFFHOOK_HOME": home}
        with subprocess.Popen(
            [OFFHOOK, "demo", "--port", "0", "--json"], stdout=subprocess.PIPE, env=environment
        ) as demo:
            assert demo.stdout is not None  # noqa: S101 - a pipe was asked for
            json.loads(demo.stdout.readline())
            ratios, dials, bares = [], [], []
            for number in range(pairs + 3):
                bare = timed([sys.executable, "-c", "pass"], environment)
                dial = timed([OFFHOOK, "dial", f"01990011{number:02}"], environment)
                subprocess.run([OFFHOOK, "hangup"], env=environment, stdout=subprocess.DEVNULL, check=True)
                if number >= 3:  # the first three warm the disk
                    ratios.append(dial / bare)
                    dials.append(dial * 1000)
                    bares.append(bare * 1000)
            demo.terminate()
    print(f"offhook dial / bare interpreter, {pairs} pairs")
    print(
        f"  ratio   median {statistics.median(ratios):.2f}   min {min(ratios):.2f}   max {max(ratios):.2f}   (aim 4)"
    )
    print(f"  dial    median {statistics.median(dials):.1f} ms")
    print(f"  bare    median {statistics.median(bares):.1f} ms")


if __name__ == "__main__":
    main()
