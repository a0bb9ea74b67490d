"""``clicktocall_param.txt``: the seed's own file to the byte, and every slip that can be made in it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs import offhook
from offhook import texts
from offhook.seed import parameters
from offhook.seed.parameters import ParameterFile, read

SEED_PATH = Path(__file__).parent / "data" / "clicktocall_param.txt"
SEED = SEED_PATH.read_bytes()
LINES = SEED.decode("utf-8").split("\r\n")[:-1]


def meaning(file: ParameterFile) -> dict[tuple[str, str], str]:
    """Return everything a file says, defaults filled in: two files with the same one do the same."""
    defaults = {
        ("global", "timeout1"): "1", ("global", "timeout2"): "1", ("global", "event_ring"): "RING", ("global", "event_popup"): "POPUP",
        ("global", "even_connect"): "CONNECT", ("global", "noshowwindow"): "0", ("global", "debug"): "0", ("dial", "methode"): "POST",
        ("event", "methode"): "GET", ("token", "methode"): "GET", ("callto", "cmd"): "callto:$teldest$", ("callto", "cmdshellexecute"): "OPEN",
    }  # fmt: skip
    said = {
        (section, tag): file.text(section, tag).strip()
        for section, tags in (parameters.TAGS | {"callto": parameters.KEYS}).items()
        for tag in tags
    }
    return {key: text or defaults.get(key, "") for key, text in said.items()}


MEANT = meaning(read(SEED))


def joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


# --- the seed's file ------------------------------------------------------------------------------


def test_the_seeds_file_has_no_finding_and_comes_back_to_the_byte() -> None:
    file = read(SEED)
    assert file.findings == []
    assert file.data == SEED
    assert file.word("dial", "url").endswith("&tel=$teldest$&cmdevent=$event$")
    assert (file.on("event", "with_event"), file.on("token", "with_token")) == (True, True)
    assert (file.word("callto", "cmd"), file.word("callto", "cmdshellexecute")) == (
        "callto:$teldest$",
        "OPEN",
    )


@pytest.mark.parametrize("change", [lambda data: data, lambda data: b"\xef\xbb\xbf" + data, lambda data: data.replace(b"\r\n", b"\n"),
    lambda data: data.replace(b"\r\n", b"\r"), lambda data: data.decode("utf-8").encode("cp1252"), lambda data: data.rstrip(b"\r\n"),
    lambda data: data.replace(b"cliktocall", b"clicktocall"), lambda data: data.replace(b"cliktocall", b"ClicToCall")])  # fmt: skip
def test_encodings_line_ends_and_spellings(change) -> None:  # type: ignore[no-untyped-def]
    file = read(change(SEED))
    assert file.findings == []
    assert meaning(file) == MEANT


def test_a_value_set_to_what_it_is_leaves_every_byte() -> None:
    file = read(SEED)
    for section, tags in (parameters.TAGS | {"callto": parameters.KEYS}).items():
        for tag in tags:
            entry = file.entry(section, tag)
            if entry is not None:
                assert file.with_value(section, tag, entry.text) == SEED
    changed = file.with_value("dial", "methode", "PUT")
    assert changed == SEED.replace(b"<methode>POST", b"<methode>PUT")
    latin = SEED.decode().encode("cp1252")
    assert read(latin).with_value("global", "event_ring", "SONNÉ") == latin.replace(
        b">RING", ">SONNÉ".encode("cp1252")
    )


@pytest.mark.slow
def test_from_the_command_line(tmp_path: Path) -> None:
    done = offhook(tmp_path, "check", str(SEED_PATH))
    assert (done.returncode, done.stdout) == (0, f"{SEED_PATH}: no finding\n")
    wrong = tmp_path / "clicktocall_param.txt"
    wrong.write_bytes(SEED.replace(b"<methode>POST", b"<metode>POST").replace(b"$telorg$", b"$telog$", 1))
    done = offhook(tmp_path, "check", str(wrong))
    assert done.returncode == 1
    assert f"{wrong}:26: error: <metode> is no tag; did you mean <methode>?" in done.stdout
    assert f"{wrong}:24: warning: $telog$ is no placeholder" in done.stdout
    assert "erreur" in offhook(tmp_path, "check", str(wrong), OFFHOOK_LANGUAGE="fr").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kept", "session", "language"),
    [
        ("en", {"LANG": "fr_FR.UTF-8", "LC_ALL": ""}, "en"),
        ("fr", {"LANG": "en_US.UTF-8", "LC_ALL": ""}, "fr"),
        ("fr", {"LANG": "C", "LC_ALL": "C"}, "fr"),
        ("", {"LANG": "fr_FR.UTF-8", "LC_ALL": ""}, "fr"),
        ("", {"LANG": "fr_FR.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
    ],
)
def test_a_finding_is_in_the_reader_s_language_whatever_the_session_s_is(
    kept: str, session: dict[str, str], language: str, tmp_path: Path
) -> None:
    """The setting says who reads; the environment only where it says nothing. So does every sentence of the file."""
    session = session | {"OFFHOOK_LANGUAGE": ""}
    if kept:
        assert offhook(tmp_path, "settings", "set", "language", kept, **session).returncode == 0
    wrong = tmp_path / "clicktocall_param.txt"
    wrong.write_bytes(SEED.replace(b"<methode>POST", b"<metode>POST").replace(b"$telorg$", b"$telog$", 1))
    said = offhook(tmp_path, "check", str(wrong), **session).stdout
    level, tag = {"fr": ("erreur", "n'est pas"), "en": ("error", "is no")}[language]
    lines = said.replace("’", "'").splitlines()
    assert len([line for line in lines if f" {level}" in line or tag in line]) >= 2, said
    other = {"fr": ("error:", "is no"), "en": ("erreur", "n'est pas")}[language]
    assert not [line for line in lines if any(word in line for word in other)], said


# --- slips ----------------------------------------------------------------------------------------


def unseen(lines: list[str], where: range | None) -> str | None:
    """Return what a change of the file did without a finding near ``where``; ``None`` where it was told or harmless."""
    file = read(joined(lines))
    if meaning(file) == MEANT and not file.errors:
        return None
    near = [each for each in file.findings if where is None or each.line in where]
    return None if near else f"{set(meaning(file).items()) ^ set(MEANT.items())} {file.findings}"


def test_a_line_deleted() -> None:
    silent = {}
    for number, line in enumerate(LINES):
        told = unseen(LINES[:number] + LINES[number + 1 :], None)
        if told:
            silent[line] = told
    assert silent == {}


def test_a_line_doubled() -> None:
    silent = {}
    for number, line in enumerate(LINES):
        lines = LINES[: number + 1] + LINES[number:]
        told = unseen(lines, range(number + 2, number + 3))
        file = read(joined(lines))
        if line and not line.startswith(";"):
            assert any(each.line == number + 2 for each in file.findings), f"{line} doubled is not told"
        if told:
            silent[line] = told
    assert silent == {}


def test_a_line_moved_to_another_section() -> None:
    """To the end and to the beginning of each section; a section's own tag, too."""
    starts = [number for number, line in enumerate(LINES) if line in parameters.SECTIONS.values()]
    silent = {}
    for number, line in enumerate(LINES):
        if line.startswith(";"):
            continue
        for place in {*(start + 1 for start in starts), *starts[1:], len(LINES)}:
            lines = LINES[:number] + LINES[number + 1 :]
            at = place - (place > number)
            lines.insert(at, line)
            if lines == LINES:
                continue
            told = unseen(lines, None)
            if told:
                silent[f"{line} to {place}"] = told
    assert silent == {}


