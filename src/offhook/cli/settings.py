"""``offhook settings``: show, change, lock, export and import settings."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Mapping

from offhook import catalogue, texts
from offhook.dialling import rules_from
from offhook.errors import CommandError, SettingsError
from offhook.seed.folder import with_shared
from offhook.settings.changes import change, lock
from offhook.settings.model import checked, everything, judged, setting
from offhook.settings.places import FILE, desk_folder, home, machine_file, read_place, resolve
from offhook.settings.values import Settings


def settings(options: Namespace) -> int:
    """``offhook settings [show | get | set | unset | lock | unlock | import | export]``."""
    actions = {
        "show": _show, "get": _get, "set": _set, "unset": _unset, "lock": _lock, "unlock": _lock, "import": _import,
        "export": _export,
    }  # fmt: skip
    return actions[options.action](options)


def _in_force(options: Namespace) -> Settings:
    return with_shared(resolve(folder=_folder(options)))


def _folder(options: Namespace) -> str:
    return desk_folder(options.desk) if options.desk else home()


def _path(options: Namespace) -> str:
    return machine_file() if options.machine else os.path.join(_folder(options), FILE)


def _show(options: Namespace) -> int:
    found = _in_force(options)
    names = [options.name] if options.name else list(everything())
    for name in names:
        setting(name, "offhook settings show")
    rows = [
        {
            "name": name,
            "value": found.shown(name),
            "origin": found.origin(name),
            "place": found.place(name),
            "locked": name in found.locked,
            "overruled": found.overruled.get(name, ""),
        }
        for name in names
    ]
    if options.json:
        print(json.dumps({"settings": rows}, ensure_ascii=False))
        return 0
    from offhook.cli import colours

    dim, plain = ("\033[2m", "\033[0m") if colours(sys.stdout) else ("", "")
    width = max(len(name) for name in names)
    for row in rows:
        notes = [texts.say("cli.settings.locked", options.language)] if row["locked"] else []
        if row["overruled"]:
            notes.append(texts.say("cli.settings.overruled", options.language, where=row["overruled"]))
        faint = dim if row["place"] == "default" else ""
        print(
            f"{faint}{row['name']:{width}}  {row['value']:20}  {'  '.join([str(row['origin']), *notes])}{plain}"
        )
    return 0


def _get(options: Namespace) -> int:
    name = _named(options)
    found = _in_force(options)
    if options.json:
        print(
            json.dumps(
                {"name": name, "value": found.shown(name), "origin": found.origin(name)}, ensure_ascii=False
            )
        )
    else:
        print(found.shown(name))
    return 0


def _set(options: Namespace) -> int:
    name = _named(options)
    known = setting(name, name)
    if known.owner:
        catalogue.about(known.owner)  # a broken one says so: its settings are not known
    if known.secret:
        if options.value:
            raise CommandError("secret_as_argument", name=name)
        value = _asked(name, options.language)
    elif options.value is None:
        raise CommandError("usage", why="VALUE", command="offhook settings set")
    else:
        value = options.value
    return _change({name: value}, options)


def _unset(options: Namespace) -> int:
    return _change({_named(options): None}, options)


def _import(options: Namespace) -> int:
    path = options.name
    if not os.path.exists(path):
        raise SettingsError("settings_file_unreadable", path=path, why="ENOENT")
    given = {
        name: value.text for name, value in read_place(path, "user").values.items() if value.fetch is None
    }
    return _change(given, options)


def _change(sets: Mapping[str, str | None], options: Namespace) -> int:
    found = resolve(folder=_folder(options))
    for name, text in sets.items():
        if name in found.locked and not options.machine:
            raise SettingsError("setting_locked", name=name, where=found.origin(name))
        if text is not None:
            judged(name, text, name)
    rules_from(lambda name: found[name] if sets.get(name) is None else checked(name, sets[name], name))
    path = _path(options)
    before = read_place(path, "machine" if options.machine else "user").values if os.path.exists(path) else {}
    rows = []
    for name, text in sets.items():
        secret = setting(name, name).secret
        old = "••••" if secret and name in before else before[name].text if name in before else None
        rows.append({"name": name, "from": old, "to": "••••" if secret and text is not None else text})
    if not options.dry_run:
        change(path, sets)
    if options.json:
        print(json.dumps({"file": path, "changes": rows, "dry_run": options.dry_run}, ensure_ascii=False))
    else:
        key = "cli.settings.would" if options.dry_run else "cli.settings.done"
        print(texts.say(key, options.language, path=path))
        for row in rows:
            old, new = ("–" if row[key] is None else row[key] for key in ("from", "to"))
            print(f"  {row['name']}: {old} → {new}")
    _say_what_wins(sets, options)
    return 0


def _say_what_wins(sets: Mapping[str, str | None], options: Namespace) -> None:
    """Say so where what was just set does not count, because another place wins."""
    found = resolve(folder=_folder(options))
    for name, text in sets.items():
        mine = found.origin(name).startswith(_path(options))
        if text is not None and not mine and not options.dry_run:
            print(
                texts.say("cli.settings.not_in_force", options.language, name=name, where=found.origin(name)),
                file=sys.stderr,
            )


def _lock(options: Namespace) -> int:
    names = options.name.replace(",", " ").split()
    if not options.dry_run:
        lock(machine_file(), names, locked=options.action == "lock")
    print(json.dumps({"file": machine_file(), options.action: names}) if options.json else machine_file())
    return 0


def _export(options: Namespace) -> int:
    path = _path(options)
    values = read_place(path, "machine" if options.machine else "user").values
    if options.json:
        shown = {name: "••••" if setting(name, name).secret else value.text for name, value in values.items()}
        print(json.dumps({"file": path, "settings": shown}, ensure_ascii=False))
        return 0
    from offhook.settings.changes import as_toml

    print(
        as_toml({name: value.text for name, value in values.items() if not setting(name, name).secret}),
        end="",
    )
    for name in values:
        if setting(name, name).secret:
            print(f"# {name}: ••••")
    return 0


def _named(options: Namespace) -> str:
    return setting(options.name, f"offhook settings {options.action}").name


def _asked(name: str, language: str) -> str:
    """Return a secret from a prompt or standard input; never from an argument, which others could see."""
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(texts.say("cli.settings.ask", language, name=name))
    return sys.stdin.readline().rstrip("\r\n")
