"""Files of contacts: real exports, what their cells hold, what no row may stop, and what is told of it."""

import contextlib
import csv
import io
import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubs import OFFHOOK, environment
from offhook import texts
from offhook.cli import main
from offhook.directory.cells import hints_in, numbers_in
from offhook.directory.files import LONGEST_LINE, MOST_NUMBERS, Export, Told, fill, read_csv
from offhook.directory.headings import Column, meanings
from offhook.directory.index import Index
from offhook.directory.match import key
from offhook.errors import SettingsError
from offhook.model import LONGEST_WORD, Contact, Party, PartyKind
from offhook.numbers import party
from runs import examples

EXPORTS = Path(__file__).parent / "data" / "directory"


def shown(contact: Contact, country: str = "FR") -> str:
    """Return a contact as the tables have it: record, name, company, city, numbers, hints."""
    numbers, hints = (
        " ".join(key(each, country) for each in them) for them in (contact.numbers, contact.hints)
    )
    who = f"{contact.record.id} | {contact.name} | {contact.company} | {contact.city}"
    return f"{who} | {numbers} | {hints}".strip(" |")


# --- exports --------------------------------------------------------------------------------------

TABLE: list[tuple[str, str, str, str, list[str]]] = [
    ("divalto.csv", "FR", "UTF-8", ";", [
        "C001 | M. EXEMPLE | EXEMPLE SARL | LYON | +33465710001",
        "C001 | Mme DEMO | EXEMPLE SARL | LYON | +33465710003",
    ]),
    ("dolibarr_contacts.csv", "FR", "UTF-8", ",", [
        "12 | Sophie Heitz | Alsace Ferronnerie SAS | Strasbourg | +33353012020 +33639980101 +33353012000",
        "13 | Hugo Klein | Alsace Ferronnerie SAS | Strasbourg | +33353012000",
    ]),
    ("dolibarr_tiers.csv", "FR", "UTF-8", ";", [
        "7 | Alsace Ferronnerie SAS |  | Strasbourg | +33353012000 | +33353012040",
    ]),
    ("ebp.csv", "FR", "Windows-1252", ";", [
        "CL00012 | Noël Petit | Moulins Réunis | Metz | +33353014000 +33639984001",
        "CL00013 |  | Éclats du Doubs | Besançon | +33353014100 +33639984101 | +33639984102",
    ]),
    ("excel.csv", "FR", "UTF-8 (BOM)", ";", [
        "3 |  | Zéro perdu |  | +33353014040 +33639984040",
        "4 |  | Plus perdu |  | +33353014141",
        "5 |  | Figure",
        "6 |  | Formule |  | +33353014242",
        "7 |  | Apostrophe |  | +33353014343",
        "8 |  | Décimale",
        "9 |  | Vide",
    ]),
    ("google_new.csv", "FR", "UTF-8", ",", [
        "2 | Julien Thiriet | Charpentes Vosgiennes | Épinal | +33353011120 +33639980104",
        "4 |  |  |  | +33639980177",
    ]),
    ("google_old.csv", "FR", "UTF-16", ",", [
        "2 | Marc Oberlé | Brasserie du Ried | Sélestat | +33639980102",
        "3 | Bernard Giraud |  |  | +33465711230",
    ]),
    ("odoo_14.csv", "FR", "UTF-8", ",", [
        "__export__.res_partner_41_9f1c | Delmas Primeurs |  | Toulouse | +33536491300",
        "__export__.res_partner_42_aa07 | Patricia Delmas | Delmas Primeurs | Toulouse | +33536491301 +33639980106",
    ]),
    ("odoo_19.csv", "FR", "UTF-8", ",", [
        "__export__.res_partner_41_9f1c | Delmas Primeurs |  | Toulouse | +33536491300",
        "__export__.res_partner_42_aa07 | Patricia Delmas | Delmas Primeurs | Toulouse | +33536491301 +33639980106",
    ]),
    ("outlook_de.csv", "DE", "Windows-1252", ",", [
        "2 | Jürgen Groß | Müller & Söhne GmbH | Köln | +493023125014 +4930231250 +491713920012",
        "3 | Zoë Weiß |  | Bonn | +493023125200 +491713920013",
    ]),
    ("outlook_en.csv", "FR", "UTF-8", ",", [
        "2 | Nora Quill | Thames Rowing Ltd | London | +442079460020 +442079460018 +447700900123",
        "3 |  | Harbour Café |  | +441632960111",
    ]),
    ("outlook_fr.csv", "FR", "Windows-1252", ",", [
        "2 | Hélène Roussel | Cabinet Roussel & Associés | Paris | +33199001000 +33639980103 | +33199001050",
        "5 | Éric Le Goff | Clim'Ouest | Rennes | +33261912000 +33261912000 +33261912001 +33261912077",
    ]),
    ("sage100.txt", "FR", "Windows-1252", "\t", ["411CARAT | Mme Dubois | Carat S.à.r.l. | Strasbourg | +33353011111"]),
    ("sage100_champs.csv", "FR", "Windows-1252", ";", ["411CARAT | Mme Dubois | Carat S.à.r.l. | Strasbourg | +33353011111"]),
    ("simple.csv", "FR", "UTF-8", ";", ["2 | Jeanne Exemple |  |  | +33465710001 +33639980001"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "country", "encoding", "separator", "contacts"), TABLE, ids=[row[0] for row in TABLE]
)
def test_an_export_is_read_as_it_is(
    name: str, country: str, encoding: str, separator: str, contacts: list[str]
) -> None:
    with Export(EXPORTS / name, "x", country) as export:
        assert [shown(each, country) for each in export] == contacts
        assert (export.encoding, export.separator) == (encoding, separator)


LISTED = [
    ("C1", "+262262300300 +262692123456"),
    ("C2", "+596596590000"),
    ("C3", "+390294753047"),
    ("C4", "+33388202020 +33639981234"),
    ("C5", "+33388303030"),
    ("C6", "+33388404040"),
    ("C7", "+33388505050"),
    ("C8", "+33388606060"),
]


@pytest.mark.parametrize(("code", "keys"), LISTED)
def test_a_list_as_a_customer_writes_it(code: str, keys: str) -> None:
    with Index(None, "FR") as index:
        fill(index, EXPORTS / "directory_cells.csv")
        (found,) = [each for each in index.search(code) if each.record.id == code]
        assert " ".join(key(each, "FR") for each in found.numbers) == keys
        for number in keys.split():
            assert [each.record.id for each in index.by_party(party(number, "FR"))] == [code]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", list(";,\t|"))
@pytest.mark.parametrize(
    ("end", "quoted"),
    [("\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)],
)
def test_every_export_is_read_in_every_form(
    tmp_path: Path, encoding: str, separator: str, end: str, quoted: int
) -> None:
    for name in ("outlook_fr.csv", "sage100.txt", "google_new.csv"):
        with Export(EXPORTS / name, "x", "FR") as export:
            wanted = [shown(each).partition(" | ")[2] for each in export]
            text = (EXPORTS / name).read_text("utf-8" if export.encoding == "UTF-8" else "cp1252")
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=export.separator))
        written = io.StringIO(newline="")
        csv.writer(written, delimiter=separator, lineterminator=end, quoting=quoted).writerows(rows)  # type: ignore[arg-type]
        (tmp_path / name).write_bytes(written.getvalue().encode(encoding))
        found = [shown(each).partition(" | ")[2] for each in read_csv(tmp_path / name, "x")]
        assert found == wanted, name


# --- headings -------------------------------------------------------------------------------------

HEADINGS = [
    ("Téléphone 2 (bureau)", Column.NUMBER), ("TELEPHONE", Column.NUMBER), ("Tél.", Column.NUMBER), ("N° de tél", Column.NUMBER),
    ("tel_mobile", Column.NUMBER), ("TelFixe", Column.NUMBER), ("Tel1", Column.NUMBER), ("Tél. portable pro", Column.NUMBER),
    ("Numéro d'appel", Column.NUMBER), ("Ligne directe", Column.NUMBER), ("Standard", Column.NUMBER), ("GSM", Column.NUMBER),
    ("Phone 1 - Value", Column.NUMBER), ("Business Phone 2", Column.NUMBER), ("mobilePhone", Column.NUMBER), ("Cell", Column.NUMBER),
    ("telephoneNumber", Column.NUMBER), ("ipPhone", Column.NUMBER), ("otherMobile", Column.NUMBER), ("CT_Telephone", Column.NUMBER),
    ("Mobiltelefon", Column.NUMBER), ("Telefon geschäftlich", Column.NUMBER), ("Handynummer", Column.NUMBER), ("Rufnummer", Column.NUMBER),
    ("Durchwahl", Column.NUMBER), ("N° de poste", Column.NUMBER), ("Poste/Fonction", Column.UNKNOWN), ("Telefonnr.", Column.NUMBER), ("Tél/Fax", Column.NUMBER), ("phone_sanitized", Column.NUMBER),
    ("Fax", Column.FAX), ("Télécopie (bureau)", Column.FAX), ("N° de fax", Column.FAX), ("Business Fax", Column.FAX), ("Telefax", Column.FAX),
    ("Pager", Column.FAX), ("Numéro de téléphone (fax)", Column.FAX), ("Récepteur de radiomessagerie", Column.FAX), ("CT_Telecopie", Column.FAX),
    ("Phone 1 - Label", Column.LABEL), ("Phone 2 - Type", Column.LABEL), ("Téléphone vérifié", Column.UNKNOWN), ("Date dernier appel tél.", Column.UNKNOWN),
    ("Indicatif téléphonique", Column.UNKNOWN), ("Phone Extension", Column.UNKNOWN), ("Phonetic First Name", Column.UNKNOWN), ("Hôtel", Column.UNKNOWN),
    ("Prix fixe", Column.UNKNOWN), ("Mobilité", Column.UNKNOWN), ("Microphone type", Column.LABEL), ("Titre", Column.UNKNOWN), ("", Column.UNKNOWN),
    ("Code client", Column.ID), ("N° client", Column.ID), ("Numéro compte tiers", Column.ID), ("Kunden-Nr.", Column.ID), ("External ID", Column.ID), ("ID", Column.ID),
    ("Raison sociale", Column.COMPANY), ("Company Name", Column.COMPANY), ("Firma", Column.COMPANY), ("Organization 1 - Name", Column.COMPANY), ("Intitulé", Column.COMPANY),
    ("Ville (bureau)", Column.CITY), ("Address 1 - City", Column.CITY), ("Ort geschäftlich", Column.CITY), ("Nom du contact", Column.CONTACT),
    ("Prénom", Column.FIRST), ("Vorname", Column.FIRST), ("Nom de famille", Column.LAST), ("Nachname", Column.LAST),
    ("E-mail 1 - Value", Column.EMAIL), ("Adresse de messagerie", Column.EMAIL), ("Courriel", Column.EMAIL), ("Notizen", Column.NOTE), ("Note (privée)", Column.NOTE),
    ("En sommeil", Column.ASLEEP), ("Privé", Column.ASLEEP), ("Actif", Column.AWAKE),
]  # fmt: skip


@pytest.mark.parametrize(("heading", "meaning"), HEADINGS)
def test_a_heading_is_known_by_its_words(heading: str, meaning: Column) -> None:
    for written in {
        heading,
        heading.upper() if "_" in heading or heading.istitle() else heading,
        f" {heading} :",
    }:
        assert meanings([written, "Téléphone"])[0] is meaning, written


@pytest.mark.parametrize(
    ("headings", "meant"),
    [
        ("Nom;Tél", "contact number"),
        ("Prénom;Nom;Tél", "first last number"),
        ("Nom;Contact;Tél", "company contact number"),
        ("Nom;Nom (contact);Prénom;Tél", "company last first number"),
        ("Name;Given Name;Family Name;Phone", "contact first last number"),
        ("Nom;Numéro", "contact number"),
        ("Numéro;Nom;Tél", "id contact number"),
        ("Client;Tél", "contact number"),
        ("Client;Raison sociale;Tél", " company number"),
        ("Name;Vorname;Telefon", "last first number"),
    ],
)
def test_what_a_heading_leaves_open_is_decided_by_the_others(headings: str, meant: str) -> None:
    assert " ".join(each.name.lower() if each else "" for each in meanings(headings.split(";"))) == meant


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_without_a_telephone_column_the_headings_seen_and_known_are_said(
    tmp_path: Path, language: str
) -> None:
    path = tmp_path / "outlook.csv"
    path.write_text('"Titre","Prénom","Âge"\n"","Jeanne","31"\n', "utf-8")
    with pytest.raises(SettingsError) as caught:
        list(read_csv(path, "x"))
    assert caught.value.code == "directory_headings"
    said = caught.value.text(language)
    seen = {
        "en": "“Titre”, “Prénom”, “Âge”",
        "fr": "«\u00a0Titre\u00a0», «\u00a0Prénom\u00a0», «\u00a0Âge\u00a0»",
    }
    assert seen[language] in said
    known = said.rpartition(":")[2].strip().split(", ")[:-1]
    assert len(known) >= 6
    assert {each: meanings([each]) for each in known} == dict.fromkeys(known, (Column.NUMBER,))


# --- cells ----------------------------------------------------------------------------------------

CELLS: list[tuple[str, str, str, str]] = [  # country, cell, keys, what is told
    ("FR", "03 88 20 20 20", "+33388202020", ""),
    ("FR", "\u206803 88 50 50 50\u2069", "+33388505050", ""),
    ("FR", "０３８８２０２０２０", "+33388202020", ""),
    ("FR", "388202020", "+33388202020", ""),
    ("FR", "33388202020", "+33388202020", ""),
    ("FR", '="0388202020"', "+33388202020", ""),
    ("FR", "'0388202020", "+33388202020", ""),
    ("FR", "tel:+33388202020", "+33388202020", ""),
    ("FR", "sip:0388202020@pbx.example", "+33388202020", ""),
    ("FR", "3,3388E+10", "", "figure"),
    ("FR", "3.3388E+10", "", "figure"),
    ("FR", "33388202020.0", "", "figure"),
    ("FR", "33 388 202 020,00", "", "figure"),
    ("FR", "Tél : 03 88 60 60 60", "+33388606060", ""),
    ("FR", "Tél. bureau 03 88 20 20 20, mobile 06 39 98 12 34", "+33388202020 +33639981234", ""),
    ("FR", "Tél 1 : 03 88 20 20 20", "+33388202020", ""),
    ("FR", "06 39 98 12 34 perso", "+33639981234", ""),
    ("FR", "03 88 20 20 20 (demander Paul)", "+33388202020", "remark"),
    ("FR", "Paul : 06 39 98 12 34", "+33639981234", "remark"),
    ("FR", "03 88 30 30 30 poste 12", "+33388303030", ""),
    ("FR", "03 88 30 30 30, poste 4012", "+33388303030", ""),
    ("FR", "03 88 30 30 30 (p. 12)", "+33388303030", ""),
    ("FR", "03 88 30 30 30 x12", "+33388303030", ""),
    ("FR", "0388303030;ext=12", "+33388303030", ""),
    ("FR", "0388303030,,12#", "+33388303030", ""),
    ("FR", "03 88 20 20 20 / 21", "+33388202020", "rest"),
    ("FR", "03 88 20 20 20 | 1012", "+33388202020", "rest"),
    ("FR", "03/88/20/20/20", "+33388202020", ""),
    ("FR", "06 39 98 12 34 06 39 98 00 01", "+33639981234 +33639980001", ""),
    ("FR", "0388202020 +33639981234", "+33388202020 +33639981234", ""),
    ("FR", "03 88 20 20 20 / 03.88.20.20.20", "+33388202020", ""),
    ("FR", "Fax : 03 88 20 20 21", "", "fax"),
    ("FR", "03 88 20 20 21 (fax)", "", "fax"),
    ("FR", "Tél 03 88 20 20 20 Fax 03 88 20 20 21", "+33388202020", "fax"),
    ("FR", "Tél/Fax 03 88 20 20 20", "+33388202020", ""),
    ("FR", "1001", "1001", ""),
    ("FR", "poste 1012", "1012", ""),
    ("FR", "15", "15", ""),
    ("FR", "1001 / 1002", "1001 1002", ""),
    ("FR", "1001,1002", "1001 1002", ""),
    ("FR", "n/a", "", ""),
    ("FR", "-", "", ""),
    ("FR", "0", "", ""),
    ("FR", "voir fiche siège", "", "no_number"),
    ("FR", "12/05/2023", "", "no_number_of"),
    ("FR", "03 88 20 20", "", "no_number_of"),
    ("FR", "*21#", "", "no_number_of"),
    ("FR", "0800 CALL ME", "", "no_number_of remark"),
    ("DE", "0201/123456", "+49201123456", ""),
    ("DE", "030 / 23125014", "+493023125014", ""),
    ("DE", "030 23125014/15", "+493023125014", "rest"),
    ("DE", "030 23125014 0171 3920012", "+493023125014 +491713920012", ""),
    ("DE", "1001/1002", "1001 1002", ""),
    ("GB", "0121 234 5678 07400 123456", "+441212345678 +447400123456", ""),
    ("US", "(212) 555-0100 / (212) 555-0101", "+12125550100 +12125550101", ""),
    ("GB", "020 7946 0018 / 0019", "+442079460018", "rest"),
]


@pytest.mark.parametrize(("country", "text", "keys", "told"), CELLS)
def test_a_cell_gives_its_numbers_and_says_what_it_does_not(
    country: str, text: str, keys: str, told: str
) -> None:
    cell = numbers_in(text, country)
    assert " ".join(key(each, country) for each in cell.numbers) == keys
    reasons = (
        [why for _text, why in cell.unread] + ["fax"] * bool(cell.faxes) + ["remark"] * bool(cell.remarks)
    )
    assert " ".join(reasons) == told


APART = [
    " / ",
    "/",
    " | ",
    ";",
    " ; ",
    ", ",
    "\n",
    "\r\n",
    " ou ",
    " or ",
    " oder ",
    " & ",
    " - ",
    " ::: ",
    "  ",
    " et Fax ",
    " (bureau) ",
    " mob. ",
]


@pytest.mark.parametrize("country", ["FR", "DE", "GB", "ES", "IT", "CH", "BE", "US"])
@pytest.mark.parametrize("between", APART)
def test_two_numbers_in_a_cell_are_both_found_and_never_joined(country: str, between: str) -> None:
    style = phonenumbers.PhoneNumberFormat
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    found = [phonenumbers.example_number_for_type(country, kind) for kind in kinds]
    for form in (style.NATIONAL, style.INTERNATIONAL, style.E164):
        one, other = (phonenumbers.format_number(each, form) for each in found if each)
        cell = numbers_in(f"{one}{between}{other}", country)
        wanted = [phonenumbers.format_number(each, style.E164) for each in found if each]
        got = [key(each, country) for each in (*cell.numbers, *cell.faxes)]
        assert dict.fromkeys(got) == dict.fromkeys(wanted), (one, other)
        assert not cell.unread


@pytest.mark.parametrize("text", [
    "", " ", "+", "()", "////", "00000", "+0", "9" * 3000, "1/" * 900, "1 " * 900, "03 88 20 20 20 / " * 90, "(" * 500 + "0388202020",
    "\x00\x01", "\ud800", "poste", "x12", ";ext=12", "E+10", "٠٣٨٨٢٠٢٠٢٠", "tel:", "sip:@", "fax", "0388202020" * 30, "a" * 5000,
])  # fmt: skip
def test_no_cell_is_too_strange(text: str) -> None:
    cell = numbers_in(text, "FR")
    assert all(key(each, "FR") for each in cell.numbers)
    if any(each in "123456789" for each in text):
        assert cell.numbers or cell.faxes or cell.unread, "it would vanish in silence"


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("rappeler au 06 39 98 12 34.", "+33639981234"),
        ("Mme Klein 0353012020 ou +49 30 23125014", "+33353012020 +493023125014"),
        ("Commande 24817 du 12/05/2024, SIRET 00000000000000, 1001", ""),
        ("fax 03 53 01 20 29", ""),
    ],
)
def test_numbers_in_free_text_are_hints(text: str, hints: str) -> None:
    assert " ".join(key(each, "FR") for each in hints_in(text, "FR")) == hints