VALUES = ("<url>", "cmd=", "<event_ring>", "<event_popup>", "<even_connect>", "<noshowwindow>", "<debug>")
"""Where a word of one's own or a plain 0 or 1 stands: another is another wish, and nobody can know."""


@pytest.mark.slow
def test_a_letter_changed() -> None:
    silent = {}
    for number, line in enumerate(LINES):
        begin = max((len(tag) for tag in VALUES if line.startswith(tag)), default=0)
        for at in range(1 if line.startswith(";") else 0, begin or len(line)):
            for letter in "xZ<>;$=1 é".replace(line[at], ""):
                changed = line[:at] + letter + line[at + 1 :]
                lines = [*LINES[:number], changed, *LINES[number + 1 :]]
                here = None if changed.startswith(";") else range(number + 1, number + 2)
                told = unseen(lines, here)
                if told and not _is_its_section(lines, number):
                    silent[f"{number + 1}: {changed}"] = told
    assert silent == {}


def _is_its_section(lines: list[str], number: int) -> bool:
    """Say whether what a line lacks now is told on its section's line: there is no better place for it."""
    starts = [at for at, line in enumerate(LINES) if at <= number and line in parameters.SECTIONS.values()]
    return any(each.line - 1 in starts[-1:] for each in read(joined(lines)).findings)


