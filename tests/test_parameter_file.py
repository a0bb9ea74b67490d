"""``clicktocall_param.txt``: the seed's own file to the byte, and every slip that can be made in it."""

import itertools
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
    assert (done.returncode, done.stdout) == (0, f"{SEED_PATH}: nothing to correct\n")
    wrong = tmp_path / "clicktocall_param.txt"
    wrong.write_bytes(SEED.replace(b"<methode>POST", b"<metode>POST").replace(b"$telorg$", b"$telog$", 1))
    done = offhook(tmp_path, "check", str(wrong))
    assert done.returncode == 1
    assert f"{wrong}:26: error: there is no tag <metode>; did you mean <methode>?" in done.stdout
    assert f"{wrong}:24: warning: there is no placeholder $telog$" in done.stdout
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
    level, tag = {"fr": ("erreur", "il n'y a pas"), "en": ("error", "there is no")}[language]
    lines = said.replace("’", "'").splitlines()
    assert len([line for line in lines if f" {level}" in line or tag in line]) >= 2, said
    other = {"fr": ("error:", "there is no"), "en": ("erreur", "il n'y a pas")}[language]
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


Slip = tuple[str, str, int, str, str]
SLIPS: list[Slip] = [
    # what is found, the seed's line begins so, which of several, what stands there instead, where it is found if elsewhere
    ("closing_tag", "<url>", 1, "<url>http://x/$teldest$</url>", ""),
    ("closing_tag", "<timeout1>", 1, "<timeout1>1</timeout1>", ""),
    ("closing_tag", "<url>", 1, "<url>http://x/$teldest$\n</url>", "+1"),
    ("closing_tag", "<url>", 2, "<url>http://x/ev</ url >", ""),
    ("closing_tag", "<data>", 1, "<data>tel=$teldest$</data>", ""),
    ("closing_tag", "<cliktocalldial>", 1, "</global>\n<cliktocalldial>", ""),
    ("closing_tag", "cmdshellexecute", 1, "cmdshellexecute=OPEN\n</callto>", "+1"),
    ("closing_tag", "cmd=", 1, "cmd=tel:$teldest$</cmd>", ""),
    ("seconds_with_unit", "<timeout1>", 1, "<timeout1>500 ms", ""),
    ("seconds_with_unit", "<timeout2>", 1, "<timeout2>1s", ""),
    ("seconds_with_unit", "<timeout3>", 1, "<timeout3>1,5 secondes", ""),
    ("seconds_with_unit", "<timeout1>", 1, "<timeout1>2 min", ""),
    ("seconds_with_unit", "<timeout2>", 1, "<timeout2>500 millisecondes", ""),
    ("seconds_unreadable", "<timeout1>", 1, "<timeout1>-1", ""),
    ("seconds_unreadable", "<timeout1>", 1, "<timeout1>une", ""),
    ("seconds_unreadable", "<timeout1>", 1, "<timeout1>0:30", ""),
    ("seconds_many", "<timeout1>", 1, "<timeout1>1000", ""),
    ("seconds_many", "<timeout2>", 1, "<timeout2>5000", ""),
    ("seconds_comma", "<timeout1>", 1, "<timeout1>0,5", ""),
    ("tag_indented", "<methode>", 1, "  <methode>POST", ""),
    ("tag_indented", "<url>", 1, "\t<url>http://x/$teldest$", ""),
    ("tag_indented", "<with_event>", 1, "\u00a0<with_event>1", ""),
    ("tag_preceded", "<methode>", 1, "> <methode>POST", ""),
    ("tag_preceded", "<methode>", 1, "- <methode>POST", ""),
    ("tag_preceded", "<methode>", 1, '"<methode>POST', ""),
    ("invisible", "<methode>", 1, "\ufeff<methode>POST", ""),
    ("invisible", "<cliktocalldial>", 1, "\ufeff<cliktocalldial>", ""),
    ("invisible", "<methode>", 1, "<methode>\u200bPOST", ""),
    ("invisible", "<url>", 1, "<url>\ufeffhttp://x/$teldest$", ""),
    ("blanks_around", "<methode>", 1, "<methode>POST  ", ""),
    ("blanks_around", "<url>", 2, "<url>\thttp://x/ev", ""),
    ("blank_in_url", "<url>", 1, "<url>http://x/dial call?tel=$teldest$", ""),
    ("quotes_around", "<url>", 1, '<url>"http://x/$teldest$"', ""),
    ("quotes_around", "<methode>", 1, "<methode>“POST”", ""),
    ("quotes_around", "<type_return>", 1, "<type_return>'json'", ""),
    ("quotes_curly", "<url>", 1, "<url>http://x/?n=“$teldest$”", ""),
    ("quotes_curly", "<headers>", 1, "<headers>Login=“a”", ""),
    ("quotes_curly", "<data>", 1, "<data>{“tel”: “$teldest$”}", ""),
    ("quotes_curly", "<data>", 1, "<data><tel n=“1”>$teldest$</tel>", ""),
    ("entity_in_url", "<url>", 1, "<url>http://x/?a=$ident$&amp;tel=$teldest$", ""),
    ("comment_behind", "<timeout1>", 1, "<timeout1>1 ; une seconde", ""),
    ("comment_behind", "<methode>", 1, "<methode>POST # ou GET", ""),
    ("comment_behind", "<url>", 1, "<url>http://x/$teldest$ // le serveur", ""),
    ("comment_behind", "<json_tel>", 1, "<json_tel>;json_event : le nom", ""),
    ("comment_sign", ";timeout1", 1, "# une pause", ""),
    ("comment_sign", ";timeout1", 1, "// une pause", ""),
    ("comment_sign", ";timeout1", 1, "<!-- une pause -->", ""),
    ("comment_sign", ";timeout1", 1, "<!-- une\npause -->", ""),
    ("comment_sign", ";timeout1", 1, "' une pause", ""),
    ("comment_sign", ";timeout1", 1, "REM une pause", ""),
    ("comment_sign", ";timeout1", 1, "/* une pause */", ""),
    ("comment_sign", ";dataencode", 1, "# encodé", ""),
    ("comment_sign", "cmd=", 1, "# la commande\ncmd=tel:$teldest$", ""),
    ("xml_wrapper", ";====", 1, '<?xml version="1.0" encoding="utf-8"?>', ""),
    ("section_misspelt", "<cliktocalldial>", 1, "<cliktocaldial>", ""),
    ("section_misspelt", "<cliktocallevent>", 1, "<clicktocallevents>", ""),
    ("section_misspelt", "<cliktocalltoken>", 1, "<clicktotoken>", ""),
    ("section_misspelt", "<cliktocalldial>", 1, "[cliktocalldial]", ""),
    ("section_misspelt", "<cliktocalldial>", 1, "<cliktocalldial", ""),
    ("section_misspelt", "<cliktocalldial>", 1, "<click to call dial>", ""),
    ("section_misspelt", "<cliktocalldial>", 1, "<click_to_call_dial>", ""),
    ("section_misspelt", "<cliktocallevent>", 1, "<event>", ""),
    ("section_misspelt", "<cliktocalldial>", 1, "<cliktocalldial> ; appeler", ""),
    ("section_misspelt", "<global>", 1, "<globale>", ""),
    ("section_misspelt", "<global>", 1, "</global>", ""),
    ("section_misspelt", "<callto>", 1, "<call-to>", ""),
    ("section_twice", "<cliktocallevent>", 1, "<cliktocallevent>\n<cliktocallevent>", "+1"),
    ("section_twice", "<cliktocalldial>", 1, "<global>\n<debug>0\n<event_ring>RING\n<cliktocalldial>", ""),
    ("tag_unknown", "<methode>", 1, "<metode>POST", ""),
    ("tag_unknown", "<methode>", 1, "<method>POST", ""),
    ("tag_unknown", "<url>", 1, "<ulr>http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "<uri>http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "<url http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "url>http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "url=http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "[url]http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "< url>http://x/$teldest$", ""),
    ("tag_unknown", "<url>", 1, "<url/>http://x/$teldest$", ""),
    ("tag_unknown", "<with_event>", 1, "<with-event>1", ""),
    ("tag_unknown", "<with_token>", 1, "<withtoken>1", ""),
    ("tag_unknown", "<type_return>", 2, "<typereturn>json", ""),
    ("tag_elsewhere", "<methode>", 1, "<methode>POST\n<json_tel>tel", "+1"),
    ("tag_elsewhere", "<debug>", 1, "<methode>POST", ""),
    ("tag_elsewhere", "cmd=", 1, "cmd=tel:$teldest$\n<debug>1", "+1"),
    ("tag_elsewhere", "<cliktocalltoken>", 1, ";", "+2"),
    ("tag_elsewhere", "<cliktocallevent>", 1, ";", "+2"),
    ("tag_elsewhere", "<cliktocalldial>", 1, ";", "+2"),
    ("tag_twice", "<methode>", 1, "<methode>POST\n<methode>POST", "+1"),
    ("tag_twice", "<methode>", 1, "<methode>POST\n<METHODE>PUT", "+1"),
    ("key_unknown", "cmd=", 1, "cmd: tel:$teldest$", ""),
    ("key_unknown", "cmd=", 1, "<cmd>tel:$teldest$", ""),
    ("key_unknown", "cmd=", 1, "command=tel:$teldest$", ""),
    ("tag_equals", "<url>", 1, "<url>=http://x/$teldest$", ""),
    ("tag_equals", "<url>", 1, "<url> : http://x/$teldest$", ""),
    ("tag_equals", "<timeout1>", 1, "<timeout1>= 1", ""),
    ("tag_equals", "<headers>", 1, "<headers>=Login=a", ""),
    ("value_on_next_line", "<url>", 1, "<url>\nhttp://x/$teldest$", "+1"),
    ("value_on_next_line", "<methode>", 1, "<methode>\nPOST", "+1"),
    ("value_on_next_line", "<timeout1>", 1, "<timeout1>\n1", "+1"),
    ("value_on_next_line", "<with_event>", 1, "<with_event>\n1", "+1"),
    ("line_broken", "<url>", 1, "<url>http://x/?a=$ident$&\ntel=$teldest$", "+1"),
    ("line_broken", "<url>", 2, "<url>http://x/\nevents", "+1"),
    ("header_on_next_line", "<headers>", 1, "<headers>Login=a\nX-Key=b", "+1"),
    ("header_on_next_line", "<headers>", 1, "<headers>Login: a\nX-Key: b", "+1"),
    ("tags_joined", "<url>", 1, "<url>http://x/$teldest$ <methode>POST", ""),
    ("tags_joined", "<timeout1>", 1, "<timeout1>1<timeout2>1<timeout3>1", ""),
    ("header_separator", "<headers>", 1, "<headers>Authentification=$auth$;Login=x", ""),
    ("header_separator", "<headers>", 1, "<headers>X-Key: a, X-Login: b", ""),
    ("header_unreadable", "<headers>", 1, "<headers>Login", ""),
    ("header_unreadable", "<headers>", 1, "<headers>X Key=a", ""),
    ("value_unreadable", "<methode>", 1, "<methode>GETT", ""),
    ("value_unreadable", "<methode>", 2, "<methode>HEAD", ""),
    ("value_unreadable", "<methode>", 1, "<methode>POST/GET", ""),
    ("value_unreadable", "<with_event>", 1, "<with_event>oui", ""),
    ("value_unreadable", "<with_token>", 1, "<with_token>true", ""),
    ("value_unreadable", "<noshowwindow>", 1, "<noshowwindow>2", ""),
    ("value_unreadable", "<debug>", 1, "<debug>on", ""),
    ("value_unreadable", "<type_return>", 1, "<type_return>application/json", ""),
    ("switch_missing", "<with_event>", 1, "<with_event>", ""),
    ("url_missing", "<url>", 1, "<url>", ""),
    ("url_missing", "<url>", 3, "<url> ", ""),
    ("url_unreadable", "<url>", 1, "<url>http:/x/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>http//x/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>http:\\\\x\\dial\\$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>http://x\\dial?$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>htpp://x/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>http;//x/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>http:///x/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>serveur:8080/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>www.x.example/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>C:\\Divalto\\Sys\\$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>\\\\serveur\\cti\\$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>https://x:8O80/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>https://x:99999/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>https://x:0/$teldest$", ""),
    ("url_unreadable", "<url>", 1, "<url>https://x::443/$teldest$", ""),
    ("port_of_other", "<url>", 1, "<url>http://x:443/$teldest$", ""),
    ("port_of_other", "<url>", 2, "<url>https://x:80/", ""),
    ("placeholder_in_host", "<url>", 1, "<url>http://$telorg$/$teldest$", ""),
    ("placeholder_open", "<url>", 1, "<url>http://x/?tel=$teldest", ""),
    ("placeholder_open", "<url>", 1, "<url>http://x/?tel=$teldest&o=$telorg$", ""),
    ("placeholder_unknown", "<url>", 1, "<url>http://x/?tel=$tel$", ""),
    ("placeholder_unknown", "<url>", 1, "<url>http://x/?tel=$teldst$", ""),
    ("placeholder_unknown", "<url>", 1, "<url>http://x/?tel=$teldest$&p=$password$", ""),
    ("placeholder_other", "<url>", 1, "<url>http://x/?tel=teldest$", ""),
    ("placeholder_other", "<url>", 1, "<url>http://x/?tel=%teldest%", ""),
    ("placeholder_other", "<url>", 1, "<url>http://x/?tel={teldest}", ""),
    ("placeholder_other", "<url>", 1, "<url>http://x/?tel=${teldest}", ""),
    ("placeholder_other", "<url>", 1, "<url>http://x/?tel=$ teldest $", ""),
    ("placeholder_other", "<url>", 1, "<url>http://x/?tel=%24teldest%24", ""),
    ("placeholder_not_here", "<url>", 2, "<url>http://x/?tel=$teldest$", ""),
    ("placeholder_not_here", "<url>", 3, "<url>http://x/?t=$token$", ""),
    ("number_missing", "<url>", 1, "<url>http://x/?tel=", ""),
    ("number_missing", "cmd=", 1, "cmd=tel:", ""),
    ("word_unusual", "cmd=", 1, "cmd=calto:$teldest$", ""),
    ("word_unusual", "cmd=", 1, "cmd=callto$teldest$", ""),
    ("word_unusual", "cmdshellexecute", 1, "cmdshellexecute=OPNE", ""),
    ("word_unusual", "<contenttype>", 1, "<contenttype>json", ""),
    ("word_unusual", "<contenttype>", 1, "<contenttype>aplication/json", ""),
    ("word_unusual", "<event_ring>", 1, "<event_ring>RIING", ""),
    ("path_unquoted", "cmd=", 1, "cmd=C:\\Program Files\\Phone\\phone.exe $teldest$", ""),
    ("password_in_clear", "<url>", 1, "<url>http://pbx.example/?tel=$teldest$&p=$mdp$", ""),
    ("get_has_no_body", "<data>", 2, "<data>a=b", ""),
    ("json_unreadable", "<data>", 1, '<data>{"tel": $teldest$}', ""),
    ("json_unreadable", "<data>", 1, "<data>{'tel': '$teldest$'}", ""),
    ("json_unreadable", "<data>", 1, '<data>{"tel": "$teldest$",}', ""),
    ("json_unreadable", "<data>", 1, '<data>{\n"tel": "$teldest$"\n"org": "1"}', "+2"),
    ("xml_unreadable", "<data>", 1, "<data><a><tel>$teldest$</a>", ""),
    ("path_unreadable", "<json_tel>", 1, "<json_tel>data[", ""),
    ("path_unreadable", "<json_event>", 1, "<json_event>a..b", ""),
    ("path_unreadable", "<json_tel>", 1, "<json_tel><tel>", ""),
    ("path_unreadable", "<json_token>", 1, "<json_token>data/token", ""),
    ("tag_without_effect", "<xml_tel>", 1, "<xml_tel>tel", ""),
    ("attribute_unnamed", "<xml_result_tel_in_attrib>", 1, "<xml_result_tel_in_attrib>1", ""),
    ("attribute_unused", "<xml_tel_attrib>", 1, "<xml_tel_attrib>value", ""),
    ("line_unknown", "<methode>", 1, "<methode>POST\n\nappeler Paul", "+2"),
]  # fmt: skip


