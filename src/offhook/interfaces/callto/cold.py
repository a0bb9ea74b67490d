"""Dialling with a program, without an event loop: what every ``offhook dial`` runs."""

from typing import NamedTuple

from offhook.dialling import Dialled
from offhook.errors import on
from offhook.interfaces.callto.about import ABOUT
from offhook.interfaces.callto.command import order
from offhook.transport.launch import check_no_loop, launch
from offhook.view import View


class ColdProgramDial(NamedTuple):
    """A dial of a desk (:class:`offhook.interface.Cold`)."""

    options: View
    extension: str

    def preview(self, dialled: Dialled) -> list[str]:
        """See :class:`~offhook.interface.Cold`."""
        with on(ABOUT.name):
            made = order(self.options, self.extension, dialled)
            check_no_loop(made.words)
            return [made.shown]

    def dial(self, dialled: Dialled) -> None:
        """See :class:`~offhook.interface.Cold`."""
        with on(ABOUT.name):
            made = order(self.options, self.extension, dialled)
            launch(made.words, is_address=made.is_address, verb=made.verb)


def cold(options: View, extension: str, home: str) -> ColdProgramDial:
    """Return what dials for a desk."""
    return ColdProgramDial(options, extension)
