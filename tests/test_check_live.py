"""``offhook check --live``: a parameter file tried against a server, and what is shown of it."""

import json
from pathlib import Path

import pytest

from hubs import offhook, program
from vendor import Came, reply, vendor

PASSWORD = "p4ss&word"
TOKEN = "t0ken-123456"
FILE = (
    "<global>\n<cliktocalldial>\n<url>http://127.0.0.1:{port}/dial?tel=$teldest$&t=$token$\n<cliktocallevent>\n<with_event>1\n"
    "<type_return>json\n<url>http://127.0.0.1:{port}/events?t=$token$\n<cliktocalltoken>\n<with_token>1\n<type_return>json\n"
    "<url>http://127.0.0.1:{port}/token?u=$user$&p=$mdp$\n"
)  # fmt: skip
DESK = {"OFFHOOK_DESK__EXTENSION": "1024", "OFFHOOK_DESK__USER": "zoe", "OFFHOOK_DESK__PASSWORD": PASSWORD}


def answers(came: Came) -> bytes:
    """Answer as a server whose password is right."""
    if came.path == "/token":
        return reply(json.dumps({"token": TOKEN}))
    return reply(json.dumps({"event": "RING", "tel": "0388303030"}) if came.path == "/events" else "{}")


def written(folder: Path, port: int, text: str = FILE) -> str:
    path = folder / "clicktocall_param.txt"
    path.write_text(text.replace("{port}", str(port)))
    return str(path)


# what is asked for, and what the server then sees
TRIALS = [
    (("--live",), ["/token"]),
    (("--events",), ["/token", "/events"]),
    (("--dial", "03 88 20 20 20"), ["/token", "/dial"]),
    (("--dial", "0388202020", "--events", "--live"), ["/token", "/dial", "/events"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("words", "paths"), TRIALS)
def test_a_trial_shows_what_was_sent_and_came_without_a_secret(
    tmp_path: Path, words: tuple[str, ...], paths: list[str]
) -> None:
    with vendor(answers) as server:
        done = offhook(tmp_path, "check", written(tmp_path, server.port), *words, **DESK)
        assert (done.returncode, [each.path for each in server.came]) == (0, paths), done.stderr
    for path in paths:
        assert f"/127.0.0.1:{server.port}{path}?" in done.stdout
    assert done.stdout.count("\n200 ") == len(paths), "and what came"
    assert ("0388303030" in done.stdout) == ("--events" in words)
    assert ("are taken" in done.stderr) == ("--events" in words)
    for secret in (PASSWORD, "p4ss%26word", TOKEN):
        assert secret not in done.stdout + done.stderr


# what the server answers, what is asked for, the exit code, how many requests came
FAILURES = [
    ("401 Unauthorized", ("--live",), 5, ["/token"]),
    ("401 Unauthorized", ("--dial", "0388202020", "--events"), 5, ["/token"]),
    ("500 Oops", ("--live",), 6, ["/token"]),
    ("200 OK", ("--live",), 8, ["/token"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("status", "words", "code", "paths"), FAILURES)
def test_a_trial_that_fails_gives_its_exit_code_and_tries_the_login_once(
    tmp_path: Path, status: str, words: tuple[str, ...], code: int, paths: list[str]
) -> None:
    with vendor(reply("{}", status)) as server:
        done = offhook(tmp_path, "check", written(tmp_path, server.port), *words, **DESK)
        assert (done.returncode, [each.path for each in server.came]) == (code, paths), done.stderr
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_token_that_the_server_then_refuses_is_no_reason_to_log_in_again(tmp_path: Path) -> None:
    def refuses(came: Came) -> bytes:
        return answers(came) if came.path == "/token" else reply("{}", "401 Unauthorized")

    for words in (("--events",), ("--dial", "0388202020")):
        with vendor(refuses) as server:
            done = offhook(tmp_path, "check", written(tmp_path, server.port), *words, **DESK)
            assert done.returncode == 5, done.stderr
            assert [each.path for each in server.came].count("/token") == 1


@pytest.mark.slow
def test_a_trial_dials_through_guard_and_double_click(tmp_path: Path) -> None:
    with vendor(answers) as server:
        path = written(tmp_path, server.port)
        done = offhook(tmp_path, "check", path, "--dial", "0899000000", OFFHOOK_GUARD__PREMIUM="bar", **DESK)
        assert (done.returncode, server.came) == (5, [])
        for _click in range(2):
            done = offhook(tmp_path, "check", path, "--dial", "0388202020", "--json", **DESK)
            assert done.returncode == 0, done.stderr
        assert len(server.dials()) == 1, "the second half of a double click"
        found, tried = map(json.loads, done.stdout.splitlines())
        assert (found["findings"], tried["wire"]) == ([], [])


@pytest.mark.slow
def test_a_file_that_is_wrong_is_not_tried_and_a_server_that_is_gone_is_said(tmp_path: Path) -> None:
    with vendor(answers) as server:
        path = written(tmp_path, server.port, FILE.replace("<with_token>1", "<with_token>oui"))
        assert offhook(tmp_path, "check", path, "--live", **DESK).returncode == 1
        assert server.came == []
    done = offhook(tmp_path, "check", written(tmp_path, server.port), "--live", **DESK)
    assert done.returncode == 6
    plain = "<cliktocalldial>\n<url>http://127.0.0.1:{port}/dial?tel=$teldest$\n"
    done = offhook(tmp_path, "check", written(tmp_path, server.port, plain), "--live", **DESK)
    assert (done.returncode, "Nothing was sent" in done.stderr) == (0, True)


@pytest.mark.slow
def test_where_an_agent_runs_it_is_asked(tmp_path: Path) -> None:
    """It reads the events; a second reader would take them from it. It dials, too."""
    with vendor(answers) as server:
        shared = {"OFFHOOK_SHARED_FOLDER": str(tmp_path)}
        written(tmp_path, server.port)
        assert offhook(tmp_path, "settings", "set", "interface", "web").returncode == 0
        with program(tmp_path, "agent", **DESK, **shared):
            done = offhook(tmp_path, "check", "--events", "--dial", "0388202020", **DESK, **shared)
            assert done.returncode == 0, done.stderr
            assert "the line of desk 1024 is" in done.stderr
            assert "offhook listen" in done.stderr
            assert f"/127.0.0.1:{server.port}/dial?" in done.stdout
            assert len(server.dials()) == 1
            path = str(tmp_path / "clicktocall_param.txt")
            done = offhook(tmp_path, "check", path, "--events", **DESK, **shared)
            assert done.returncode == 4, "its line is read by the agent"
