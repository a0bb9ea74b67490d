"""What the interface ``asterisk`` says of itself before it is used. No I/O."""

from offhook.about import About, Setting
from offhook.errors import LoginRefused, Refused, SettingsError, Unreachable, Unsupported
from offhook.switch.options import OF_DIALS, OF_THE_PLAN, TLS, USES

ABOUT = About(
    "asterisk",
    driver="offhook.interfaces.asterisk.driver:AsteriskInterface",
    settings=(
        Setting("address", "address", "127.0.0.1:5038"),
        Setting("user"),
        Setting("password", secret=True),
        Setting("tls", "flag", "no"),
        Setting("events", default="call,agent"),
        Setting("context"),
        *OF_DIALS,
        Setting("auto_answer"),
        Setting("phone_control", "flag", "no"),
        *OF_THE_PLAN,
        *TLS,
    ),
    uses=USES,
    codes={
        "ami_context": SettingsError,
        "ami_device": SettingsError,
        "ami_trunk": SettingsError,
        "ami_write": Refused,
        "ami_read": Refused,
        "ami_account": LoginRefused,
        "ami_closed": Unreachable,
        "ami_rest": Unreachable,
        "ami_tls": Unreachable,
        "ami_tls_wanted": Unreachable,
        "ami_not_manager": Unreachable,
        "park_slot": Refused,
        "phone_control_off": Unsupported,
    },
    without={"Answer": "phone_control_off", "Hold": "phone_control_off"},
    per_desk=False,
    pretend="offhook.testing.pretend_asterisk:PretendAsterisk",
)
