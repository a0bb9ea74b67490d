"""What ``argparse`` says of a wrong command line, in the reader's language."""

import re

from offhook import texts

SAID = (
    (re.compile(r"unrecognized arguments: (?P<what>.+)"), "usage.unrecognized"),
    (re.compile(r"argument (?P<where>.+): invalid \w+ value: (?P<what>.+)"), "usage.value"),
    (re.compile(r"argument (?P<where>.+): expected one argument"), "usage.one"),
    (re.compile(r"argument (?P<where>.+): ignored explicit argument (?P<what>.+)"), "usage.none"),
    (re.compile(r"ambiguous option: (?P<what>.+) could match (?P<known>.+)"), "usage.ambiguous"),
)


def translated(message: str, language: str) -> str:
    """Return the message in ``language``; an unknown one stays as it is."""
    for pattern, key in SAID:
        found = pattern.fullmatch(message)
        if found:
            return texts.say(key, language, **found.groupdict())
    return message