def slipped(begins: str, which: int, instead: str) -> tuple[bytes, int]:
    """Return the seed's file with one of its lines written otherwise, and that line's number."""
    at = [number for number, line in enumerate(LINES) if line.startswith(begins)][which - 1]
    return joined([*LINES[:at], *instead.split("\n"), *LINES[at + 1 :]]), at + 1


@pytest.mark.parametrize(("code", "begins", "which", "instead", "off"), SLIPS)
def test_a_slip_gives_one_finding_on_its_line(
    code: str, begins: str, which: int, instead: str, off: str
) -> None:
    data, line = slipped(begins, which, instead)
    file = read(data)
    assert [(each.line, each.code) for each in file.findings] == [(line + int(off or 0), code)]
    assert file.data == data
    for language in texts.LANGUAGES:
        said = texts.say(f"check.{code}", language, **file.findings[0].params)
        assert not re.search(r"\{(?!teldest)\w+\}", said)
        assert said.count("…") <= said.count("serveur:8080/…")


FILES = {
    "c03_closing.txt": [f"{line} closing_tag" for line in (2, 3, 5, 6, 7, 9, 10, 11, 12)],
    "c06_upper.txt": ["4 tag_indented", "5 tag_indented"],
    "c09_empty.txt": ["1 file_empty"],
    "c14_utf16.txt": ["1 encoding"],
    "c16_dup.txt": ["3 tag_twice", "4 tag_elsewhere"],
    "d01_urlclose.txt": ["2 closing_tag"],
    "d02_paths.txt": ["7 path_unreadable", "8 path_unreadable", "9 tag_without_effect"],
    "d04_ms.txt": ["2 seconds_many", "3 seconds_many"],
    "d07_spaces.txt": ["2 blank_in_url", "3 blanks_around"],
}


