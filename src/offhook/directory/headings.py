"""What the columns of an export hold, told by their headings in French, English and German. No I/O.

A heading is compared without its case, accents, punctuation and numbering, and without what only says whose or
which: ``Téléphone 2 (bureau)``, ``Business Phone 2`` and ``Phone 2 - Value`` are all telephone columns. No exact
file is known: the words are those of Outlook, Google Contacts, Odoo, Dolibarr, Sage, EBP and Active Directory.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache, lru_cache


class Column(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    FAX = "fax"
    LABEL = "label"
    ID = "id"
    NAME = "name"
    FIRST = "first name"
    LAST = "last name"
    CONTACT = "contact"
    COMPANY = "company"
    KIND = "kind"
    CITY = "city"
    EMAIL = "email"
    NOTE = "note"
    ASLEEP = "asleep"
    AWAKE = "awake"
    UNKNOWN = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TELEPHONE = re.compile(
    r"\b(?:\w*telephon\w*|\w*telefon\w*|\w*phone|phones|phone(?:no|nr|number)|\w{0,4}tel|tels|telno|telnr|tele?num\w*"
    r"|mobile?s?|mobile?(?:no|nr|number|nummer)|mobilfunk\w*|mob|portables?|gsm|natel|cell(?:ulaire|ular)?"
    r"|handy(?:nr|nummer)?|festnetz\w*|\w*rufnummer|ligne directe|direct (?:line|number)|contact number"
    r"|numero d appel|switchboard)\b"
)
_NOT_TEL = re.compile(r"\b(?:hotel|cartel|chatel|portel|martel|motel)\b")
_FAX = re.compile(
    r"\b(?:\w*fax\w*|telecop\w*|pagers?|beepers?|bip(?:er)?|radiomessagerie|alphapage|telex|fernschreiber)\b"
)
_BOTH = re.compile(r"[/&+]|\b(?:et|ou|and|or|und|oder)\b", re.IGNORECASE)
_ABOUT_IT = _words(
    "type typ label libelle date datum heure time verifie verified validated opt optin optout consent consentement nom"
    " name prenom indicatif code prefix prefixe vorwahl extension ext provider operateur operator carrier modele model"
    " marque serial serie imei url count nombre nb status statut note notes commentaire remarque country pays land"
    " duree duration cout tarif mail email courriel id rouge ordinateur dernier derniere last bloctel"
    " liste list annuaire repertoire directory verzeichnis export extrait edition"
)
"""A column about a telephone: it holds no number."""
_QUALIFIERS = _words(
    "bureau business work travail arbeit geschaftlich domicile home privat prive privee perso personnel autre other"
    " weitere weiterer weiteres facturation livraison billing shipping rechnung lieferung adresse address principal"
    " principale main primary haupt value valeur wert document ct f a d de des du l la le les of the der die das s"
    " pro professionnel professionnelle public publique"
)
"""Words that say whose or which; what a column holds is the same with and without them."""
_WORDS: dict[Column, str] = {
    Column.NUMBER: "standard, fixe, ligne fixe, numero fixe, direct, ligne, sda, did, ddi, durchwahl, zentrale,"
    " callback, isdn, rnis, natel, poste interne, numero poste, n poste, num poste, numero interne, internal number",
    Column.ID: "id, code, code tiers, tiers, code client, code fournisseur, code contact, numero client, n client,"
    " no client, num client, numero compte, numero compte tiers, n compte, num, reference, ref, reference interne,"
    " reference client, internal reference, external id, id externe, identifiant, customer id, customer number,"
    " customer no, customer code, account, account number, compte, id contact, id tiers, id societe, contact id,"
    " kundennummer, kunden nr, kundennr, kunden id, kontonummer, konto, debitor, debitorennummer, matricule, key, cle",
    Column.NAME: "nom, name, noms",
    Column.FIRST: "prenom, first name, firstname, given name, vorname, prenom contact, forename",
    Column.LAST: "nom famille, last name, lastname, family name, surname, nachname, familienname, sn, nom usage",
    Column.CONTACT: "contact, nom contact, contact name, full name, fullname, nom complet, display name, anzeigename,"
    " nom affiche, nom affichage, ansprechpartner, kontakt, kontaktname, interlocuteur, nom interlocuteur,"
    " nom prenom, prenom nom, nom et prenom, vollstandiger name, person, personne, cn",
    Column.COMPANY: "company, company name, societe, nom societe, raison sociale, raison sociale client, entreprise,"
    " nom entreprise, firma, firmenname, firmen, unternehmen, organization, organization name, organisation,"
    " organisation name, organisme, etablissement, intitule, intitule tiers, denomination, denomination sociale,"
    " enseigne, nom client, nom tiers, nom fournisseur, customer name, kundenname, account name, related company,"
    " societe liee, parent, parent id, parent name, parent id name, entite, commercial company name",
    Column.KIND: "kind, type, nature, type tiers, type client, type contact, category, categorie, kategorie, art",
    Column.CITY: "city, ville, ort, stadt, town, commune, localite, wohnort",
    Column.EMAIL: "email, e mail, mail, mel, courriel, messagerie, courrier electronique, electronic mail,"
    " mailadresse, e mailadresse, emails",
    Column.NOTE: "note, notes, remarque, remarques, commentaire, commentaires, comment, comments, observation,"
    " observations, bemerkung, bemerkungen, notiz, notizen, remark, remarks, description, note privee, memo,"
    " notes en texte brut, body, divers",
}
_ASLEEP = "sommeil, en sommeil, ct sommeil, inactif, inactive, inaktiv, archive, archived, prive, private, privat, priv"
"""Whether a record is out of use, or its owner's alone: it identifies nobody for others (specification section 8)."""
_AWAKE = "actif, active, aktiv"
_MAYBE_NUMBER = "numero, number, nummer, n, no, nr"
_LABELS = _words(
    "standard fixe ligne direct directe durchwahl zentrale numero number nummer n no nr poste ext p"
)
"""Words that say no more of a number than that it is one."""
_MAYBE_NAME = (
    "client, clients, customer, kunde, kunden, fournisseur, supplier, lieferant, libelle, designation"
)


