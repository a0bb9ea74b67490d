"""Which desk is meant, among all that a board has. No I/O."""

from typing import NamedTuple


class DeskKey(NamedTuple):
    """A desk: its extension, and the tenant it belongs to, ``""`` where there is only one."""

    extension: str
    tenant: str = ""

    def __str__(self) -> str:
        """Write it as in an address: ``1001``, ``acme:1001``."""
        return f"{self.tenant}:{self.extension}" if self.tenant else self.extension


def key_of(text: str) -> DeskKey:
    """Read what :meth:`DeskKey.__str__` writes."""
    tenant, _colon, extension = text.rpartition(":")
    return DeskKey(extension, tenant)