@pytest.mark.parametrize("name", FILES)
def test_what_administrators_wrote(name: str) -> None:
    data = (SEED_PATH.parent / "parameter_files" / name).read_bytes()
    assert [f"{each.line} {each.code}" for each in read(data).findings] == FILES[name]


def test_a_file_in_another_encoding_gives_one_finding() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        found = read(SEED.decode().encode(encoding)).findings
        assert [(each.line, each.code) for each in found] == [(1, "encoding")], encoding


def test_slips_all_over_a_file_are_found_once_each() -> None:
    """Every value closed, every tag indented, everything wrapped as XML, every section there twice."""
    closed = [re.sub(r"^<(\w+)>(.+)$", r"<\1>\2</\1>", line) for line in LINES]
    indented = [f"\t{line}" if re.match(r"<\w+>", line) else line for line in LINES]
    wrapped = ['<?xml version="1.0"?>', "<parametres>", *LINES, "</parametres>"]
    for lines, code, count in (
        (closed, "closing_tag", sum(one != other for one, other in zip(closed, LINES, strict=True))),
        (
            indented,
            "tag_indented",
            sum(
                line.startswith("\t<") and line.strip() not in parameters.SECTIONS.values()
                for line in indented
            ),
        ),
        (wrapped, "xml_wrapper", 1),
        ([*LINES, *LINES], "section_twice", 5),
    ):
        found = [each.code for each in read(joined(lines)).findings]
        assert found == [code] * count, code


