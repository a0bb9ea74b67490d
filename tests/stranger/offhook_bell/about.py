"""What the interface ``bell`` says of itself before it is used."""

from offhook.about import About, Setting
from offhook.errors import Refused, Unreachable

ABOUT = About(
    "bell",
    driver="offhook_bell.driver:BellInterface",
    settings=(Setting("address", "address", "127.0.0.1:7777"), Setting("password", secret=True)),
    uses=("country",),
    codes={"bell_cracked": Refused, "bell_silent": Unreachable},
)
