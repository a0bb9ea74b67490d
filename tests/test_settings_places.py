"""Settings: every combination of places, tick box, locks and OFFHOOK_HOME; whole or not at all when written."""

import itertools
import json
import os
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hubs import OFFHOOK, environment, offhook
from offhook.cli import main
from offhook.errors import OffhookError, SettingsError
from offhook.seed.folder import with_shared
from offhook.settings.changes import change, lock, move_old
from offhook.settings.model import KNOWN
from offhook.settings.places import desk_folder, read_place, resolve, user_file
from offhook.settings.shared import read
from offhook.settings.values import Settings

# --- which place wins -----------------------------------------------------------------------------

ON_OFF = (False, True)
COMBINATIONS = list(itertools.product(ON_OFF, ON_OFF, (None, "no", "yes"), ON_OFF, ON_OFF, ON_OFF))


def expected(machine: bool, user: bool, box: str | None, locked: bool, environ: bool) -> tuple[str, str, str]:
    """Return interface, its section's command and an ordinary setting's country, straight from the specification."""
    if machine and locked:
        return "callto", "machine:$teldest$", "BE"
    bundle = "machine" if machine and box != "yes" else "user" if user else "none"
    interface = {"machine": "callto", "user": "callto", "none": "hub"}[bundle]
    command = {"machine": "machine:$teldest$", "user": "user:$teldest$", "none": ""}[bundle]
    if bundle == "none":  # nobody chose an interface: its section is no bundle and follows the places
        command = "machine:$teldest$" if machine else "callto:$teldest$"
    country = "CH" if user else "BE" if machine else "FR"
    if environ:
        return "callto", "environment:$teldest$", "DE"
    return interface, command, country


@pytest.mark.parametrize(("machine", "user", "box", "locked", "environ", "portable"), COMBINATIONS)
def test_every_combination(
    tmp_path: Path, machine: bool, user: bool, box: str | None, locked: bool, environ: bool, portable: bool
) -> None:
    system, home = tmp_path / "etc" / "settings.toml", tmp_path / "home"
    system.parent.mkdir()
    home.mkdir()
    state = tmp_path / "state"
    (state / "offhook").mkdir(parents=True)
    where = home if portable else state / "offhook"
    machine_path = home / "machine.toml" if portable else system
    if machine:
        locks = 'locked = ["interface", "callto.*", "country"]\n' if locked else ""
        text = f'{locks}interface = "callto"\ncountry = "BE"\n[callto]\ncommand = "machine:$teldest$"\n'
        machine_path.write_text(text)
    lines = ['country = "CH"\ninterface = "callto"\n'] if user else []
    lines += [f"use_user_settings = {'true' if box == 'yes' else 'false'}\n"] if box else []
    lines += ['[callto]\ncommand = "user:$teldest$"\n'] if user else []
    (where / "settings.toml").write_text("".join(lines))
    variables = {"OFFHOOK_HOME": str(home)} if portable else {"XDG_CONFIG_HOME": str(state)}
    if environ:
        variables |= {
            "OFFHOOK_INTERFACE": "callto", "OFFHOOK_CALLTO__COMMAND": "environment:$teldest$", "OFFHOOK_COUNTRY": "DE",
        }  # fmt: skip
    found = resolve({}, variables, system=str(system))
    seen = (found["interface"], found["callto.command"], found["country"])
    assert seen == expected(machine, user, box, locked, environ)
    for name in ("interface", "callto.command", "country"):
        origin, place = found.origin(name), found.place(name)
        names = {
            "default": "default",
            "machine": str(machine_path),
            "user": str(where / "settings.toml"),
            "environment": "OFFHOOK_",
        }
        assert origin.startswith(names[place]), (name, origin, place)
    if machine and locked and (user or environ):
        assert found.overruled["country"], "the person is told what was set in vain"


