"""What the interface ``hub`` says of itself before it is used. No I/O."""

from offhook.about import About, Setting
from offhook.errors import Unreachable

ABOUT = About(
    "hub",
    driver="offhook.interfaces.hub.driver:HubInterface",
    settings=(Setting("url", "url", by_desk=True), Setting("token", secret=True, by_desk=True)),
    codes={"hub_line_down": Unreachable},
    applies_rules=True,
    by_page=True,
)
