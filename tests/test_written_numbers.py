"""Numbers as people and servers write them, row by row, and every valid number of every country in many forms.

The rows are in ``data/numbers``; the README there says where they come from. What a dialled number means is judged
here by ``phonenumbers`` alone, not by our own reading.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat

from hubs import offhook
from offhook.dialling import DialRules
from offhook.directory.cells import numbers_in
from offhook.errors import Refused
from offhook.numbers import Number, party, read, read_all
from vendor import vendor

DATA = Path(__file__).parent / "data" / "numbers"
RULES = DialRules("FR")
LONG = os.environ.get("OFFHOOK_TESTS") == "long"
ONE_IN = 1 if LONG else 23


def rows(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text("utf-8").splitlines()[1:]]


def made_of(text: str, rules: DialRules = RULES) -> str:
    """Say what is made of a text: the digits dialled, what follows them, or the code of the refusal."""
    try:
        found = rules.read(text)
        digits = rules.of(found.digits)
    except Refused as error:
        assert error.hint, "a refusal says what to do"
        assert error.hint_text("fr")
        return error.code
    return " ".join(
        filter(
            None, (digits, found.post_dial and f"then={found.post_dial}", found.ext and f"ext={found.ext}")
        )
    )


WRITTEN = rows("written.tsv")


@pytest.mark.parametrize(
    ("text", "wanted", "made"), [row[1:2] + row[3:] for row in WRITTEN], ids=[row[0] for row in WRITTEN]
)
def test_a_written_form_is_read_right_or_refused_in_words(text: str, wanted: str, made: str) -> None:
    found = made_of(json.loads(text))
    assert found == made
    allowed = wanted.split()
    assert found.split()[0] in allowed or (found.startswith("number_") and "refused" in allowed)


BESIDES = [
    # two numbers in one text
    ("03 88 20 20 20 et 06 39 98 12 34", "number_several"), ("03 88 20 20 20\n06 39 98 12 34", "number_several"),
    ("15 ou 18", "number_several"), ("17 / 18", "number_several"), ("15 112", "number_several"), ("4012 / 4013", "number_several"),
    ("4012/4013", "number_several"), ("112,5", "number_several"), ("15p2", "number_several"), ("388202020 / 388202021", "number_several"),
    ("Tél : 03 88 20 20 20 - Fax : 03 88 20 20 21", "number_several"), ("Tél 03 88 20 20 20 Fax 03 88 20 20 21", "number_several"),
    ("03 88 20 20 20 / 21 / 22", "number_several"), ("03 88 20 20 20 - 22", "number_several"), ("+49 30 901820 / +49 30 901821", "number_several"),
    ("514 369 2222 ou 514 369 2223", "number_several"), ("03 88 20 20 20, 06 39 98 12 34, 07 12 34 56 78", "number_several"),
    # labels, extensions, pauses
    ("☎ 03 88 20 20 20", "0388202020"), ("📞\u00a003.88.20.20.20", "0388202020"), ("Tel portable 06 39 98 12 34", "0639981234"),
    ("N° de téléphone : (03) 88 20 20 20", "0388202020"), ("TÉLÉPHONE (bureau) : +33 (0)3 88 20 20 20", "+33388202020"),
    ("Ligne directe : 03 88 20 20 20 p. 12", "0388202020 ext=12"), ("03 88 20 20 20 (poste 12)", "0388202020 ext=12"),
    ("03 88 20 20 20 Durchwahl 12", "0388202020 ext=12"), ("poste 1024", "1024"), ("03 88 20 20 20 p 12", "0388202020 then=12"),
    ("1024,5", "1024 then=5"), ("tel:+33388202020;postd=pp22", "+33388202020 then=22"), ("Jean 03 88 20 20 20", "number_unreadable"),
    ("123456789,5", "number_pause"), ("3 rue du 12", "number_unreadable"), ("03 88 20 20 20 x12 x13", "number_unreadable"),
    # a 0 too many, or not
    ("33 (0)3 88 20 20 20", "33388202020"), ("+33 0 3 88 20 20 20", "+33388202020"), ("0033 03 88 20 20 20", "0033388202020"),
    ("+33 (0) 1 23", "number_zero"), ("+39 (0)335 1234567", "+393351234567"), ("+39 335 1234567", "+393351234567"), ("+39 06 698 12345", "+390669812345"),
    ("+1 (0) 514 369 2222", "+15143692222"), ("+00 33 388 202020", "+33388202020"), ("+0388202020", "number_unreadable"),
    # figures, lengths, places
    ("33 388 202 020,00", "number_figure"), ("0388202020,0", "number_figure"), ("3E10", "number_figure"), ("1.5", "number_figure"),
    ("1234567890123456", "number_too_long"), ("+331234567890123456", "number_too_long"), ("*21*0388202020*11*20#", "*21*0388202020*11*20#"),
    ("sip:10.0.0.1", "number_unreadable"), ("sip:1024:secret@10.0.0.1", "1024"), ("tel:027524000;phone-context=+32", "+3227524000"),
    ("tel:388202020;phone-context=+33", "+33388202020"), ("tel:1024;phone-context=pbx.example", "1024"), ("x\u200b" * 400, "number_unreadable"),
    ("03\u180e 88\ufe0f 20\u2066 20\u00ad 20\ufeff", "0388202020"), ("०३८८२०२०२०", "0388202020"), ("０３－８８２０２０２０", "0388202020"), ("03 88 20 20 20²", "number_unreadable"),
    ("0388202020\r\nX: 1", "number_unreadable"), ("tel:%0d%0a15", "number_unreadable"),
]  # fmt: skip


ELSEWHERE = [
    # country, text, what is made of it
    ("BE", "116 117", "116117"),
    ("BE", "116 / 117", "number_several"),
    ("US", "5123 4567", "51234567"),
    ("US", "911 / 988", "number_several"),
    ("DE", "+49 30 123456-12", "+493012345612"),
    ("DE", "030 / 123456", "030123456"),
    ("DE", "030 / 12345 - 0", "030123450"),
    ("CH", "+41 (0)22 546 54 44", "+41225465444"),
    ("IT", "02 94753047", "0294753047"),
    ("CI", "+225 (0)7 07 12 34 56", "+2250707123456"),
    ("LU", "27 12 34-1", "2712341"),
]


@pytest.mark.parametrize(("country", "text", "made"), ELSEWHERE)
def test_forms_in_other_countries(country: str, text: str, made: str) -> None:
    assert made_of(text, DialRules(country)) == made


@pytest.mark.parametrize(("text", "made"), BESIDES)
def test_other_forms_of_each_kind(text: str, made: str) -> None:
    assert made_of(text) == made


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("03 88 20 20 20 / 06 39 98 12 34", "03 88 20 20 20 | 06 39 98 12 34"),
        ("03 88 20 20 20/21", "03 88 20 20 20 | 03 88 20 20 21"),
        ("03 88 20 20 20 à 24", "03 88 20 20 20 | 03 88 20 20 24"),
        ("+33388202020/21/22", "+33388202020 | +33388202021 | +33388202022"),
        ("Tél : 03 88 20 20 20 Fax : 03 88 20 20 21", "03 88 20 20 20 | 03 88 20 20 21"),
        ("15,112", "15 | 112"),
        ("112,5", "112 | 5"),
        ("4012/4013", "4012 | 4013"),
    ],
)
def test_several_numbers_are_each_named_as_they_can_be_dialled(text: str, named: str) -> None:
    with pytest.raises(Refused) as caught:
        RULES.dialled(text)
    assert caught.value.params["numbers"] == named
    for each in named.split(" | "):
        assert RULES.dialled(each)
    for language in ("en", "fr"):
        assert named in caught.value.text(language)
        assert f'offhook dial "{named.split(" | ")[0]}"' in caught.value.hint_text(language)
    assert [each.digits for each in read_all(text, "FR")] == [
        RULES.read(each).digits for each in named.split(" | ")
    ]


def test_a_field_with_one_number_or_none_has_one_or_none() -> None:
    assert read_all("Tél. 03 88 20 20 20 poste 12", "FR") == [Number("0388202020", ext="12")]
    assert read_all("liste rouge", "FR") == read_all("3,3388E+10", "FR") == []


TYPED = [
    # typed, country, prefix, international_prefix, dialled
    ("9,0388202020", "FR", "9", "", "90388202020"), ("9 03 88 20 20 20", "FR", "9", "", "90388202020"), ("0 +33 3 88 20 20 20", "FR", "0", "", "00033388202020"),
    ("0,0388202020,,12", "FR", "0", "", "00388202020"), ("0 03 88 20 20 20 / 0 06 39 98 12 34", "FR", "0", "", "number_several"),
    ("0 0262 30 03 00", "FR", "0", "", "00262300300"), ("+1 514 369 2222", "FR", "0", "", "00015143692222"), ("+33 3 88 20 20 20", "US", "9", "", "901133388202020"),
    ("+33 3 88 20 20 20", "RU", "9", "", "981033388202020"), ("+33 3 88 20 20 20", "JP", "0", "", "001033388202020"), ("+33 3 88 20 20 20", "AU", "0", "", "0001133388202020"),
    ("+33 3 88 20 20 20", "BR", "0", "", "number_abroad"), ("+33 3 88 20 20 20", "BR", "0", "0021", "0002133388202020"), ("+33 3 88 20 20 20", "BR", "", "", "+33388202020"),
    ("+33 3 88 20 20 20", "SG", "9", "001", "900133388202020"), ("00 33 3 88 20 20 20", "FR", "0", "", "00033388202020"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "country", "prefix", "abroad", "dialled"), TYPED)
def test_the_prefixes_as_typed_and_as_set(
    typed: str, country: str, prefix: str, abroad: str, dialled: str
) -> None:
    rules = DialRules(country, prefix=prefix, international_prefix=abroad)
    assert made_of(typed, rules).partition(" ")[0] == dialled


FORMED = [
    # typed, form, prefix, dialled
    ("06 39 98 12 34", "e164", "0", "+33639981234"), ("0262 30 03 00", "e164", "0", "+262262300300"), ("0269 60 12 34", "e164", "", "+262269601234"),
    ("0596 59 00 00", "e164", "", "+596596590000"), ("0590 12 34 56", "e164", "", "+590590123456"), ("0694 20 12 34", "e164", "", "+594694201234"),
    ("+262 262 30 03 00", "national", "0", "00262300300"), ("+33 3 88 20 20 20", "national", "0", "00388202020"), ("+49 30 123456", "national", "0", "0004930123456"),
    ("388202020", "e164", "0", "+33388202020"), ("33388202020", "e164", "0", "+33388202020"), ("118218", "e164", "0", "0118218"), ("08388202020", "e164", "0", "008388202020"),
    ("+33 3 88 20 20 20", "international_00", "0", "00033388202020"), ("1024", "e164", "0", "1024"), ("15", "e164", "0", "15"),
]  # fmt: skip


def test_a_department_dials_the_metropolis_as_abroad_in_the_national_form() -> None:
    rules = DialRules("RE", form="national")
    assert rules.dialled("+33 3 88 20 20 20") == "0033388202020"
    assert rules.dialled("+262 262 30 03 00") == "0262300300"


@pytest.mark.parametrize(("typed", "form", "prefix", "dialled"), FORMED)
def test_the_forms_of_a_number(typed: str, form: str, prefix: str, dialled: str) -> None:
    assert DialRules("FR", form=form, prefix=prefix).dialled(typed) == dialled


# --- every country --------------------------------------------------------------------------------

WIDE = str.maketrans("0123456789+", "０１２３４５６７８９＋")
OVERSEAS = ("RE", "YT", "GP", "GF", "MQ")


def examples() -> Iterator[tuple[str, PhoneNumber]]:
    """Every kind of number of every country that ``phonenumbers`` has an example of; one in so many of them."""
    found = (
        (region, number)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in range(11)
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
        and phonenumbers.is_valid_number(number)
    )
    return (each for index, each in enumerate(found) if index % ONE_IN == 0)


def written(number: PhoneNumber) -> list[str]:
    """Ten ways to write an international number."""
    standard = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    code = str(number.country_code)
    return [
        standard, spaced, phonenumbers.format_number(number, PhoneNumberFormat.RFC3966), spaced.replace(" ", "."),
        spaced.replace(" ", "-"), spaced.replace(" ", "\u00a0"), f"(+{code}) {spaced[len(code) + 2 :]}", f"00 {spaced[1:]}",
        f"Tél. : {spaced}", spaced.translate(WIDE),
    ]  # fmt: skip


def reached(dialled: str, country: str, prefix: str, abroad: str) -> str:
    """Return the number that is reached by what is dialled, in E.164."""
    number = dialled
    if not number.startswith("+"):
        assert number.startswith(prefix)
        number = number[len(prefix) :]
        for lead in filter(None, ("00", abroad)):
            if number.startswith(lead) and phonenumbers.is_valid_number(
                parsed := _parsed(f"+{number[len(lead) :]}", None)
            ):
                return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    regions = [country]
    if country == "FR":
        regions = [{"0269": "YT", "0596": "MQ"}.get(number[:4], "FR"), "FR", *OVERSEAS]
    for region in regions:
        if phonenumbers.is_valid_number(parsed := _parsed(number, region)):
            return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return f"nobody by {dialled}"


def _parsed(text: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return PhoneNumber()


@pytest.mark.parametrize("form", ["as_typed", "national", "e164", "international_00"])
@pytest.mark.parametrize("prefix", ["", "0", "9"])
def test_every_number_of_every_country_is_the_one_dialled(form: str, prefix: str) -> None:
    """At home and abroad, however it is written; refused is only what a country has several ways to dial."""
    wrong = []
    for region, number in examples():
        standard = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        at_home = [home, home.replace(" ", "."), "".join(filter(str.isdigit, home))]
        others = ("FR", "US", "JP", "BR", "GB") if LONG else ("FR", "US")
        for country in (region, *(each for each in others if each != region)):
            rules = DialRules(country, form=form, prefix=prefix, internal=("1xxx",))
            abroad = {"US": "011", "JP": "010"}.get(country, _abroad(country))
            for text in written(number) + (at_home if country == region else []):
                try:
                    found = reached(rules.dialled(text), country, prefix, abroad)
                except Refused as error:
                    if error.code == "number_abroad" and not abroad:
                        continue
                    found = error.code
                if found != standard:
                    wrong.append((country, text, found, standard))
    assert not wrong


def _abroad(country: str) -> str:
    """Return what is dialled there for ``+``, where there is one way."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    assert plan is not None
    preferred, only = plan.preferred_international_prefix, plan.international_prefix or ""
    return preferred.replace("~", "") if preferred else only if only.isdigit() else ""


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [".0", ",0", ".00", ",000000"])
@pytest.mark.parametrize(
    "number", ["1", "15", "112", "118", "300", "1024", "11800", "0388202020", "33388202020"]
)
def test_a_number_with_zeros_behind_a_point_is_a_figure(number: str, zeros: str) -> None:
    text = number + zeros
    assert made_of(text) == "number_figure"
    assert read_all(text, "FR") == []
    assert numbers_in(text, "FR").unread == [(text, "figure")]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("03.88.20.20.00", "0388202000"),
        ("0388.20.20.00", "0388202000"),
        ("2.5.0", "250"),
        ("116.000", "116000"),
        ("118.000", "118000"),
        ("112.000", "number_figure"),
        ("118 000", "118000"),
    ],
)
def test_points_between_groups_make_no_figure(text: str, made: str) -> None:
    assert made_of(text) == made