def test_the_machines_locks_hold_for_a_portable_installation(tmp_path: Path) -> None:
    system, home = tmp_path / "settings.toml", tmp_path / "home"
    home.mkdir()
    system.write_text(
        'locked = ["country"]\ncountry = "BE"\noutside_prefix = "9"\n[guard]\nbarred = ["+33899."]\n'
    )
    (home / "settings.toml").write_text('country = "FR"\n[guard]\nbarred = []\n')
    environ = {"OFFHOOK_HOME": str(home), "OFFHOOK_GUARD__BARRED": "1"}
    found = resolve({"country": "DE"}, environ, system=str(system))
    assert (found["country"], found["guard.barred"]) == ("BE", "+33899."), (
        "what it sets of guard is locked anyhow"
    )
    assert found.overruled == {"country": "--country", "guard.barred": "OFFHOOK_GUARD__BARRED"}
    assert found["outside_prefix"] == "", "only its locks reach into a portable installation"


def test_the_command_line_wins_over_all_but_locks(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('country = "CH"\n')
    found = resolve(
        {"country": "LU"}, {"OFFHOOK_HOME": str(tmp_path), "OFFHOOK_COUNTRY": "DE"}, system="/nowhere"
    )
    assert (found["country"], found.origin("country")) == ("LU", "--country")


def test_the_shared_folder_lies_under_either_bundle(tmp_path: Path) -> None:
    shared = tmp_path / "sys"
    shared.mkdir()
    (shared / "clicktocall_param.txt").write_text(
        "<global>\n<noshowwindow>1\n<callto>\ncmd=tel:$teldest$\ncmdshellexecute=edit\n"
    )
    environ = {"OFFHOOK_HOME": str(tmp_path), "OFFHOOK_SHARED_FOLDER": str(shared)}
    found = with_shared(resolve({}, environ, system="/nowhere"))
    assert [found[name] for name in ("callto.command", "callto.verb", "window.show")] == [
        "tel:$teldest$",
        "edit",
        "no",
    ]
    assert found.origin("callto.command") == f"{shared / 'clicktocall_param.txt'}:4"
    (tmp_path / "settings.toml").write_text('interface = "callto"\n[callto]\ncommand = "sip:$teldest$@x"\n')
    found = with_shared(resolve({}, environ, system="/nowhere"))
    assert (found["callto.command"], found["callto.verb"]) == ("sip:$teldest$@x", "edit")


def test_who_the_desk_is_stays_the_users(tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text('interface = "web"\n[desk]\nextension = "1"\nuser = "m"\n')
    (tmp_path / "settings.toml").write_text('[desk]\nextension = "2"\n')
    found = resolve({}, {"OFFHOOK_HOME": str(tmp_path)}, system="/nowhere")
    assert (found["desk.extension"], found["desk.user"]) == ("2", "m")


@pytest.mark.slow
def test_show_names_each_origin(tmp_path: Path) -> None:
    shared = tmp_path / "sys"
    shared.mkdir()
    (shared / "clicktocall_param.txt").write_text("<callto>\ncmd=tel:$teldest$\n")
    (tmp_path / "machine.toml").write_text(
        f'locked = ["country"]\ncountry = "BE"\nshared_folder = "{shared}"\n'
    )
    (tmp_path / "settings.toml").write_text('country = "FR"\n[desk]\nextension = "1024"\n')
    done = offhook(tmp_path, "settings", "show", "--json", OFFHOOK_DIAL_FORMAT="e164")
    rows = {row["name"]: row for row in json.loads(done.stdout)["settings"]}
    origins = {
        name: rows[name]["origin"].replace(str(tmp_path), "~")
        for name in ("country", "callto.command", "desk.extension", "dial_format", "web.events")
    }
    assert origins == {
        "country": "~/machine.toml:2", "callto.command": "~/sys/clicktocall_param.txt:2", "desk.extension": "~/settings.toml:3",
        "dial_format": "OFFHOOK_DIAL_FORMAT", "web.events": "default",
    }  # fmt: skip
    assert rows["country"]["locked"]
    assert rows["country"]["overruled"].endswith("settings.toml:1")
    read_by_a_person = offhook(tmp_path, "settings", "show", "country").stdout
    assert "locked" in read_by_a_person
    assert "settings.toml:1" in read_by_a_person
    assert "\033" not in read_by_a_person, "no colours into a pipe"


# --- changing -------------------------------------------------------------------------------------

COMMENTED = '# ours\ncountry = "FR"  # France\n\n# the desk\n[desk]\nextension = "1024"\n'


def test_writing_keeps_comments_and_order(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(COMMENTED)
    change(str(path), {"desk.user": "zoé", "country": "BE", "web.timeout_s": "2,5"})
    expected = COMMENTED.replace('"FR"', '"BE"') + 'user = "zoé"\n\n[web]\ntimeout_s = 2.5\n'
    assert path.read_text() == expected
    change(str(path), {"desk.user": None, "web.timeout_s": None})
    assert path.read_text().startswith(COMMENTED.replace('"FR"', '"BE"'))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "sets", [{"country": "FR", "hub.prot": "1"}, {"hub.port": "x"}, {"desk.user": "a\0b"}]
)
def test_a_wrong_change_changes_nothing(tmp_path: Path, sets: dict[str, str]) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(COMMENTED)
    with pytest.raises(SettingsError):
        change(str(path), sets)
    assert path.read_text() == COMMENTED


@pytest.mark.slow
def test_a_file_that_is_wrong_already_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[desk\n")
    done = offhook(tmp_path, "settings", "set", "country", "BE")
    assert (done.returncode, path.read_text()) == (3, "[desk\n")
    assert "settings.toml" in done.stderr


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process; returns its exit code, what it printed and what it said."""
    code = main(words)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for commands that run in this process."""
    for name in [name for name in os.environ if name.startswith("OFFHOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OFFHOOK_HOME", str(tmp_path))
    monkeypatch.setenv("OFFHOOK_LANGUAGE", "en")
    return tmp_path


# what the machine's file holds, what the user's, the environment, what is set, and what the person is told to do instead
IDLE = [
    ("locked = ['country']\ncountry = 'BE'", "", {}, ("country", "FR"), "sudo offhook settings unlock country"),
    ("locked = ['web.*']", "", {}, ("web.timeout_s", "5"), "sudo offhook settings unlock web.*"),
    ("[guard]\nper_minute = 5", "", {}, ("guard.per_minute", "9"), "sudo offhook settings unset --machine guard.per_minute"),
    ("interface = 'web'", "", {}, ("interface", "callto"), "offhook settings set use_user_settings yes"),
    ("interface = 'web'\n[web]\ntimeout_s = 3", "", {}, ("web.timeout_s", "5"), "offhook settings set use_user_settings yes"),
    ("", "", {"OFFHOOK_COUNTRY": "DE"}, ("country", "FR"), "remove the variable OFFHOOK_COUNTRY"),
    ("", "country = 'CH'", {}, ("--machine", "country", "FR"), "sudo offhook settings lock country"),
    ("", "use_user_settings = true\ninterface = 'callto'", {}, ("--machine", "interface", "web"), "offhook settings set use_user_settings no"),
    ("", "", {}, ("--machine", "use_user_settings", "yes"), "sudo offhook settings lock use_user_settings"),
]  # fmt: skip


@pytest.mark.parametrize(("machine", "user", "environ", "words", "instead"), IDLE)
def test_what_is_set_in_vain_is_stored_and_said_with_what_would_change_it(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    machine: str, user: str, environ: dict[str, str], words: tuple[str, ...], instead: str,
) -> None:  # fmt: skip
    (here / "machine.toml").write_text(machine)
    (here / "settings.toml").write_text(user)
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    before = (here / "machine.toml").read_text(), (here / "settings.toml").read_text()
    code, _out, said = ran(capsys, "settings", "set", "--dry-run", *words)
    assert (code, "would be stored, but without effect" in said, instead in said) == (0, True, True), said
    assert before == ((here / "machine.toml").read_text(), (here / "settings.toml").read_text())
    for language, told in (("fr", "Enregistré, mais sans effet"), ("en", "Stored, but without effect")):
        monkeypatch.setenv("OFFHOOK_LANGUAGE", language)
        code, _out, said = ran(capsys, "settings", "set", *words)
        assert (code, told in said, instead in said or language == "fr") == (0, True, True), said
        assert "…" not in said
    name = words[-2]
    place = here / ("machine.toml" if "--machine" in words else "settings.toml")
    assert name in read_place(str(place), "machine" if "--machine" in words else "user").values, (
        "it is stored"
    )
    scope = ("--machine",) if "--machine" in words else ()
    assert ran(capsys, "settings", "unset", *scope, name)[0] == 0, "and can be taken back"
    code, out, said = ran(capsys, "settings", "unset", *scope, name)
    assert (code, said) == (0, "")
    assert "is not set in" in out


def test_a_lock_where_the_machine_sets_nothing_leaves_what_lies_beneath(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "settings.toml").write_text("[web]\ntimeout_s = 5\n")
    code, out, _said = ran(capsys, "settings", "lock", "web.*", "--dry-run")
    assert (code, "would be locked" in out, (here / "machine.toml").exists()) == (0, True, False)
    code, out, _said = ran(capsys, "settings", "lock", "web.*")
    assert (code, "is locked" in out, "Nothing is set for web.*" in out) == (0, True, True)
    monkeypatch.setenv("OFFHOOK_WEB__TIMEOUT_S", "6")
    found = resolve({"web.timeout_s": "7"}, os.environ, system="/nowhere")
    assert (found["web.timeout_s"], found.place("web.timeout_s"), found.locks("web.timeout_s")) == (
        "15",
        "default",
        True,
    )
    assert found.overruled == {"web.timeout_s": "--timeout-s"}
    assert "not locked by that name" in ran(capsys, "settings", "unlock", "web.timeout_s")[1]
    assert "no longer locked" in ran(capsys, "settings", "unlock", "web.*")[1]
    assert resolve({}, {"OFFHOOK_HOME": str(here)}, system="/nowhere")["web.timeout_s"] == "5"


def test_nonsense_is_refused_by_the_commands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By ``set``, ``import`` and ``apply``; a file names its line. Nothing is written."""
    path = here / "theirs.toml"
    for name, value in (
        ("outside_prefix", "zero"),
        ("country", "France"),
        ("guard.countries", "France"),
        ("interface", "asterix"),
    ):
        code, _out, said = ran(capsys, "settings", "set", name, value)
        assert (code, f"{name}: “{value}” is no" in said, "nothing was changed" in said) == (3, True, True), (
            said
        )
        head, _dot, key = name.rpartition(".")
        path.write_text(f"# theirs\n[{head}]\n{key} = '{value}'\n" if head else f"#\n\n{key} = '{value}'\n")
        for action in ("import", "apply"):
            code, _out, said = ran(capsys, "settings", action, str(path))
            assert (code, f"{path}:3: “{value}” is no" in said) == (3, True), said
    code, _out, said = ran(capsys, "settings", "set", "outside_prefix")
    assert (code, "offhook settings set outside_prefix 0" in said) == (2, True)
    code, _out, said = ran(capsys, "settings", "import", "nothere.toml")
    assert (code, "There is no file nothere.toml." in said) == (3, True)
    assert {each.name for each in here.iterdir()} <= {"theirs.toml"}


def test_apply_sets_for_the_machine(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "all.toml").write_text("outside_prefix = '0'\n")
    assert ran(capsys, "settings", "apply", str(here / "all.toml"))[0] == 0
    assert (here / "machine.toml").read_text() == 'outside_prefix = "0"\n'


# --- where the user's settings are ----------------------------------------------------------------


@pytest.mark.slow
def test_settings_of_an_earlier_version_move_once_with_their_secrets(tmp_path: Path) -> None:
    """The user's and a desk's; read before and after; told once; secrets stay where they are and are found."""
    state, config = tmp_path / "state" / "offhook", tmp_path / "config" / "offhook"
    environ = {name: text for name, text in environment(tmp_path).items() if name != "OFFHOOK_HOME"}
    environ |= {"XDG_STATE_HOME": str(state.parent), "XDG_CONFIG_HOME": str(config.parent)}

    def run(*words: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([OFFHOOK, *words], input=given, capture_output=True, text=True, check=False, env=environ | more)  # fmt: skip

    old = {"XDG_CONFIG_HOME": str(state.parent)}  # as earlier versions had it: one folder for both
    assert run("settings", "set", "desk.password", given="s3cret\n", **old).returncode == 0
    assert run("settings", "set", "country", "BE", **old).returncode == 0
    assert run("settings", "set", "--desk", "1002", "desk.user", "zoé", **old).returncode == 0
    found = resolve({}, environ, system="/nowhere")
    assert (found["country"], found["desk.password"]) == ("BE", "s3cret"), "it is read where it is"
    first = run("settings", "get", "country")
    assert (first.stdout, first.stderr.count("have moved")) == ("BE\n", 2)
    assert not (state / "settings.toml").exists()
    assert "zoé" in (config / "desks" / "1002" / "settings.toml").read_text()
    second = run("settings", "get", "country")
    assert (second.stdout, second.stderr) == ("BE\n", "")
    found = resolve({}, environ, system="/nowhere")
    assert (found["country"], found["desk.password"]) == ("BE", "s3cret")
    assert stat.S_IMODE((config / "settings.toml").stat().st_mode) == 0o600
    assert run("settings", "set", "desk.password", given="n3w\n").returncode == 0
    assert resolve({}, environ, system="/nowhere")["desk.password"] == "n3w"
    assert not (config / "secrets.json").exists(), "state stays apart"
    (state / "settings.toml").write_text('country = "CH"\n')
    assert run("settings", "get", "country").stdout == "BE\n", "what is at its place stays as it is"


@pytest.mark.slow
def test_export_and_import(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    offhook(one, "settings", "set", "desk.extension", "1024")
    offhook(one, "settings", "set", "internal_numbers", "1xxx 2000-2999")
    exported = offhook(one, "settings", "export").stdout
    (tmp_path / "mine.toml").write_text(exported)
    assert offhook(other, "settings", "import", str(tmp_path / "mine.toml")).returncode == 0
    assert offhook(other, "settings", "export").stdout == exported


@pytest.mark.slow
def test_an_unknown_key_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    done = offhook(tmp_path, "settings", "set", "desk.extention", "1")
    assert done.returncode == 3
    assert "desk.extension" in done.stderr


def test_desks_of_the_hub_have_their_own_folder_but_the_users(tmp_path: Path) -> None:
    environ = {"OFFHOOK_HOME": str(tmp_path)}
    assert desk_folder("1002", environ) == str(tmp_path / "desks" / "1002")
    (tmp_path / "settings.toml").write_text('[desk]\nextension = "1002"\n')
    assert desk_folder("1002", environ) == str(tmp_path)
    with pytest.raises(SettingsError):
        desk_folder("../../etc", environ)


# --- a crash at every step ------------------------------------------------------------------------

CRASHING = """
import os, sys
from offhook.settings.changes import change, lock
path, at, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
count = 0
def crash(real):
    def step(*words, **more):
        global count
        count += 1
        if count == at and what == "kill":
            os._exit(9)
        if count == at and what == "half" and real is write and len(words[1]) > 1:
            real(words[0], bytes(words[1])[: len(words[1]) // 2])
            os._exit(9)
        if count == at and what == "full":
            raise OSError(28, os.strerror(28))
        return real(*words, **more)
    return step
write = os.write
for name in ("write", "fsync", "replace", "open", "unlink"):
    setattr(os, name, crash(getattr(os, name)))
from offhook.errors import OffhookError
try:
    change(path, {"country": "BE", "desk.user": "new"})
except OffhookError as error:
    assert error.code == "settings_not_written", error.code
    sys.exit(3)
finally:
    sys.stdout.write(str(count))
    sys.stdout.flush()
"""


@pytest.mark.slow
@pytest.mark.parametrize("what", ["kill", "half", "full"])
def test_a_crash_at_every_step_leaves_the_old_file_or_the_new_one(tmp_path: Path, what: str) -> None:
    """A kill, half a write, or a disk that is full, at each call that touches the disk."""
    path = tmp_path / "settings.toml"
    seen, steps = set(), 0
    for at in range(1, 40):
        path.write_text(COMMENTED)
        words = [sys.executable, "-c", CRASHING, str(path), str(at), what]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(tmp_path))
        text = path.read_text()
        assert text == COMMENTED or (
            '"BE"' in text and 'user = "new"' in text and text.startswith("# ours\n")
        ), (at, text)
        seen.add(text == COMMENTED)
        steps += 1
        resolve({}, {"OFFHOOK_HOME": str(tmp_path)}, system="/nowhere")
        if done.stdout and int(done.stdout) < at:
            break  # it is through
    assert seen == {True, False}
    assert steps > 4, "it was interrupted at each of several steps"
    change(str(path), {"country": "CH"})
    assert '"CH"' in path.read_text(), "what a crash left behind stops nobody"


@pytest.mark.slow
def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    """The system itself refuses to let the draft grow; nothing is left lying about."""
    path = tmp_path / "settings.toml"
    path.write_text(COMMENTED)
    code = "import sys; from offhook.settings.changes import change; change(sys.argv[1], {'country': 'BE'})"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, env=environment(tmp_path),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
    )  # fmt: skip
    assert done.returncode != 0
    assert path.read_text() == COMMENTED
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".new")] == []


@pytest.mark.slow
def test_two_changes_at_once_both_count(tmp_path: Path) -> None:
    code = "import sys; from offhook.settings.changes import change; change(sys.argv[1], {sys.argv[2]: 'x1'})"
    names = ["desk.user", "desk.ident", "desk.extension", "callto.verb", "callto.program", "web.event_name"]
    path = tmp_path / "settings.toml"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], env=environment(tmp_path))
        for name in names
    ]
    assert [each.wait(60) for each in running] == [0] * len(names)
    found = resolve({}, {"OFFHOOK_HOME": str(tmp_path)}, system="/nowhere")
    assert [found[name] for name in names] == ["x1"] * len(names)


# --- a shared folder that does not answer ---------------------------------------------------------


@pytest.mark.slow
def test_a_folder_that_hangs_costs_half_a_second_and_gives_the_last_good_copy(tmp_path: Path) -> None:
    """A pipe nobody writes to: opening it waits for ever, as a file server that is down makes it wait."""
    shared, home = tmp_path / "sys", tmp_path / "home"
    shared.mkdir()
    path = shared / "clicktocall_param.txt"
    path.write_text("<callto>\ncmd=tel:$teldest$\n")
    environ = {"OFFHOOK_SHARED_FOLDER": str(shared), "OFFHOOK_INTERFACE": "callto"}
    assert offhook(home, "dial", "0388202020", "--dry-run", **environ).stdout == "tel:0388202020\n"
    path.unlink()
    os.mkfifo(path)
    begun = time.monotonic()
    assert offhook(home, "dial", "0388202020", "--dry-run", **environ).stdout == "tel:0388202020\n"
    assert time.monotonic() - begun < 5, "half a second's patience, and a process's start"
    begun = time.monotonic()
    found = read(str(shared), "clicktocall_param.txt", str(home))
    assert 0.45 < time.monotonic() - begun < 2.0
    assert found is not None
    assert "copy of" in found.name
    origin = offhook(home, "settings", "show", "callto.command", **environ).stdout
    assert "copy of" in origin, "it is named as such"


def test_a_folder_that_hangs_without_a_copy_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    os.mkfifo(tmp_path / "sys" / "clicktocall_param.txt")
    with pytest.raises(SettingsError) as caught:
        read(str(tmp_path / "sys"), "clicktocall_param.txt", str(tmp_path))
    assert caught.value.code == "shared_folder_down"
    with pytest.raises(OffhookError):
        read(str(tmp_path / "gone"), "clicktocall_param.txt", str(tmp_path))


def test_in_force_reads_nothing(tmp_path: Path) -> None:
    from offhook.settings.values import Place, Places, Value

    user = Place({"country": Value("CH", "u", "user")})
    machine = Place({"country": Value("BE", "m", "machine")}, locked=("coun*",))
    assert Settings(Places(user=user), KNOWN)["country"] == "CH"
    assert Settings(Places(user=user, machine=machine), KNOWN)["country"] == "BE"


def test_locks_are_written_where_toml_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "machine.toml"
    path.write_text("country = 'FR'\n[desk]\nextension = '1'\n")
    lock(str(path), ["desk.*", "country"], locked=True)
    assert (
        path.read_text() == "country = 'FR'\nlocked = [\"desk.*\", \"country\"]\n\n[desk]\nextension = '1'\n"
    )
    lock(str(path), ["outside_prefix"], locked=True)
    assert '"outside_prefix"' in path.read_text(), (
        "where the machine sets no value, it is locked all the same"
    )
    with pytest.raises(SettingsError):
        lock(str(path), ["nonsense"], locked=True)


# --- secrets and places ---------------------------------------------------------------------------


def secret_of(home: Path, place: str) -> str:
    from offhook.settings.places import read_place

    value = read_place(str(home / place), "machine" if place == "machine.toml" else "user").values[
        "desk.password"
    ]
    assert value.fetch is not None
    return value.fetch()


def test_the_machines_and_the_users_secret_are_two(tmp_path: Path) -> None:
    user, machine = tmp_path / "settings.toml", tmp_path / "machine.toml"
    change(str(user), {"desk.password": "mine"})
    change(str(machine), {"desk.password": "everybody's"})
    assert (secret_of(tmp_path, user.name), secret_of(tmp_path, machine.name)) == ("mine", "everybody's")
    change(str(machine), {"desk.password": None})
    assert secret_of(tmp_path, user.name) == "mine"
    assert len(json.loads((tmp_path / "secrets.json").read_text())) == 1


@pytest.mark.slow
def test_a_change_that_fails_leaves_the_old_secret(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    change(str(path), {"desk.password": "old"})
    code = (
        "import sys\nfrom offhook.settings import changes as stores\n"
        "def full(path, data, mode=0o600, real=stores.write_whole):\n"
        "    if path.endswith('settings.toml'):\n        raise OSError(28, 'full')\n"
        "    real(path, data, mode)\n"
        "stores.write_whole = full\nstores.change(sys.argv[1], {'desk.password': 'new'})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert "settings_not_written" in done.stderr
    assert secret_of(tmp_path, path.name) == "old"


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_broken_file_of_secrets_is_said_and_left(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secrets.json").write_bytes(content)
    done = subprocess.run(
        [OFFHOOK, "settings", "set", "desk.password"],
        input="x\n",
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert done.returncode in (0, 3), done.stderr
    assert "internal error" not in done.stderr


@pytest.mark.slow
def test_a_lock_that_names_nothing_is_refused(tmp_path: Path) -> None:
    assert offhook(tmp_path, "settings", "lock", "gaurd.*").returncode == 3
    assert offhook(tmp_path, "settings").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("content", ["country = " + "[" * 5000, "[guard]\nper_minute = 0x" + "f" * 6000])
def test_a_hostile_settings_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "settings.toml").write_text(content)
    for words in (("settings",), ("dial", "1"), ("check", str(tmp_path / "settings.toml"))):
        done = offhook(tmp_path, *words)
        assert "internal error" not in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_shared_folder_that_is_gone_stops_only_what_needs_it(tmp_path: Path) -> None:
    gone = {"OFFHOOK_SHARED_FOLDER": str(tmp_path / "gone")}
    assert offhook(tmp_path, "settings", "show", **gone).returncode == 0
    own = gone | {"OFFHOOK_INTERFACE": "callto", "OFFHOOK_CALLTO__COMMAND": "tel:$teldest$"}
    assert offhook(tmp_path, "dial", "1", "--dry-run", **own).stdout == "tel:1\n"
    assert (
        offhook(tmp_path, "dial", "1", "--dry-run", **(gone | {"OFFHOOK_INTERFACE": "callto"})).returncode
        == 3
    )
    assert (
        offhook(tmp_path, "dial", "1", "--dry-run", **(gone | {"OFFHOOK_INTERFACE": "web"})).returncode == 3
    )


@pytest.mark.slow
def test_rules_that_cannot_be_are_refused_before_they_are_written(tmp_path: Path) -> None:
    assert offhook(tmp_path, "settings", "set", "internal_numbers", "abc").returncode == 3
    assert not (tmp_path / "settings.toml").exists()


def test_a_setting_changed_while_its_file_moves_is_set_where_the_file_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OFFHOOK_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    old = tmp_path / "state" / "offhook" / "settings.toml"
    old.parent.mkdir(parents=True)
    old.write_text('country = "CH"\n')
    chosen = user_file()
    assert chosen == str(old)
    ((_old, new),) = move_old()
    change(chosen, {"outside_prefix": "0"})
    assert not old.exists()
    assert Path(new).read_text() == 'country = "CH"\noutside_prefix = "0"\n'