def test_two_lines_joined_by_a_mail_program() -> None:
    """Each line of a tag with the tag or section that follows it: one finding, and nothing that follows from it."""
    for number, (line, following) in enumerate(itertools.pairwise(LINES)):
        if (
            re.match(r"<\w+>", line)
            and re.match(r"<\w+>", following)
            and not following.startswith("<dataencode>")
        ):
            lines = [*LINES[:number], f"{line}{following}", *LINES[number + 2 :]]
            found = [(each.line, each.code) for each in read(joined(lines)).findings]
            code = "section_misspelt" if line in parameters.SECTIONS.values() else "tags_joined"
            assert found == [(number + 1, code)], lines[number]


def test_what_is_right_is_left_alone() -> None:
    """Right, though it looks like one of the slips."""
    for begins, which, instead in (
        ("<headers>", 1, "<headers>Accept: text/html;q=0.9, */*|Cookie: a=1; b=2|Content-Type: text/xml; charset=utf-8"),
        ("<headers>", 1, '<headers>Authorization: Digest username="a", realm="b"'), ("<timeout1>", 1, "<timeout1>0.5"), ("<timeout2>", 1, "<timeout2>60"),
        ("<url>", 1, "<url>https://x:8443/a%20b/$TELDEST$?x={y}#z"), ("<url>", 1, "<url>http://[::1]:8080/$teldest$"), ("<data>", 1, '<data>{"tel": "$teldest$", "t": "l’un"}'),
        ("<data>", 1, "<data>tel=$teldest$&cost=5$"), ("<data>", 1, "<data><url>$teldest$</url>"), ("<data>", 1, "<data><call2>\n  <url>$teldest$</url>\n</call2>"),
        ("<json_tel>", 1, "<json_tel>data.calls[0].from"), ("<json_tel>", 1, "<json_tel>calls[].tel"), ("<json_event>", 1, "<json_event>event-type"),
        ("cmd=", 1, 'cmd="C:\\Program Files\\phone.exe" /dial $teldest$'), ("cmd=", 1, "cmd=C:\\phone\\phone.exe $teldest$"), ("cmd=", 1, " CMD = callto : $teldest$ org=$telorg$"),
        ("<methode>", 1, "<METHODE>put"), ("<contenttype>", 1, "<contenttype>application/vnd.pbx+json; charset=utf-8"),
    ):  # fmt: skip
        assert read(slipped(begins, which, instead)[0]).findings == [], instead


