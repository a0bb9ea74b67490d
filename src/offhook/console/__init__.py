"""The web pages: plain HTML, CSS and JavaScript, no build step and nothing fetched from elsewhere."""

from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"


@cache
def page(name: str) -> str:
    """Return a page's HTML."""
    return (Path(__file__).parent / f"{name}.html").read_text("utf-8")
