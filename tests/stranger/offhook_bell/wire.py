"""The tower's protocol: one line of words, UTF-8, at most 200 bytes. No I/O."""

LONGEST = 200


class Framer:
    """Bytes in, lines of words out. Lines are cut as bytes and read after; one that is too long is left out."""

    def __init__(self) -> None:
        self._rest = b""

    def receive(self, data: bytes) -> list[list[str]]:
        """Return the lines that the bytes complete."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-LONGEST - 1 :]
        whole = (line.decode("utf-8", "replace").split() for line in lines if len(line) <= LONGEST)
        return [words for words in whole if words]


def encode(*words: str) -> bytes:
    """Return one line."""
    return (" ".join(words) + "\n").encode()