def test_a_comment_that_lost_its_mark() -> None:
    """It would be data, or ignored: it is told on its own line."""
    for number, line in enumerate(LINES):
        if line.startswith(";"):
            lines = [*LINES[:number], "x" + line[1:], *LINES[number + 1 :]]
            file = read(joined(lines))
            assert any(each.line == number + 1 for each in file.findings), line


FINDINGS = [
    ("<url>http://x/$telorg$", "number_missing", 2),
    ("<url>htp://x/$teldest$", "url_unreadable", 2),
    ("<url>http://$telorg$/x?$teldest$", "placeholder_in_host", 2),
    ("<url>http://x/$teldest$\n<methode>POT", "value_unreadable", 3),
    ("<url>http://x/$teldest$\n<headers>X", "header_unreadable", 3),
    ("<url>http://x/$teldest$&p=$mdp$", "password_in_clear", 2),
    ("<url>http://x/$teldest$&p=$passe$", "placeholder_unknown", 2),
    ("<url>http://x/$teldest$&p=$user", "placeholder_open", 2),
    ("<url>http://x/$teldest$&t=$token$", "token_never_asked", 1),
    ("<url>http://x/$teldest$&t=$TOKEN$", "token_never_asked", 1),
    ("<url>http://x/$teldest$\n <headers>A=1", "tag_unknown", 3),
    ("<url>http://x/$teldest$\n<methode>GET\n<data>x", "get_has_no_body", 4),
    ("<url>http://x/$teldest$\n<data>x\n<dta>y", "tag_unknown", 4),
    ("<url>http://x/$teldest$\n<foo>x", "line_unknown", 3),
    ("<url>http://x/$teldest$\n<json_tel>x", "tag_elsewhere", 3),
    (
        "<url>http://x/$teldest$\n<cliktocallevent>\n<with_event>1\n<type_return>json\n<url>http://x/$teldest$",
        "placeholder_not_here",
        6,
    ),
    (
        "<url>http://x/$teldest$\n<cliktocalltoken>\n<with_token>1\n<type_return>json\n<url>http://x/$token$",
        "placeholder_not_here",
        6,
    ),
    (
        "<url>http://x/$teldest$\n<cliktocallevent>\n<with_event>1\n<type_return>jsn\n<url>http://x/",
        "value_unreadable",
        5,
    ),
    (
        "<url>http://x/$teldest$\n<cliktocallevent>\n<with_event>1\n<type_return>xml\n<url>http://x/\n<xml_result_tel_in_attrib>1",
        "attribute_unnamed",
        7,
    ),
    (
        "<url>http://x/$teldest$\n<cliktocallevent>\n<with_event>1\n<type_return>xml\n<url>http://x/\n<xml_tel_attrib>v",
        "attribute_unused",
        7,
    ),
    ("<url>http://x/$teldest$\n<cliktocallevent>\n<with_event>1", "url_missing", 3),
    ("<url>http://x/$teldest$\n<callto>\ncmnd=x", "key_unknown", 4),
    ("<url>http://x/$teldest$\n<callto>\ncmd=calto:$teldest$", "word_unusual", 4),
    ("<url>http://x/$teldest$\n<callto>\ncmd=callto:", "number_missing", 4),
    ("<url>http://x/$teldest$\n<callto>\ncmd=x:$teldest$$mdp$", "password_to_program", 4),
    ("<url>http://x/$teldest$\n<global>\n<timeout1>soon", "value_unreadable", 4),
]


@pytest.mark.parametrize(("text", "code", "line"), FINDINGS)
def test_findings(text: str, code: str, line: int) -> None:
    found = {(each.code, each.line) for each in read(f"<cliktocalldial>\n{text}\n".encode()).findings}
    assert (code, line) in found


def test_data_continues_and_dataencode_begins_within() -> None:
    file = read(
        b'<cliktocalldial>\n<url>http://x/$teldest$\n<data><a>\n;not this\n\n <b>$user$</b>\n</a><dataencode><c x="1"/>\n<d/>\n<headers>A=1'
    )
    assert file.findings == []
    assert file.text("dial", "data") == "<a>\n\n <b>$user$</b>\n</a>"
    assert file.text("dial", "dataencode") == '<c x="1"/>\n<d/>'
    assert file.text("dial", "headers") == "A=1"


