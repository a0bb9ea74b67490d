"""One cold ``offhook dial`` over a web API, against a script doing the same with ``http.client``.

Both get a token and send one POST to a constant server in a process of its own; both are whole processes,
timed in turn (A B A B …) in one run. The script's addresses are written into it; ``offhook`` reads settings and
the parameter file. Aim: twice the script. Reading a kept password is measured separately, as a third process in
the same turns. Run: ``make bench`` or ``python bench/web_dial.py [PAIRS]``.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
OFFHOOK = str(BIN / "offhook")
SCRIPT = """
import http.client, json, sys
port, number = int(sys.argv[1]), sys.argv[2]
link = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
link.request("GET", "/token")
token = json.loads(link.getresponse().read())["token"]
link = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
link.request("POST", f"/dial?tel={number}", headers={"Authorization": "Bearer " + token})
sys.exit(link.getresponse().status != 200)
"""
FILE = """<global>
<cliktocalldial>
<url>http://127.0.0.1:{port}/dial?tel=$teldest$
<headers>Authorization=Bearer $token${more}
<cliktocalltoken>
<with_token>1
<url>http://127.0.0.1:{port}/token
<type_return>json
"""


def serve(listening: socket.socket) -> None:
    """Answer every request alike, until killed."""
    body = b'{"token":"abc"}'
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    while True:
        link, _address = listening.accept()
        with link:
            data = b""
            while b"\r\n\r\n" not in data:
                part = link.recv(1 << 16)
                if not part:
                    break
                data += part
            link.sendall(answer)


def timed(words: list[str], environment: dict[str, str]) -> float:
    """Return the milliseconds a process takes from start to end."""
    begun = time.perf_counter()
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Measure and print."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = os.fork()
    if not server:
        serve(listening)
    try:
        with tempfile.TemporaryDirectory() as home:
            measure(Path(home), port, pairs)
    finally:
        os.kill(server, 9)
        os.waitpid(server, 0)


def measure(home: Path, port: int, pairs: int) -> None:
    """Time the three in turn."""
    ways = {}
    for name, more in (("plain", ""), ("kept", "|X-Password=$mdp$")):
        (home / name).mkdir()
        (home / name / "clicktocall_param.txt").write_text(FILE.format(port=port, more=more))
        ways[name] = os.environ | {
            "OFFHOOK_HOME": str(home),
            "OFFHOOK_INTERFACE": "web",
            "OFFHOOK_SHARED_FOLDER": str(home / name),
        }
    subprocess.run(
        [OFFHOOK, "settings", "set", "desk.password"],
        input="secret\n",
        text=True,
        env=ways["plain"],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    script = home / "script.py"
    script.write_text(SCRIPT)
    seen: dict[str, list[float]] = {"script": [], "plain": [], "kept": [], "bare": []}
    for number in range(pairs + 3):
        rows = {
            "bare": timed([sys.executable, "-c", "pass"], dict(os.environ)),
            "script": timed(
                [sys.executable, str(script), str(port), f"01990011{number:02}"], dict(os.environ)
            ),
            "plain": timed([OFFHOOK, "dial", f"01990011{number:02}"], ways["plain"]),
            "kept": timed([OFFHOOK, "dial", f"01990022{number:02}"], ways["kept"]),
        }
        if number >= 3:  # the first three warm the disk
            for name, each in rows.items():
                seen[name].append(each)
    ratios = [one / other for one, other in zip(seen["plain"], seen["script"], strict=True)]
    print(f"offhook dial over a web API / the same with http.client, {pairs} pairs")
    spread = f"min {min(ratios):.2f}   max {max(ratios):.2f}"
    print(f"  ratio                median {statistics.median(ratios):.2f}   {spread}   (aim 2)")
    for name, what in (
        ("plain", "offhook dial"),
        ("script", "the script"),
        ("bare", "bare interpreter"),
        ("kept", "with a kept password"),
    ):
        print(f"  {what:20} median {statistics.median(seen[name]):.1f} ms")


if __name__ == "__main__":
    main()