# --- rows -----------------------------------------------------------------------------------------

GOOD = "1;Anna;03 88 20 20 20;Lyon\n"
FAULTS: list[tuple[str, str, str, str]] = [  # what, rows between two good ones, contacts found there, what is told
    ("empty line", "\n\n", "", ""),
    ("row of separators", ";;;\n", "", ""),
    ("repeated code", "1;Bert;03 88 20 20 21;\n", "Bert +33388202021", "3 again warning"),
    ("short row", "2;Bert;03 88 20 20 21\n", "Bert +33388202021", "3 row_short warning"),
    ("very short row", "2;Bert\n", "Bert", "3 row_short warning"),
    ("long row", "2;Bert;03 88 20 20 21;Metz;;;x\n", "Bert +33388202021", "3 row_long error"),
    ("separators behind", "2;Bert;03 88 20 20 21;Metz;;;\n", "Bert +33388202021", ""),
    ("unreadable number", "2;Bert;à demander;Metz\n", "Bert", "3 no_number error"),
    ("open quotation mark", '2;"Bert;03 88 20 20 21;Metz\n', "Bert +33388202021", "3 quote_open warning"),
    ("inch mark within", '2;Bert 3" tubes;03 88 20 20 21;Metz\n', 'Bert 3" tubes +33388202021', ""),
    ("line break in a cell", '2;"Bert\r\nund Söhne";03 88 20 20 21;Metz\n', "Bert und Söhne +33388202021", ""),
    ("doubled quotation marks", '2;"Bert ""le Grand""";03 88 20 20 21;Metz\n', 'Bert "le Grand" +33388202021', ""),
    ("blank before a quotation mark", '2; "Bert; fils";03 88 20 20 21;Metz\n', "Bert; fils +33388202021", ""),
    ("too long a name", f"2;{'B' * 300};03 88 20 20 21;Metz\n", f"{'B' * LONGEST_WORD} +33388202021", "3 cut error"),
    ("too long a line", "2;" + "B" * (LONGEST_LINE + 10) + "\n", "", "3 line_too_long error"),
    ("too large a cell", f'2;"{"B" * 140_000}";03 88 20 20 21;Metz\n', "", "3 line_too_long error"),
    ("control characters", "2;Be\x00rt;03 88 20 20 21;Metz\n", "Be\ufffdrt +33388202021", "3 letters error"),
    ("no name", "2;;03 88 20 20 21;\n", " +33388202021", ""),
    ("headings again", "code;nom;tél;ville\n", "nom", "3 no_number error"),
    ("a fax in the cell", "2;Bert;03 88 20 20 21 (fax);Metz\n", "Bert", "3 fax warning"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("between", "contacts", "told"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_wrong_row_stops_no_other_and_is_told(
    tmp_path: Path, encoding: str, between: str, contacts: str, told: str
) -> None:
    path = tmp_path / "x.csv"
    last = "9;Zoé;03 88 20 20 29;Metz\n"
    path.write_bytes(f"code;nom;tél;ville\n{GOOD}{between}{last}".encode(encoding))
    heard: list[Told] = []
    found = [
        f"{each.name} {' '.join(key(number, 'FR') for number in each.numbers)}".rstrip()
        for each in read_csv(path, "x", "FR", heard.append)
    ]
    assert found == ["Anna +33388202020", *([contacts] if contacts else []), "Zoé +33388202029"]
    assert [f"{each.line} {each.code} {'error' if each.lost else 'warning'}" for each in heard] == (
        [told] if told else []
    )
    with Index(None, "FR") as index:
        fill(index, path)
        assert [each.name for each in index.by_party(party("0388202029", "FR"))] == ["Zoé"]


@given(st.binary(max_size=400), st.sampled_from(["", "nom;tél\n", '"nom","tél"\r\n', "nom\ttél\r"]))
@settings(max_examples=examples(150), deadline=None)
def test_no_file_is_too_strange(tmp_path_factory: pytest.TempPathFactory, rest: bytes, head: str) -> None:
    path = tmp_path_factory.getbasetemp() / "strange.csv"
    path.write_bytes(head.encode() + rest)
    with Index(None, "FR") as index:
        try:
            fill(index, path)
        except SettingsError as error:
            assert error.code == "directory_headings"
            assert not head


def test_a_line_in_another_encoding_is_read_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("nom;tél\nÉric;0388202020\n".encode() + "Zoé;0388202021\n".encode("cp1252"))
    with Export(path, "x", "FR") as export:
        assert [each.name for each in export] == ["Éric", "Zoé"]
        assert export.encoding == "UTF-8 + Windows-1252"


def test_what_stands_above_the_headings_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "Liste téléphonique;;\nÉdition du 12/05/2024;;\n;;\nNom;Tél;Ville\nAnna;0388202020;Lyon\n", "utf-8"
    )
    assert [shown(each) for each in read_csv(path, "x")] == ["5 | Anna |  | Lyon | +33388202020"]


def test_no_number_too_many_vanishes_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("nom;tél\nAnna;" + " / ".join(f"03 88 20 20 {each}" for each in range(20, 45)) + "\n")
    heard: list[Told] = []
    (found,) = read_csv(path, "x", "FR", heard.append)
    assert len(found.numbers) == MOST_NUMBERS
    assert [each.code for each in heard] == ["too_many"] * 5


def test_a_record_out_of_use_or_private_identifies_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "nom;tél;privé;actif\nA;0388202020;Vrai;1\nB;0388202021;Faux;0\nC;0388202022;;\nD;0388202023;non;oui\n"
    )
    heard: list[Told] = []
    assert [each.name for each in read_csv(path, "x", "FR", heard.append)] == ["C", "D"]
    assert [(each.line, each.code, each.lost) for each in heard] == [
        (2, "asleep", False),
        (3, "asleep", False),
    ]


def test_what_stands_beside_a_number_joins_the_note(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("nom;tél;note;note 2\nA;0388202020 (demander Paul);VIP;le matin\n")
    (found,) = read_csv(path, "x")
    assert found.note == "VIP · le matin · 0388202020 (demander Paul)"


# --- who is found ---------------------------------------------------------------------------------


def test_a_hint_comes_last_and_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("nom;tél;note\nAnna;0388202021;ou le 0388202020\nZoé;0388202020;\nMain;0388202000;\n")
    with Index(None, "FR") as index:
        fill(index, path)
        found = index.by_party(party("0388202020", "FR"))
        assert [(each.name, each.exact, each.hint) for each in found] == [
            ("Zoé", True, False),
            ("Anna", False, True),
        ]
    path.write_text("nom;tél;note\nAnna;0388202021;ou le 0388202017\nMain;0388202000;\n")
    with Index(None, "FR") as index:
        fill(index, path)
        found = index.by_party(party("0388202017", "FR"))
        assert [(each.name, each.exact, each.hint) for each in found] == [
            ("Main", False, False),
            ("Anna", False, True),
        ]


def test_two_people_of_one_record_are_both_found(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("code;contact;tél\nC1;Anna;0388202020\nC1;Zoé;0388202020\nC1;Zoé;0388202021\n")
    with Index(None, "FR") as index:
        fill(index, path)
        found = index.by_party(party("0388202020", "FR"))
        assert [(each.name, each.record.id) for each in found] == [("Anna", "C1"), ("Zoé", "C1")]
        assert [each.name for each in index.by_party(party("0388202021", "FR"))] == ["Zoé"]


@pytest.mark.parametrize(
    ("caller", "kind", "country", "found"),
    [
        ("1001", PartyKind.INTERNAL, "FR", "A"),
        ("1001", PartyKind.EXTERNAL, "FR", ""),
        ("123456", PartyKind.INTERNAL, "DE", "B"),
        ("123456", PartyKind.EXTERNAL, "DE", ""),
        ("+49123456", PartyKind.EXTERNAL, "DE", ""),
        ("+33388201001", PartyKind.EXTERNAL, "FR", ""),
        ("38820", PartyKind.INTERNAL, "FR", ""),
    ],
)
def test_a_short_number_is_a_colleagues_or_nobodys(
    tmp_path: Path, caller: str, kind: PartyKind, country: str, found: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("nom;tél\nA;1001\nB;123456\nC;038820\n")
    with Index(None, country) as index:
        fill(index, path)
        assert "".join(each.name for each in index.by_party(Party(number=caller, kind=kind))) == found


def test_a_contact_without_a_name_is_a_match_with_its_number_for_a_title(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("code;tél\nC7;03 88 20 20 20\n")
    with Index(None, "FR") as index:
        fill(index, path)
        (found,) = index.by_party(party("0388202020", "FR"))
        assert (found.record.id, found.record.title) == ("C7", "03 88 20 20 20")


# --- the command ----------------------------------------------------------------------------------


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["directory", "check", *words])
    return code, capsys.readouterr().out


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and a working folder without anything else in it."""
    for name, value in {"OFFHOOK_HOME": str(tmp_path / "home"), "OFFHOOK_LANGUAGE": "en"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_says_how_a_file_is_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.csv").write_bytes(
        "Société;Tél;Fax;Âge\nÉtoile;3,3E+10;0388202029;4\n\nLune;0388202020;;5\n".encode("cp1252")
    )
    before = sorted(here.rglob("*"))
    assert check(capsys, "x.csv") == (1, (
        "x.csv: separator ;\n"
        "  Société: company\n"
        "  Tél: telephone number\n"
        "  Fax: fax or pager, which identifies nobody\n"
        "  not read: “Âge”\n"
        "x.csv:2: error: Tél: “3,3E+10” is a number that the spreadsheet has rewritten, dropping digits; format the column as text and export again\n"
        "x.csv: Windows-1252; contacts: 2, numbers: 1, faxes: 1, numbers in notes: 0, empty rows: 1; lost: 1, warnings: 0\n"
    ))  # fmt: skip
    assert sorted(here.rglob("*")) == before, "nothing is written"


def test_the_command_in_json_is_one_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.csv").write_text("Société;Tél;Âge\nÉtoile;3,3E+10;4\nÉtoile;rien;4;5\n", "utf-8")
    code, out = check(capsys, "x.csv", "--json")
    said = json.loads(out)
    assert code == 1
    assert [
        (each["line"], each["level"], each["code"], each["column"], each["cell"])
        for each in said.pop("findings")
    ] == [
        (2, "error", "figure", "Tél", "3,3E+10"),
        (3, "error", "row_long", "", "5"),
        (3, "error", "no_number", "Tél", "rien"),
    ]
    assert said == {
        "file": "x.csv", "separator": ";", "country": "FR", "encoding": "UTF-8",
        "columns": [{"heading": "Société", "meaning": "company"}, {"heading": "Tél", "meaning": "number"}, {"heading": "Âge", "meaning": None}],
        "rows": 2, "empty": 0, "contacts": 2, "numbers": 0, "faxes": 0, "hints": 0, "warnings": 0, "lost": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        ("nom;tél\nA;0388202020\n", (), 0),
        ("nom;tél\nA;030 23125014\n", (), 1),
        ("nom;tél\nA;030 23125014\n", ("--country", "DE"), 0),
        ("nom;tél\nA;030 23125014\n", ("--country", "Germany"), 3),
        ("code;nom;tél\n1;A;0388202020\n1;B;0388202021\n", (), 0),
        ("nom;âge\nA;4\n", (), 3),
        ("", (), 3),
        (None, (), 3),
    ],
)
def test_the_exit_code_says_whether_anything_would_be_lost(
    here: Path, capsys: pytest.CaptureFixture[str], content: str | None, words: tuple[str, ...], code: int
) -> None:
    if content is not None:
        (here / "x.csv").write_text(content, "utf-8")
    assert check(capsys, "x.csv", *words)[0] == code


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_everything_told_has_a_sentence(language: str) -> None:
    source = "".join(
        (Path(texts.FOLDER).parent / "directory" / name).read_text() for name in ("files.py", "cells.py")
    )
    told = {
        each.removeprefix("directory.told.")
        for each in texts.catalogue(language)
        if each.startswith("directory.told.")
    }
    assert {each for each in told if f'"{each}"' in source} == told
    assert {each.name.lower() for each in Column if each} <= {
        each.removeprefix("directory.meaning.") for each in texts.catalogue(language)
    }


MEASURED = """if True:
    import resource, subprocess, sys
    code = subprocess.call(sys.argv[2:])
    with open(sys.argv[1], "w") as file:
        file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
    sys.exit(code)
"""
"""Runs a command and writes its most memory: a process begins with the size of the one that starts it."""


@pytest.mark.slow
def test_a_long_file_takes_bounded_memory_and_shows_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="cp1252") as file:
        file.write("code;société;tél;note\n")
        for number in range(200_000):
            file.write(
                f'C{number};Société {number};03 88 {number // 100 % 100:02} {number % 100:02} 20;"a\nb"\n'
            )
        file.write("C0;Again;3,3E+10;\n")
    terminal, side = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # the other side is closed
            while data := os.read(terminal, 1000):
                shown.append(data)

    reading = threading.Thread(target=read)
    reading.start()
    with (tmp_path / "said").open("wb") as said:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                MEASURED,
                str(tmp_path / "used"),
                OFFHOOK,
                "directory",
                "check",
                str(path),
            ],
            stdout=said,
            stderr=side,
            env=environment(tmp_path / "home"),
            timeout=240,
            check=False,
        )
    os.close(side)
    reading.join(20)
    os.close(terminal)
    lines = (tmp_path / "said").read_text("utf-8").splitlines()
    assert done.returncode == 1
    assert "contacts: 200001, numbers: 200000" in lines[-1]
    assert [line.rpartition(": ")[0].partition("long.csv:")[2][:13] for line in lines[-3:-1]] == [
        "400002: error",
        "400002: warni",
    ]
    assert b"%" in b"".join(shown)
    assert b"".join(shown).endswith(b" \r"), "the bar is gone at the end"
    assert int((tmp_path / "used").read_text()) < 120_000, "kilobytes"
