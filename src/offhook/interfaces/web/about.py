"""What the interface ``web`` says of itself before it is used. No I/O."""

from offhook.about import TLS, USES_TLS, About, Setting
from offhook.errors import Unreachable, Unsupported

ABOUT = About(
    "web",
    driver="offhook.interfaces.web.driver:WebInterface",
    settings=(
        Setting("file", "file"),
        Setting("event_name", default="DIAL", by_desk=True),
        Setting("timeout_s", "decimal", "15", by_desk=True),
        Setting("connect_timeout_s", "decimal", "3", by_desk=True),
        Setting("events", "choice", "state", choices=("state", "queue"), by_desk=True),
        Setting("call_max_s", "decimal", "14400", by_desk=True),
        *TLS,
    ),
    uses=(
        "desk.user",
        "desk.password",
        "desk.ident",
        "country",
        "incoming_strip",
        "shared_folder",
        *USES_TLS,
    ),
    codes={"web_only_dials": Unsupported, "web_untried": Unreachable},
    without={"*": "web_only_dials"},
    by_page=True,
    cold="offhook.interfaces.web.calling:cold",
)
