"""Who may talk to the hub: tokens, one-time links, cookies, hosts and origins."""

import stat
from pathlib import Path

import pytest

from offhook.api.access import LINK_S, SESSION_S, Access, check_loopback, key_in, loopback_hosts
from offhook.api.who import Caller
from offhook.board.key import DeskKey, key_of
from offhook.errors import LoginRefused, Refused, SettingsError

ONE, TWO = DeskKey("1001"), DeskKey("1002")
DESKS = (ONE, TWO)


def desk_of(access: Access, authorization: str, cookies: str, wanted: str) -> DeskKey:
    key = key_of(wanted) if wanted else None
    return access.who(authorization, cookies, key).desk(key)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(clock: Clock) -> Access:
    return Access(b"k" * 32, lambda: DESKS, loopback_hosts(8480), ONE, clock)


def test_a_token_opens_its_desk_only(access: Access) -> None:
    token = access.token(key_of("1001"))
    assert desk_of(access, f"Bearer {token}", "", "") == ONE
    for wanted, header in [
        ("1002", f"Bearer {token}"),
        ("", f"Bearer {token}x"),
        ("", "Bearer "),
        ("", f"Basic {token}"),
        ("", f"Bearer {access.token(DeskKey('9999'))}"),
        ("", "Bearer é"),
        ("", "Bearer " + "x" * 5000),
    ]:
        with pytest.raises(LoginRefused):
            desk_of(access, header, "", wanted)


def test_another_key_opens_nothing(access: Access) -> None:
    other = Access(b"z" * 32, lambda: DESKS, [], clock=Clock())
    with pytest.raises(LoginRefused):
        desk_of(access, f"Bearer {other.token(key_of('1001'))}", "", "")


@pytest.mark.parametrize(("own", "wanted", "found"), [
    ((ONE,), None, ONE), ((ONE,), ONE, ONE), ((ONE,), TWO, None), ((ONE, TWO), None, None), ((ONE, TWO), TWO, TWO), ((), None, None), ((), ONE, None),
])  # fmt: skip
def test_which_desk_a_request_is_about(
    own: tuple[DeskKey, ...], wanted: DeskKey | None, found: DeskKey | None
) -> None:
    caller = Caller("x", frozenset(own))
    if found is None:
        with pytest.raises(LoginRefused):
            caller.desk(wanted)
    else:
        assert caller.desk(wanted) == found


def test_a_page_link_works_once(access: Access, clock: Clock) -> None:
    code = access.page_link(key_of("1001")).partition("code=")[2]
    desk, name, value = access.redeem(code)
    assert desk == ONE
    assert desk_of(access, "", f"{name}={value}", "1001") == ONE
    with pytest.raises(LoginRefused):
        access.redeem(code)
    late = access.page_link(key_of("1001")).partition("code=")[2]
    clock.now += LINK_S + 1
    with pytest.raises(LoginRefused):
        access.redeem(late)
    with pytest.raises(SettingsError, match="9999"):
        access.page_link(key_of("9999"))


def test_a_cookie_is_for_its_desk_and_its_week(access: Access, clock: Clock) -> None:
    _desk, name, value = access.redeem(access.page_link(key_of("1001")).partition("code=")[2])
    for cookies in (
        "",
        "offhook-1002=" + value,
        f"{name}={value}0",
        f"{name}=9999999999.{value.partition('.')[2]}",
        "=;=",
        "\x00",
    ):
        with pytest.raises(LoginRefused):
            desk_of(access, "", cookies, "")
    with pytest.raises(LoginRefused):
        desk_of(access, "", f"{name}={value}", "1002")
    with pytest.raises(LoginRefused):
        desk_of(access, "Bearer wrong", f"{name}={value}", "1001")
    clock.now += SESSION_S + 1
    with pytest.raises(LoginRefused):
        desk_of(access, "", f"{name}={value}", "1001")


def test_two_desks_in_one_browser(access: Access) -> None:
    both = "; ".join(
        f"{name}={value}"
        for _desk, name, value in (
            access.redeem(access.page_link(key_of(each)).partition("code=")[2]) for each in ("1001", "1002")
        )
    )
    assert desk_of(access, "", both, "1002") == TWO
    assert desk_of(access, "", both, "1001") == ONE


@pytest.mark.parametrize(
    ("host", "origin", "site", "good"),
    [
        ("127.0.0.1:8480", None, None, True),
        ("localhost:8480", None, "none", True),
        ("LOCALHOST:8480", "http://localhost:8480", "same-origin", True),
        ("[::1]:8480", None, None, True),
        ("evil.example:8480", None, None, False),
        ("127.0.0.1", None, None, False),
        ("", None, None, False),
        ("127.0.0.1:8480", "http://evil.example", None, False),
        ("127.0.0.1:8480", "http://127.0.0.1:9999", None, False),
        ("127.0.0.1:8480", "http://localhost:8480", None, False),
        ("127.0.0.1:8480", "null", None, False),
        ("127.0.0.1:8480", "https://127.0.0.1:8480", None, False),
        ("127.0.0.1:8480", None, "cross-site", False),
        ("127.0.0.1:8480", None, "same-site", False),
    ],
)
def test_where_a_request_may_come_from(
    access: Access, host: str, origin: str | None, site: str | None, good: bool
) -> None:
    if good:
        access.check_origin(host, origin, site)
    else:
        with pytest.raises(Refused):
            access.check_origin(host, origin, site)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.4", "127.0.0.2", "::", "example.com", ""])  # noqa: S104 - what must be refused
def test_it_listens_on_the_loopback_only(address: str) -> None:
    with pytest.raises(SettingsError, match=address or "listen"):
        check_loopback(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_the_loopback(address: str) -> None:
    check_loopback(address)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = key_in(tmp_path / "new", "hub.key")
    assert len(key) == 32
    assert key_in(tmp_path / "new", "hub.key") == key
    assert stat.S_IMODE((tmp_path / "new" / "hub.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_key_that_is_not_whole_is_replaced(tmp_path: Path, content: bytes) -> None:
    """A crash between making and writing the file must not leave a key that anybody knows."""
    (tmp_path / "hub.key").write_bytes(content)
    key = key_in(tmp_path, "hub.key")
    assert len(key) == 32
    assert key_in(tmp_path, "hub.key") == key
    assert not list(tmp_path.glob("hub.key.*"))
    with pytest.raises(ValueError, match="32 bytes"):
        Access(content, lambda: DESKS, [])


def test_a_neighbours_cookie_does_no_harm(access: Access) -> None:
    _desk, name, value = access.redeem(access.page_link(key_of("1001")).partition("code=")[2])
    assert desk_of(access, "", f'prefs={{"a":1}}; x; {name}={value}; ="', "1001") == ONE
