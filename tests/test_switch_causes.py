"""Why a leg was not answered: the numbers of Q.850 as Asterisk gives them, and FreeSWITCH's names for them.

The numbers are those of ITU-T Q.850; FreeSWITCH's names and their numbers are those of its `switch_types.h`. Above 500 they
are its own. A cause that says nothing about why is in neither table.
"""

import pytest

from offhook.interfaces.asterisk.events import CAUSES as OF_ASTERISK
from offhook.interfaces.freeswitch.events import CAUSES as OF_FREESWITCH

# number, FreeSWITCH's name, what became of the leg at each
ROWS = [
    (1, "UNALLOCATED_NUMBER", "unallocated", "unallocated"),
    (2, "NO_ROUTE_TRANSIT_NET", "unallocated", "unallocated"),
    (3, "NO_ROUTE_DESTINATION", "unavailable", "unallocated"),  # Asterisk says 3 of a phone that is not registered
    (16, "NORMAL_CLEARING", None, None),
    (17, "USER_BUSY", "busy", "busy"),
    (18, "NO_USER_RESPONSE", "noanswer", "noanswer"),
    (19, "NO_ANSWER", "noanswer", "noanswer"),
    (20, "SUBSCRIBER_ABSENT", "unavailable", "unavailable"),
    (21, "CALL_REJECTED", "rejected", "rejected"),
    (22, "NUMBER_CHANGED", "unallocated", "unallocated"),
    (23, "REDIRECTION_TO_NEW_DESTINATION", "forwarded", "forwarded"),
    (26, "", "elsewhere", None),
    (27, "DESTINATION_OUT_OF_ORDER", "unavailable", "unavailable"),
    (28, "INVALID_NUMBER_FORMAT", "unallocated", "unallocated"),
    (31, "NORMAL_UNSPECIFIED", None, None),
    (34, "NORMAL_CIRCUIT_CONGESTION", "failed", "failed"),
    (38, "NETWORK_OUT_OF_ORDER", "failed", "failed"),
    (41, "NORMAL_TEMPORARY_FAILURE", "failed", "failed"),
    (42, "SWITCH_CONGESTION", "failed", None),
    (44, "REQUESTED_CHAN_UNAVAIL", "failed", None),
    (58, "BEARERCAPABILITY_NOTAVAIL", "failed", "failed"),
    (63, "SERVICE_UNAVAILABLE", None, "failed"),
    (66, "CHAN_NOT_IMPLEMENTED", None, "failed"),
    (88, "INCOMPATIBLE_DESTINATION", "failed", "failed"),
    (96, "MANDATORY_IE_MISSING", None, "failed"),
    (102, "RECOVERY_ON_TIMER_EXPIRE", None, "unavailable"),
    (127, "INTERWORKING", None, None),
    (487, "ORIGINATOR_CANCEL", None, "cancelled"),
    (502, "LOSE_RACE", None, "elsewhere"),
    (602, "ALLOTTED_TIMEOUT", None, "noanswer"),
    (605, "PICKED_OFF", None, "elsewhere"),
    (606, "USER_NOT_REGISTERED", None, "unavailable"),
    (607, "PROGRESS_TIMEOUT", None, "noanswer"),
    (609, "GATEWAY_DOWN", None, "unavailable"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "name", "asterisk", "freeswitch"), ROWS)
def test_a_cause_says_why(number: int, name: str, asterisk: str | None, freeswitch: str | None) -> None:
    assert OF_ASTERISK.get(str(number)) == asterisk
    assert OF_FREESWITCH.get(name) == freeswitch


def test_no_cause_is_known_that_stands_in_no_row() -> None:
    assert {str(number) for number, *_rest in ROWS} >= set(OF_ASTERISK)
    assert {name for _number, name, *_rest in ROWS} >= set(OF_FREESWITCH)