# --- a short number in front -----------------------------------------------------------------------

WHOLE = ["0388202020", "03 88 20 20 20", "03.88.20.20.20", "06-39-98-12-34", "(03) 88 20 20 20"]
IN_FRONT = ["1. {}", "1) {}", "(1) {}", "1 - {}", "2 – {}", "Bureau 3 {}", "12 {}", "4012 {}", "1/{}", "12 / {}"]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "0", "9"])
@pytest.mark.parametrize("front", IN_FRONT)
def test_a_short_number_in_front_is_not_joined_to_a_whole_one(front: str, prefix: str) -> None:
    rules = DialRules("FR", prefix=prefix)
    for number in WHOLE:
        text = front.format(number)
        with pytest.raises(Refused) as caught:
            rules.dialled(text)
        assert caught.value.code == "number_several", text
        assert rules.dialled(str(caught.value.params["first"])) == rules.dialled(number)
        assert not party(text, "FR").number


@pytest.mark.parametrize("prefix", ["", "0", "9"])
@pytest.mark.parametrize("front", ["poste 12 - {}", "p. 12 {}", "ext. 12 {}", "Interne 12 : {}", "Durchwahl 12 / {}"])  # fmt: skip
def test_an_extension_may_stand_in_front(front: str, prefix: str) -> None:
    rules = DialRules("FR", prefix=prefix)
    for number in WHOLE:
        text = front.format(number)
        found = rules.read(text)
        assert (rules.of(found.digits), found.ext) == (rules.dialled(number), "12")
        assert party(text, "FR").number == party(number, "FR").number


