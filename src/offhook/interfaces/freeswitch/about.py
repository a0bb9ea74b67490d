"""What the interface ``freeswitch`` says of itself before it is used. No I/O."""

from offhook.about import About, Setting
from offhook.errors import LoginRefused, SettingsError, Unreachable
from offhook.switch.options import OF_DIALS, OF_THE_PLAN, TLS, USES

ABOUT = About(
    "freeswitch",
    driver="offhook.interfaces.freeswitch.driver:FreeswitchInterface",
    settings=(
        Setting("address", "address", "127.0.0.1:8021"),
        Setting("password", secret=True),
        Setting("tls", "flag", "no"),
        Setting("context"),
        Setting("domain", "host"),
        *OF_DIALS,
        Setting("auto_answer", "flag", "no"),
        *OF_THE_PLAN,
        *TLS,
    ),
    uses=USES,
    codes={
        "esl_user": SettingsError,
        "esl_gateway": SettingsError,
        "esl_account": LoginRefused,
        "esl_acl": LoginRefused,
        "esl_closed": Unreachable,
        "esl_rest": Unreachable,
        "esl_tls": Unreachable,
        "esl_not_socket": Unreachable,
    },
    per_desk=False,
    pretend="offhook.testing.pretend_freeswitch:PretendFreeswitch",
)