def meanings(headings: Sequence[str]) -> tuple[Column, ...]:
    """Return what each column holds, in order. Two may hold the same; the first one with a word in it counts.

    What a heading leaves open is decided by the others: ``Nom`` is the family name beside a ``Prénom``, the company
    beside a ``Contact``, else the whole name; a bare ``Numéro`` is the telephone where no other column is.
    """
    found = [_meaning(heading) for heading in headings]
    found = _open_ones(headings, found, _MAYBE_NUMBER, Column.ID if Column.NUMBER in found else Column.NUMBER)
    if not {Column.NAME, Column.COMPANY, Column.CONTACT, Column.LAST} & {*found}:
        found = _open_ones(headings, found, _MAYBE_NAME, Column.NAME)
    if Column.CONTACT in found and Column.COMPANY not in found:
        found = _instead(found, Column.NAME, Column.COMPANY)
    if Column.FIRST in found and Column.LAST not in found:
        found = _instead(found, Column.NAME if Column.NAME in found else Column.CONTACT, Column.LAST)
    return tuple(_instead(found, Column.NAME, Column.CONTACT))


def labels(headings: Sequence[str], found: Sequence[Column]) -> dict[int, int]:
    """Return, for columns of numbers, which column says what kind of number it is (Google's ``Phone 1 - Label``)."""
    said = {_stem(headings[index]): index for index, each in enumerate(found) if each is Column.LABEL}
    return {
        index: said[stem]
        for index, each in enumerate(found)
        if each is Column.NUMBER and (stem := _stem(headings[index])) in said
    }


def is_fax(text: str) -> bool:
    """Say whether a label is a fax's or a pager's, and not a telephone's as well (``Tél./Fax``)."""
    plain = _plain_all(text)
    return bool(_FAX.search(plain)) and not (_BOTH.search(text) and _TELEPHONE.search(plain))


def is_label(text: str) -> bool:
    """Say whether text beside a number only says which number it is: ``Tél. bureau``, ``Mobile (privat)``."""
    left = _FAX.sub(" ", _TELEPHONE.sub(" ", _plain_all(text))).split()
    return all(word in _QUALIFIERS or word in _LABELS for word in left)


def _meaning(heading: str) -> Column:
    words = _plain_all(heading)
    tokens = words.split()
    telephone = bool(_TELEPHONE.search(_NOT_TEL.sub(" ", words))) or _plain(heading) in _known(
        _WORDS[Column.NUMBER]
    )
    if telephone and tokens[-1] in ("label", "type", "libelle", "typ"):
        return Column.LABEL
    if _FAX.search(words) and not _ABOUT_IT & {*tokens}:
        return Column.NUMBER if telephone and _BOTH.search(heading) else Column.FAX
    if telephone and not _ABOUT_IT & {*tokens}:
        return Column.NUMBER
    for each, known in ((Column.ASLEEP, _ASLEEP), (Column.AWAKE, _AWAKE)):
        if words in known.split(", "):
            return each
    plain = _plain(heading)
    return next((each for each, known in _WORDS.items() if plain and plain in _known(known)), Column.UNKNOWN)


def _instead(found: Iterable[Column], one: Column, other: Column) -> list[Column]:
    return [other if each is one else each for each in found]


def _open_ones(headings: Sequence[str], found: Sequence[Column], words: str, meaning: Column) -> list[Column]:
    """Give a meaning to the columns whose headings are among ``words``, which alone say too little."""
    known = _known(words)
    return [meaning if _plain(each) in known else was for each, was in zip(headings, found, strict=True)]


@cache
def _known(words: str) -> frozenset[str]:
    return frozenset(_plain(each) or each.strip() for each in words.split(","))


def _stem(heading: str) -> str:
    """Return a heading without the word behind its number: ``phone 1`` of ``Phone 1 - Value``."""
    return re.sub(r" (?:label|type|libelle|typ|value|valeur|wert)\Z", "", _plain_all(heading, numbered=True))


def _plain(heading: str) -> str:
    """Return a heading's words without numbering and qualifiers."""
    return " ".join(word for word in _plain_all(heading).split() if word not in _QUALIFIERS)


@lru_cache(maxsize=10_000)
def _plain_all(text: str, *, numbered: bool = False) -> str:
    """Return the words of ``text``: no case, accents, punctuation; ``telMobile2`` is ``tel mobile``."""
    parted = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý])", " ", text.replace("N°", "N ").replace("n°", "n "))
    letters = unicodedata.normalize("NFKD", parted).casefold()
    letters = "".join(each for each in letters if not unicodedata.combining(each))
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=\d)", " ", letters)).split()
    return " ".join(word for word in words if numbered or not word.isdecimal())