FINDINGS = [
    ("<url>http://x/$telorg$", "number_missing", 2),
    ("<url>htp://x/$teldest$", "url_unreadable", 2),
    ("<url>http://$telorg$/x?$teldest$", "placeholder_in_host", 2),
    ("<url>http://x/$teldest$\n<methode>POT", "value_unreadable", 3),
    ("<url>http://x/$teldest$\n<headers>X", "header_unreadable", 3),
    ("<url>http://x/$teldest$&p=$mdp$", "password_in_clear", 2),
    ("<url>http://x/$teldest$&p=$passe$", "placeholder_unknown", 2),
    ("<url>http://x/$teldest$&p=$user", "placeholder_open", 2),
    ("<url>http://x/$teldest$&t=$token$", "token_never_asked", 2),
    ("<url>http://x/$teldest$&t=$TOKEN$", "token_never_asked", 2),
    ("<url>http://x/$teldest$\n <headers>A=1", "tag_indented", 3),
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
    ("<url>http://x/$teldest$\n<global>\n<timeout1>soon", "seconds_unreadable", 4),
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
    for data in (b"hello", b"<html>\n<p>x", b"<url>x", b"# a\n# b\n[x]"):
        assert [(each.line, each.code) for each in read(data).findings] == [(1, "no_section")]
    for data in (b"", b"\r\n \r\n", b"\xef\xbb\xbf"):
        assert [(each.line, each.code) for each in read(data).findings] == [(1, "file_empty")]


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


KEPT_BACK = ["$teldest", "teldest$", "$telddest$", "{teldest}", "%teldest%", "${teldest}", "$TELDEST"]


@pytest.mark.parametrize("slip", KEPT_BACK)
@pytest.mark.parametrize(
    "where",
    [
        "<cliktocalldial>\n<url>http://x/?n=WORD",
        "<cliktocalldial>\n<url>http://x/\n<data>n=WORD",
        "<callto>\ncmd=tel:WORD",
    ],
)
def test_a_slip_that_keeps_the_number_back_is_an_error_and_a_second_mention_only_a_warning(
    where: str, slip: str
) -> None:
    (alone,) = read(where.replace("WORD", slip).encode()).findings
    assert (alone.level, alone.params["near"].lower()) == ("error", "$teldest$")
    beside = read(where.replace("WORD", f"$teldest$&m={slip}").encode()).findings
    assert [each.level for each in beside] == ["warning"]
