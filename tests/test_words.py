"""The sentences of both languages: how they are written, which words they keep to, and what some of them must say.

Every catalogue is read, ours and those of the interfaces. A rule is a function that returns what is wrong with one
sentence; ``WRONG`` holds sentences that each rule must catch, ``RIGHT`` some that none may.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import offhook
from offhook import catalogue, errors, installed, texts
from offhook.cli import main
from offhook.cli.parser import COMMANDS, SETTINGS_ACTIONS, build
from offhook.errors import OffhookError
from offhook.settings.kinds import spelled
from offhook.settings.model import everything

NAMED = re.compile(r"\{(\w+)\}")


class Sentence(NamedTuple):
    """One sentence: its catalogue ("" is ours), its key, and what it is in both languages."""

    owner: str
    key: str
    en: str
    fr: str


def every() -> Iterator[Sentence]:
    for owner in ("", *installed.names()):
        french = texts.catalogue("fr", owner)
        for key, english in texts.catalogue("en", owner).items():
            yield Sentence(owner, key, english, french.get(key, ""))


EVERY = list(every())

# --- what is not prose ----------------------------------------------------------------------------

TYPED = {
    "hint.part_missing": "a command",
    "hint.number_several": "a command",
    "hint.device_unknown": "lines of a settings file",
    "wanted.table": "lines of a settings file",
    "check.quotes_curly": "names the straight quotation marks",
    "check.comment_behind": "names the sign of a comment",
    "check.header_unreadable": "shows a header",
    "page.keys_text": "lists keys",
}
"""Sentences that hold what is typed as it stands, and why: their signs are not those of a sentence."""


def is_typed(key: str) -> bool:
    return key in TYPED or key.endswith((".examples", ".running"))


def prose(text: str) -> str:
    """Return a sentence without what stands between backticks, and without names of addresses (``{scheme}:``)."""
    return re.sub(r"`[^`]*`|\{scheme\}:|\btel:|callto:", "", text)


# --- the rules ------------------------------------------------------------------------------------


def no_break_spaces(each: Sentence) -> str:
    if is_typed(each.key):
        return ""
    text = prose(each.fr)
    missing = re.findall(r"(?<!\u00a0)[;?!»]|(?<![\u00a0\w}]):(?=\s|$)|(?<=[\w}]):(?=\s|$)|«(?!\u00a0)", text)
    ordinary = re.findall(r" [:;?!»]|« ", text)
    return ", ".join(missing + ordinary)


def typographic(each: Sentence) -> str:
    if is_typed(each.key):
        return ""
    return "".join(re.findall("['\"]", prose(each.fr) + prose(each.en)) + re.findall("[“”]", each.fr))


def no_double_blanks(each: Sentence) -> str:
    if is_typed(each.key):
        return ""
    return "double" if any(re.search(r"[ \u00a0]{2}", text.lstrip()) for text in (each.en, each.fr)) else ""


FORBIDDEN = [
    # language, what may not be there, what is said instead or why
    ("fr", r"\bréglages?\b|\brégl(?:er|é)", "paramètre"),
    ("fr", r"\b[Ee]n garde\b", "mise en attente"),
    ("fr", r"\bcentra(?:l|ux)\b(?! de)", "système téléphonique"),
    ("fr", r"\bfacti(?:ce|f)|fictif|faux autocommutateur", "simulé"),
    ("fr", r"(?<!-)\bmachines?\b", "cet ordinateur"),
    ("fr", r"\bpostes? (?:de travail|téléphonique|informatique)|\bposte fixe", "poste is the extension only"),
    ("fr", r"numéro caché|appelant caché", "appelant masqué"),
    ("fr", r"(?:hub|agent|Offhook|celui qui|[Ii]l) tourne|[Tt]ourne-t-il", "fonctionne"),
    ("fr", r"propre téléphone|sonne là-bas|de soi-même|d’elle-même|d’eux-mêmes (?:avec|dès)|comme hérité", "a calque"),
    ("fr", r"jouer le monde|erreur de sa part|ne fait pas son travail|depuis le bureau|monde extérieur", "a calque"),
    ("fr", r"\bblancs?\b", "espace"),
    ("fr", r"mandataire", "proxy"),
    ("fr", r"à qui passer", "transférer"),
    ("fr", r"[Rr]ien n’a été changé", "modifié, as everywhere else"),
    ("fr", r"\b(?:usage:|NUMBER|VALUE|COMMAND|FILE)\b|\bTO\b(?! CALL)|[Cc]onnection refused|\bdesk\b(?![.\w}])", "left in English"),
    ("en", r"(?<![Tt]here )\bis no\b(?! longer)|\bare no\b(?! (?:calls|longer))", "is not a …"),
    ("en", r"\bknows? no\b|\bhears? no\b", "does not know, receives no"),
    ("en", r"in a state for|fault of its own|[Ww]hat counts|[Nn]o finding|there no more", "not said so"),
    ("en", r"do(?:es)? not do its work|[Ii]t is not said|it is guessed|and leave$|comes back by itself", "not said so"),
    ("en", r"pretend exchange", "pretend telephone system"),
    ("en", r"not there yet|as inherited", "not available yet, inherited"),
    ("en", r"is not one of: (?!\{known\})|expected \{", "examples are no choices"),
]  # fmt: skip


def kept_words(each: Sentence) -> str:
    by = {"en": each.en, "fr": each.fr}
    found = [(re.search(pattern, by[language]), why) for language, pattern, why in FORBIDDEN]
    return "; ".join(f"{hit[0]} ({why})" for hit, why in found if hit)


def same_parameters(each: Sentence) -> str:
    return " ".join(sorted(set(NAMED.findall(each.en)) ^ set(NAMED.findall(each.fr))))


SAME = {"Contacts", "options", "arguments", "actions", "place", "Asterisk", "FreeSWITCH", "0-9 * # A-D"}
"""What is written alike in both languages."""


def both_languages(each: Sentence) -> str:
    letters = re.search(r"[^\W\d_]", NAMED.sub("", each.en))
    alike = each.en == each.fr and letters and each.en not in SAME and each.key not in TYPED
    return "the same" if alike or not each.fr else ""


ENDS = re.compile(r"[.?…]$|:\{calls\}$|\{\w+\}:?$|\{scheme\}:$|--help$|hub page$|offhook\[all\]'$")


def ends_with_a_stop(each: Sentence) -> str:
    """An error, a hint, an answer and the description of a setting are sentences; words and findings are not."""
    if not re.match(r"(?:page\.)?(?:error|hint|done|setting)\.|wanted\.", each.key):
        return ""
    return " / ".join(text[-25:] for text in (each.en, each.fr) if not ENDS.search(text))


FILES = {
    "conf",
    "xml",
    "csv",
    "toml",
    "json",
    "jsonl",
    "txt",
    "md",
    "log",
    "example",
    "ami",
    "esl",
    "sent",
    "timing",
    "py",
    "tel",
}
"""What stands behind the dot of a file or host; any other word with a dot is a setting."""
GROUPS = {known.partition(".")[0] for known in everything() if "." in known}


def nothing_leaks(each: Sentence) -> str:
    """Fill a sentence in: no brace is left, and a word with a dot is a setting or a file, not a key of ours."""
    found = []
    for text in (each.en, each.fr):
        try:
            said = text.format_map(dict.fromkeys(NAMED.findall(text), "X"))
        except (KeyError, ValueError, IndexError) as error:
            return repr(error)
        if each.key != "wanted.table":  # it shows a table of TOML
            found += re.findall(r"[{}]", said)
        for word in re.findall(r"(?<![\w.$/\[-])[a-z_]+(?:\.[a-z_*]+)+(?![\w(/])", said):
            group, last = word.partition(".")[0], word.rpartition(".")[2]
            if not (word in everything() or (group in GROUPS and last == "*") or last in FILES):
                found.append(word)
    return " ".join(found)


RULES: dict[str, Callable[[Sentence], str]] = {
    rule.__name__: rule
    for rule in (
        no_break_spaces, typographic, no_double_blanks, kept_words, same_parameters, both_languages,
        ends_with_a_stop, nothing_leaks,
    )
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_every_sentence_keeps_the_rule(rule: str) -> None:
    assert len(EVERY) > 1000
    wrong = {f"{each.owner}/{each.key}": RULES[rule](each) for each in EVERY}
    assert not {key: said for key, said in wrong.items() if said}


WRONG = [
    # the rule, the key, English, French
    ("no_break_spaces", "error.x", "A: b.", "A : b."),
    ("no_break_spaces", "error.x", "A: b.", "A: b."),
    ("no_break_spaces", "error.x", "A?", "A?"),
    ("no_break_spaces", "error.x", "A; b.", "A ; b."),
    ("no_break_spaces", "error.x", "“a”", "« a »"),
    ("no_break_spaces", "error.x", "“a”", "«a\u00a0»"),
    ("no_break_spaces", "error.x", "{a}: b", "{a}: b"),
    ("typographic", "error.x", "A.", "L'appel."),
    ("typographic", "error.x", "the hub's", "du hub"),
    ("typographic", "error.x", 'the "hub"', "du hub"),
    ("typographic", "error.x", "A “hub”.", "Un “hub”."),
    ("no_double_blanks", "error.x", "A  b.", "A b."),
    ("no_double_blanks", "error.x", "A b.", "A \u00a0: b."),
    ("same_parameters", "error.x", "{a}", "{b}"),
    ("same_parameters", "error.x", "{a} {b}", "{a}"),
    ("both_languages", "error.x", "Nothing.", "Nothing."),
    ("both_languages", "error.x", "Nothing.", ""),
    ("ends_with_a_stop", "error.x", "Nothing", "Rien."),
    ("ends_with_a_stop", "page.hint.x", "Nothing.", "Rien"),
    ("ends_with_a_stop", "setting.x", "A name", "Un nom."),
    ("nothing_leaks", "error.x", "See error.usage.", "Voir."),
    ("nothing_leaks", "error.x", "Set hub.adress.", "Voir."),
    ("nothing_leaks", "error.x", "Set {x}.", "Voir {x."),
    ("nothing_leaks", "error.x", "Set {{x}}.", "Voir."),
    ("nothing_leaks", "error.x", "Set {}.", "Voir."),
    *(("kept_words", "error.x", "Fine.", text) for text in (
        "Le réglage.", "Celui qui est réglé.", "En garde.", "Le central simulé.", "Un autocommutateur factice.",
        "Cette machine.", "Ce poste de travail.", "Un numéro caché.", "Le hub tourne.", "Votre propre téléphone.",
        "Elle revient d’elle-même.", "Tout revient de soi-même.", "Un blanc.", "À remettre, à qui passer l’appel.",
        "Entraînement : jouer le monde.", "Rien n’a été changé.", "Le NUMBER.", "Connection refused.",
    )),
    *(("kept_words", "error.x", text, "Bien.") for text in (
        "“x” is no number.", "It knows no holding.", "It hears no events.", "What counts is this.", "No finding.",
        "A fault of its own.", "The channel is there no more.", "A pretend exchange.", "It is not there yet.",
        "The value is not one of: 0 | 9.", "It is guessed who: it is guessed.", "It cannot be “x”; expected {such}.",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "key", "english", "french"), WRONG)
def test_a_wrong_sentence_is_caught(rule: str, key: str, english: str, french: str) -> None:
    assert RULES[rule](Sentence("", key, english, french))


RIGHT = [
    (
        "error.x",
        "There is no hub: start one; really?",
        "Il n’y a pas de hub\u00a0: démarrez-en un\u00a0; vraiment\u00a0?",
    ),
    ("error.x", "“{a}” is no longer at http://a:80/x.", "«\u00a0{a}\u00a0» n’est plus à http://a:80/x."),
    ("hint.x", "See: {command} --help", "Voir\u00a0: {command} --help"),
    ("setting.x", "Such as `a ; b:c`.", "Comme `a ; b:c`."),
    ("cause.x", "no answer", "pas de réponse"),
    (
        "error.x",
        "Set hub.url, tls.* or manager.conf to {x}.",
        "Indiquez hub.url, tls.* ou manager.conf : {x}.",
    ),
    ("error.x", "The desk keeps its calls.", "Le poste garde ses appels, au central de gestion près."),
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("key", "english", "french"), RIGHT)
def test_a_right_sentence_is_left_alone(rule: str, key: str, english: str, french: str) -> None:
    assert not RULES[rule](Sentence("", key, english, french))


ENGLISH = re.compile(
    r"\busage:|show this|positional|default:|\b(?:NUMBER|VALUE|FILE|TO|NAME|DIGITS|EXTENSION|CALLS?|SLOT|ADDRESS|DESKS|HOST)\b"
    r"|\[(?:call|to|slot|file|value|name|number|extension)\]"
)


@pytest.mark.parametrize("command", [*COMMANDS, *(f"settings {action}" for action in SETTINGS_ACTIONS)])
def test_the_french_help_is_in_infinitives_and_has_no_english_in_it(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFHOOK_LANGUAGE", "fr")
    words = command.split()
    about = f"cli.{command}.about" if len(words) == 1 else f"cli.{'.'.join(words)}"
    assert re.match(r"\w+(?:er|ir|re)\b", texts.say(about, "fr"))
    with pytest.raises(SystemExit):
        build("fr", words[0]).parse_args([*words, "--help"])
    said = capsys.readouterr().out
    assert said.startswith("utilisation\u00a0: offhook")
    assert not re.search(ENGLISH, said.partition("exemples")[0])


# --- what some messages must say ------------------------------------------------------------------


def both(code: str, interface: str = "", **params: str | int) -> str:
    """Return an error and its hint in both languages."""
    kind = (
        errors.CODES[code]
        if not interface
        else catalogue.about(interface).codes.get(code) or errors.CODES[code]
    )
    error: OffhookError = kind(code, interface=interface, **params)
    return " ".join(part for one in texts.LANGUAGES for part in (error.text(one), error.hint_text(one)))


SAID = [
    # an error, what is told of it, what must be there, what may not
    ("phone_control_off", "asterisk", {"command": "Hold"}, ("only the telephone itself", "asterisk.phone_control yes", "seul le téléphone"), "knows no"),
    ("call_ambiguous", "", {"command": "HangUp", "calls": "1 held external Alsace\n2 connected internal Hugo", "first": "1"},
     ("1  on hold  outside  Alsace", "2  connected  internal  Hugo", "number of the call behind it: 1", "raccrocher"), "in a state for"),
    ("no_consultation", "", {}, ("no consultation to connect", "Aucune consultation"), "in a state for"),
    ("resume_first", "", {"command": "Consult", "state": "held"}, ("Take the call back first", "Reprenez d’abord l’appel"), "quand l’appel aura avancé"),
    ("nobody_named", "", {"name": "hugo"}, ("“hugo” to transfer", "The call is still with you", "L’appel est toujours avec vous"), "composé"),
    ("number_post_dial", "", {"number": "0388,,12#"}, ("keypad", "au clavier"), "simulator"),
    ("hub_running", "", {"path": "/x"}, ("running already", "offhook hub page", "fonctionne déjà"), "Use the one that runs"),
    ("interface_broken", "", {"name": "bell", "why": "it asks for bell.address"}, ("bell", "ask", "ne peut pas servir"), "KeyError"),
    ("directory_headings", "", {"path": "outlook.csv", "headings": "Titre\nPrénom"},
     ("outlook.csv: no telephone column among “Titre”, “Prénom”", "known: téléphone, portable", "aucune colonne de téléphone"), "(headings)"),
    ("name_unknown", "asterisk", {"name": "pbx"}, ("The name pbx is not known to the network (DNS)", "Here: asterisk.address", "inconnu du réseau"), "manager.conf"),
    ("setting_missing", "", {"name": "asterisk.user"}, ("asterisk.user is not set.", "n’est pas renseigné"), "account ."),
    ("switch_unreachable", "", {"address": "pbx:5038", "why": "ECONNREFUSED"}, ("connection refused", "connexion refusée"), "Connection"),
    ("file_missing", "", {"path": "nothere.txt"}, ("There is no file nothere.txt.", "Il n’y a pas de fichier nothere.txt."), "No such file"),
    ("setting_unreadable", "", {"name": "outside_prefix", "where": "outside_prefix", "wanted": "prefix", "value": "zero"},
     ("“zero” is not a prefix: digits only, such as 0 or 9.", "des chiffres seulement"), "one of"),
    ("setting_unreadable", "", {"name": "web.timeout_s", "where": "web.timeout_s", "wanted": "seconds", "value": "abc"},
     ("number of seconds, such as 15 or 0.5", "nombre de secondes"), "one of"),
    ("not_by_interface", "", {"by": "asterisk", "command": "Hold"}, ("does not support holding", "de mettre en attente"), "knows no"),
    ("store_unreadable", "", {"path": "x", "why": "EIO"}, ("is not a hub database",), "is no hub"),
    ("switch_no_channel", "", {}, ("The channel no longer exists",), "no more"),
    ("plan_no_outside", "", {"setting": "asterisk.trunks"}, ("so every unknown device counts as one",), "It is not said"),
    ("ami_read", "asterisk", {"user": "offhook"}, ("receives no call events",), "hears"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "interface", "params", "there", "gone"), SAID, ids=[row[0] for row in SAID])
def test_an_error_says_what_to_do(
    code: str, interface: str, params: dict[str, str], there: tuple[str, ...], gone: str
) -> None:
    said = both(code, interface, **params)
    assert not [each for each in there if each not in said], said
    assert gone not in said


RUN = [
    # the command, what it says in English, in French, and what neither may say
    (("settings", "set", "outside_prefix", "zero"), "“zero” is not a prefix: digits only", "n’est pas un préfixe", "one of"),
    (("settings", "set", "web.timeout_s", "abc"), "a number of seconds, such as 15 or 0.5", "un nombre de secondes", "1 | 0.5"),
    (("settings", "set", "outside_prefix"), "The value is missing: offhook settings set outside_prefix 0", "Il manque la valeur\u00a0: offhook settings set outside_prefix 0", "VALUE"),
    (("settings", "set", "guard.countries", "France"), "“France” is not a country code; write FR.", "écrivez FR", "one of"),
    (("check", "nothere.txt"), "There is no file nothere.txt.", "Il n’y a pas de fichier nothere.txt.", "No such file"),
    (("check", "indented.txt"), "remove the blanks before <URL>", "retirez les espaces devant <URL>", "did you mean <url>"),
    (("check", "timeout.txt"), "<timeout3> must be a number of seconds, such as 1 or 0.5", "doit être un nombre de secondes", "expected"),
    (("directory", "check", "outlook.csv"), "no telephone column among “Titre”, “Prénom”", "aucune colonne de téléphone parmi", "(headings)"),
    (("settings", "set", "interface", "callto"), "offhook settings set use_user_settings yes", "Enregistré, mais sans effet", "qui compte"),
    (("settings", "lock", "web.*"), "web.* is locked on this computer now", "est maintenant verrouillé", "sets no value"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "english", "french", "gone"), RUN, ids=[" ".join(row[0]) for row in RUN])
def test_a_command_says_it_so(
    words: tuple[str, ...], english: str, french: str, gone: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for language, there in (("en", english), ("fr", french)):
        home = tmp_path / language
        home.mkdir()
        (home / "indented.txt").write_text("<cliktocalldial>\n  <URL>http://a.example/?n=$teldest$\n")
        (home / "timeout.txt").write_text(
            "<cliktocalldial>\n<timeout3>abc\n<url>http://a.example/?n=$teldest$\n"
        )
        (home / "outlook.csv").write_text("Titre;Prénom\nM.;Hugo\n", "utf-8")
        (home / "machine.toml").write_text('interface = "web"\n')
        monkeypatch.chdir(home)
        monkeypatch.setenv("OFFHOOK_HOME", str(home))
        monkeypatch.setenv("OFFHOOK_LANGUAGE", language)
        main(words)
        out, err = capsys.readouterr()
        assert there in out + err
        assert gone not in out + err


UNUSABLE = "~ nothing takes this ~"


@pytest.mark.parametrize("name", sorted(name for name, known in everything().items() if not known.choices))
def test_an_example_is_never_put_as_a_choice(name: str) -> None:
    try:
        spelled(everything()[name], UNUSABLE, name)
    except errors.SettingsError as error:
        assert "one of" not in error.text("en")
        assert "parmi" not in error.text("fr")


def test_the_french_pages_of_the_manual_are_written_like_the_sentences() -> None:
    for path in sorted((Path(offhook.__file__).parents[2] / "docs").glob("*.fr.md")):
        fenced = re.sub(r"```.*?```|`[^`]*`", "`x`", path.read_text("utf-8"), flags=re.DOTALL)
        lines = [re.sub(r"\]\([^)]*\)|^\|[ :|-]+$", "", line) for line in fenced.splitlines()]
        for line in lines:
            each = Sentence("", "page", "", line)
            assert not re.findall(r"(?<!\u00a0)[;?!»](?! ?`)|(?<!\u00a0):(?=\s|$)|«(?!\u00a0)|'", line), (
                path.name,
                line,
            )
            assert not kept_words(each), (path.name, line)