@pytest.mark.parametrize(
    ("text", "prefix", "made"),
    [
        ("1. 17", "", "number_several"),
        ("1 - 17", "", "number_several"),
        ("poste 1024", "", "1024"),
        ("0 03 88 20 20 20", "0", "00388202020"),
        ("9.0388202020", "9", "90388202020"),
        ("p. 9 0388202020", "9", "90388202020"),
        ("p. 06 39 98 12 34", "", "0639981234"),
        ("10 24", "", "1024"),
    ],
)
def test_what_is_in_front_may_belong_to_the_number(text: str, prefix: str, made: str) -> None:
    assert made_of(text, DialRules("FR", prefix=prefix)) == made


def test_a_prefix_that_the_switch_writes_apart_is_taken_off() -> None:
    assert party("0 0388202020", "FR", strip=("9", "0")).number == "+33388202020"
    assert party("9 0388202020", "FR", strip=("0", "9")).number == "+33388202020"
    assert party("0388202020", "FR", strip=("9", "0")).number == "+33388202020"


# --- incoming -------------------------------------------------------------------------------------

INCOMING = [(json.loads(raw), wanted, source) for raw, wanted, source in rows("incoming.tsv")]


def said(number: str, kind: str) -> str:
    """Say who calls, in the words of the table."""
    return {"internal": f"{number} internal", "hidden": "hidden", "unreadable": "unreadable"}.get(
        kind, number
    )


