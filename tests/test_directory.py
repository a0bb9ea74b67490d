"""Who is calling: the index, the CSV reader, many sources under one deadline."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook import storage
from offhook.demo import DIRECTORY
from offhook.directory.files import fill, read_csv
from offhook.directory.identify import identify
from offhook.directory.index import STEPS, Index
from offhook.directory.match import main_number_keys
from offhook.errors import SettingsError
from offhook.model import Contact, Party, Record
from offhook.numbers import party


def contact(native: str, *numbers: str, name: str = "", company: str = "") -> Contact:
    return Contact(
        record=Record(source="t", id=native, title=company), name=name, company=company, numbers=numbers
    )


def test_the_sample_directory() -> None:
    with Index(None, "FR") as index:
        assert index.replace_source("clients", read_csv(DIRECTORY, "clients")) >= 36
        (found,) = index.by_party(party("0388202020", "FR"))
        assert (found.company, found.record.id, found.exact) == ("Alsace Ferronnerie SAS", "411ALSA", True)
        assert index.by_party(party("0199009988", "FR")) == ()
        assert index.by_party(party("anonymous", "FR")) == ()


def test_every_match_is_kept_and_ranked() -> None:
    with Index(None, "FR") as index:
        index.replace_source("t", [
            contact("1", "0388202020", company="Standard"),
            contact("2", "+33 3 88 20 20 20", name="Zoé", company="Standard"),
            contact("3", "0033388202020", name="Ann", company="Autre"),
        ])  # fmt: skip
        assert [each.record.id for each in index.by_party(party("03 88 20 20 20", "FR"))] == ["3", "2", "1"]


def test_the_same_last_digits_are_not_the_same_number() -> None:
    with Index(None, "FR") as index:
        index.replace_source("t", [contact("1", "+49388202020", company="Berlin")])
        assert index.by_party(party("0388202020", "FR")) == ()


def test_an_unknown_extension_falls_back_to_the_main_number() -> None:
    assert main_number_keys("+33261912217") == ("+33261912210", "+33261912200", "+33261912000")
    with Index(None, "FR") as index:
        index.replace_source("t", [contact("1", "02 61 91 22 00", company="Grands Moulins")])
        (found,) = index.by_party(party("0261912217", "FR"))
        assert (found.company, found.exact, found.matched) == ("Grands Moulins", False, "+33261912200")


@pytest.mark.parametrize(
    "text",
    [
        "h",
        "HE",
        "heitz",
        "HEITZ",
        "fero",
        "alsace hei",
        "strasbourg",
        "411AL",
        "éclats",
        "eclats",
        "0388",
        "l'ouest",
    ],
)
def test_search_as_people_type(text: str) -> None:
    with Index(None, "FR") as index:
        index.replace_source("clients", read_csv(DIRECTORY, "clients"))
        if text == "fero":
            assert index.search(text) == ()
        else:
            assert index.search(text), text


@pytest.mark.parametrize("text", ['"', "' OR 1=1 --", "a* NEAR b", "((", "NOT", "x" * 5000, "%", "\x00"])
def test_hostile_searches_are_only_searches(text: str) -> None:
    with Index(None, "FR") as index:
        index.replace_source("clients", read_csv(DIRECTORY, "clients"))
        assert isinstance(index.search(text), tuple)


def test_a_source_is_replaced_whole_or_not_at_all() -> None:
    with Index(None, "FR") as index:
        index.replace_source("t", [contact("1", "15", company="A")])

        def breaks() -> Iterator[Contact]:
            yield contact("2", "17", company="B")
            raise SettingsError("directory_unreadable")

        with pytest.raises(SettingsError):
            index.replace_source("t", breaks())
        assert len(index) == 1
        assert index.replace_source("t", [contact("3", "18", company="C")]) == 1
        assert [each.record.id for each in index.search("")] == ["3"]


@pytest.mark.parametrize(
    ("content", "encoding", "separator"),
    [
        ("société;tél;ville", "utf-8", ";"),
        ("Société,Tél,Ville", "cp1252", ","),
        ("\ufeffNom\tTéléphone\tVille", "utf-8", "\t"),
    ],
)
def test_csv_as_it_comes(tmp_path: Path, content: str, encoding: str, separator: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(
        f"{content}\r\n{separator.join(('Étoile', '03 88 00 00 01', 'Besançon'))}\r\n".encode(encoding)
    )
    (found,) = read_csv(path, "export")
    assert found.company + found.name == "Étoile"
    assert (found.numbers, found.city) == (("03 88 00 00 01",), "Besançon")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(SettingsError, match=path.name) as caught:
            list(read_csv(path, "x"))
        assert caught.value.code == "directory_unreadable"


async def test_a_slow_or_broken_source_costs_only_itself() -> None:
    async def quick(who: Party) -> tuple[Contact, ...]:
        return (contact("1", who.number, name="Quick"),)

    async def slow(who: Party) -> tuple[Contact, ...]:
        await released.wait()
        return (contact("2", who.number, name="Slow"),)

    async def broken(who: Party) -> tuple[Contact, ...]:
        raise sqlite3.OperationalError("disk I/O error")

    released = asyncio.Event()
    answers = identify(party("0388202020", "FR"), [slow, broken, quick], deadline_s=0.1)
    async with asyncio.timeout(10):
        assert [each.name for each in await anext(answers)] == ["Quick"]
    released.set()
    assert [each.name for each in await anext(answers)] == ["Quick", "Slow"], "a late answer adds to the card"
    assert [each async for each in answers] == []
    assert [each async for each in identify(party("0388202020", "FR"), [])] == []


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "directory.sqlite"
    Index(path, "FR").close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="newer"):
        Index(path, "FR")
    assert path.read_bytes() == before


def test_an_older_file_is_brought_up_to_date_and_filled_again(tmp_path: Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("id,name,phone\n1,Anna,0388202020\n")
    old = storage.opened(tmp_path / "directory.sqlite", STEPS[:1])
    old.executescript(
        "INSERT INTO source VALUES ('one', 'stamp'); INSERT INTO contact VALUES (1, 'one', '1', '{}');"
        "INSERT INTO number VALUES ('+33388202020', 1); INSERT INTO words (rowid, text) VALUES (1, 'Old')"
    )
    old.close()
    with Index(tmp_path / "directory.sqlite", "FR") as index:
        fill(index, one)
        assert [each.name for each in index.by_party(party("0388202020", "FR"))] == ["Anna"]
        assert index.search("old") == ()


def test_a_file_that_is_the_same_is_not_read_again(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("id,name,phone\n1,Anna,0388202020\n")
    other.write_text("id,name,phone\n1,Bert,0388202021\n")

    def names(country: str = "FR", path: Path | None = one) -> list[str]:
        with Index(tmp_path / "directory.sqlite", country) as index:
            fill(index, path)
            return [each.name for each in index.search("")]

    assert names() == ["Anna"]
    with Index(tmp_path / "directory.sqlite", "FR") as index:
        assert (
            index.replace_source("one", [contact("1", "0388202020", name="Kept")], index.sources()["one"])
            == 1
        )
    assert names() == ["Kept"], "not read"
    assert names(country="DE") == ["Anna"], "its numbers are others there"
    one.write_text("id,name,phone\n1,Carla,0388202020\n")
    assert names() == ["Carla"]
    assert names(path=other) == ["Bert"], "another file's contacts are in place of the first's"
    assert names(path=None) == []
    with pytest.raises(SettingsError, match=r"none\.csv"):
        names(path=tmp_path / "none.csv")


def test_a_caller_waits_for_no_import(tmp_path: Path) -> None:
    reading, read = threading.Event(), threading.Event()

    def slowly() -> Iterator[Contact]:
        yield contact("1", "0388202020", name="New")
        reading.set()
        assert read.wait(20)

    with Index(tmp_path / "directory.sqlite", "FR") as index:
        index.replace_source("c", [contact("1", "0388202020", name="Old")])
        importing = threading.Thread(target=index.replace_source, args=("c", slowly()))
        importing.start()
        assert reading.wait(20)
        assert [each.name for each in index.by_party(party("0388202020", "FR"))] == ["Old"]
        assert [each.name for each in index.search("old")] == ["Old"]
        read.set()
        importing.join()
        assert [each.name for each in index.by_party(party("0388202020", "FR"))] == ["New"]


def test_a_caller_is_found_by_the_index() -> None:
    with Index(None, "FR") as index:
        plan = index._db.execute("EXPLAIN QUERY PLAN SELECT contact FROM number WHERE key = '1'").fetchall()
        assert "USING INDEX" in json.dumps(plan)
