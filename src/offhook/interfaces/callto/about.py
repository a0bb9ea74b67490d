"""What the interface ``callto`` says of itself before it is used. No I/O."""

from offhook.about import About, Setting
from offhook.errors import Refused, SettingsError, Unavailable, Unsupported

ABOUT = About(
    "callto",
    driver="offhook.interfaces.callto.driver:CalltoInterface",
    settings=(
        Setting("command", "template", "callto:$teldest$"),
        Setting("verb", default="OPEN"),
        Setting("program"),
    ),
    uses=("desk.user", "desk.password", "desk.ident", "web.event_name", "country", "shared_folder"),
    codes={
        "callto_without_number": SettingsError,
        "callto_batch": SettingsError,
        "callto_only_dials": Unsupported,
        "callto_unlooked": Unavailable,
        "callto_shows_password": Refused,
    },
    without={"*": "callto_only_dials"},
    cold="offhook.interfaces.callto.cold:cold",
)