@pytest.mark.parametrize(("raw", "wanted", "source"), INCOMING)
def test_who_calls(raw: object, wanted: str, source: str) -> None:
    found = party(raw, "FR")
    assert said(found.number, found.kind) == wanted
    if wanted == "hidden":
        assert not found.number
        assert not any(digit in found.raw for digit in "123456789"), "what is hidden is not kept"


def reply_body(kind: str, raw: object) -> str:
    """Return a server's reply that such a number rings."""
    if kind == "json":
        return json.dumps({"event": "RING", "tel": raw})
    return f"<r><event>RING</event><tel>{raw}</tel></r>" if kind == "xml" else f"event=RING\ntel={raw}"


@pytest.mark.parametrize("kind", ["json", "xml", "text"])
async def test_who_calls_over_the_web_interface(tmp_path: Path, kind: str) -> None:
    """The same through the poll of a vendor's server: each number rings once, and is told right."""
    from test_web_events import file, heard, one_after_the_other

    table = [(raw, wanted) for raw, wanted, _source in INCOMING if isinstance(raw, str) or kind == "json"]
    if kind != "json":
        table = [
            (raw, wanted) for raw, wanted in table if not set(raw) & set('<>&"=;\n\u202a') and raw.strip()
        ]
    mime = {"json": "application/json", "xml": "text/xml", "text": "text/plain"}[kind]
    bodies = [
        body for raw, _wanted in table for body in (reply_body(kind, raw), reply_body(kind, "0199009988"))
    ]
    with vendor(one_after_the_other([each.encode() for each in bodies], f"{mime}; charset=utf-8")) as server:
        path = file(
            tmp_path,
            server.port,
            f"<type_return>{kind}\n<json_tel>tel\n<json_event>event",
        )
        lines = await heard(path, 4 * len(table) - 1, events="queue")  # each ends the one before
    assert [line for line in lines if line != "hangup unknown"] == [
        f"ring {each}"
        for _raw, wanted in table
        for each in (wanted.removesuffix(" internal"), "+33199009988")
    ]


