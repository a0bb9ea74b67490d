"""The settings that every switch's interface has, for its about-part. No I/O."""

from offhook.about import TLS, USES_TLS, Setting

OF_DIALS = (
    Setting("ring", "choice", "first", choices=("first", "all")),
    Setting("ring_s", "decimal", "30"),
)
"""How a dial rings the desk's own phone."""
OF_THE_PLAN = (
    Setting("extensions", "words"),
    Setting("devices", "table"),
    Setting("trunks", "words"),
    Setting("trunk_contexts", "words"),
)
"""Who the devices are (:mod:`offhook.switch.plan`)."""
USES = ("country", "incoming_strip", *USES_TLS)

__all__ = ["OF_DIALS", "OF_THE_PLAN", "TLS", "USES"]