def test_no_section_at_all() -> None:
    for data in (b"", b"hello", b"\x00\xff", b"<url>x"):
        assert any(each.code == "no_section" for each in read(data).findings)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_file_and_come_back(data: bytes) -> None:
    file = read(data)
    assert file.data == data
    for finding in file.findings:
        assert 1 <= finding.line <= len(parameters.lines(data)) or finding.code == "no_section"


@given(st.lists(st.tuples(st.sampled_from(LINES), st.binary(max_size=6)), max_size=40))
def test_any_lines_in_any_order_give_a_file(parts: list[tuple[str, bytes]]) -> None:
    data = b"\n".join(line.encode() + more for line, more in parts)
    assert read(data).data == data


def test_every_finding_has_what_its_sentence_needs() -> None:
    """No hole in any sentence, in either language, and nothing found that no sentence says."""
    for text, _code, _line in FINDINGS:
        for each in read(f"<cliktocalldial>\n{text}\n".encode()).findings:
            for language in ("en", "fr"):
                wanted = set(re.findall(r"\{(\w+)\}", texts.catalogue(language)[f"check.{each.code}"]))
                assert wanted <= set(each.params), (each.code, language)
                assert "…" not in texts.say(f"check.{each.code}", language, **dict.fromkeys(each.params, "x"))
                assert each.level in ("warning", "error")


@pytest.mark.slow
def test_every_finding_can_be_said(tmp_path: Path) -> None:
    """Whatever its parameters are called: each slip of the tables, through the command, in both languages."""
    path = tmp_path / "clicktocall_param.txt"
    for text, _code, _line in FINDINGS:
        path.write_text(f"<cliktocalldial>\n{text}\n")
        for language in ("en", "fr"):
            done = offhook(tmp_path, "check", str(path), OFFHOOK_LANGUAGE=language)
            assert done.stdout.count("\n") == len(read(path.read_bytes()).findings), (text, done.stderr)


@pytest.mark.slow
def test_a_slip_in_callto_has_no_effect_on_other_interfaces(tmp_path: Path) -> None:
    (tmp_path / "clicktocall_param.txt").write_text(
        "<cliktocalldial>\n<url>http://127.0.0.1:1/$teldest$\n<callto>\ncmd=callto:\n"
    )
    way = {"OFFHOOK_INTERFACE": "web", "OFFHOOK_SHARED_FOLDER": str(tmp_path)}
    assert offhook(tmp_path, "check", **way).returncode == 1
    assert offhook(tmp_path, "dial", "1", "--dry-run", **way).returncode == 0


@pytest.mark.parametrize(("tag", "slip", "near"), [
    ("event_ring", "RIING", "RING"), ("event_popup", "POPOUP", "POPUP"), ("even_connect", "CONECT", "CONNECT"),
    ("event_connect", "CONNECTE", "CONNECT"), ("event_hangup", "HANGUPP", "HANGUP"),
])  # fmt: skip
def test_an_event_s_name_that_is_nearly_the_usual_one_is_asked_about(tag: str, slip: str, near: str) -> None:
    file = read(f"<global>\n<{tag}>{slip}\n".encode())
    found = [each for each in file.findings if each.code == "word_unusual"]
    assert [(each.line, each.level, each.params) for each in found] == [
        (2, "warning", {"word": slip, "near": near})
    ]


@pytest.mark.parametrize(
    "scheme",
    [
        "callto",
        "tel",
        "sip",
        "sips",
        "skype",
        "h323",
        "facetime",
        "msteams",
        "zoomphonecall",
        "dial",
        "ciscotel",
    ],
)
def test_a_scheme_people_dial_with_is_known_and_a_slip_in_it_is_found(scheme: str) -> None:
    """As registered with IANA, or by a softphone's maker; a scheme nobody knows may well be right."""

    def found(written: str) -> list[tuple[str, str]]:
        file = read(f"<callto>\r\ncmd={written}:$teldest$\r\n".encode())
        return [
            (each.code, each.params.get("near", "")) for each in file.findings if each.code == "word_unusual"
        ]

    assert found(scheme) == []
    assert found(scheme.upper()) == []
    if len(scheme) > 5:
        assert [near for _code, near in found(scheme + scheme[-1])] == [f"{scheme}:"]
    assert found("somebodysown") == []