def test_without_a_country_only_the_shape_is_judged() -> None:
    """A desk whose hub knows the country leaves to it what only a country can tell."""
    assert read("9,0388202020") == Number("90388202020")
    assert read("0 +33 3 88 20 20 20") == Number("+33388202020")
    assert read("0388202020,12") == Number("0388202020", post_dial="12")
    assert read("03 88 20 20 20 / 06 39 98 12 34").digits == "03882020200639981234"
    assert read("+33 (0)3 88 20 20 20").digits == "+33388202020"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "language", "printed", "exit_code"),
    [
        ("03 88 20 20 20 / 06 39 98 12 34", "en", 'several numbers: 03 88 20 20 20 | 06 39 98 12 34. → Dial one of them: offhook dial "03 88 20 20 20"', 5),
        ("03 88 20 20 20/21", "fr", "plusieurs numéros : 03 88 20 20 20 | 03 88 20 20 21.", 5),
        ("3,3388E+10", "en", "a spreadsheet", 5),
        ("Tél : 03 88 20 20 20", "en", "callto:0388202020", 0),
        ("+33 03 88 20 20 20", "en", "callto:+33388202020", 0),
        ("+39 (0)2 94753 047", "en", "callto:+390294753047", 0),
    ],
)  # fmt: skip
def test_the_command_line_says_the_same(
    tmp_path: Path, typed: str, language: str, printed: str, exit_code: int
) -> None:
    (tmp_path / "settings.toml").write_text('interface = "callto"\n')
    done = offhook(tmp_path, "dial", typed, "--dry-run", OFFHOOK_LANGUAGE=language)
    said = " ".join((done.stdout + done.stderr).replace("\u00a0", " ").split())
    assert printed in said
    assert done.returncode == exit_code


@pytest.mark.slow
def test_the_command_line_says_that_an_extension_is_not_dialled(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        'interface = "callto"\n[callto]\ncommand = "/bin/true $teldest$"\n'
    )
    done = offhook(tmp_path, "dial", "03 88 20 20 20 poste 12")
    assert done.returncode == 0, done.stderr
    assert "Extension 12 is not dialled" in done.stdout


@pytest.mark.parametrize(("blanks", "read_it"), [(0, True), (290, True), (291, False), (10_000, False)])
def test_a_text_of_300_characters_is_read_and_no_longer_one(blanks: int, read_it: bool) -> None:
    text = "03882" + " " * blanks + "02020"
    if read_it:
        assert read(text, "FR").digits == "0388202020"
    else:
        with pytest.raises(Refused):
            read(text, "FR")
