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
from offhook.settings.kinds import example
from offhook.settings.model import checked, everything, judged, setting
from offhook.settings.places import desk_folder, machine_file, read_place, resolve, user_file
from offhook.settings.values import Settings, Value, covers


def settings(options: Namespace) -> int:
    """``offhook settings [show | get | set | unset | lock | unlock | apply | import | export]``."""
    actions = {
        "show": _show, "get": _get, "set": _set, "unset": _unset, "lock": _lock, "unlock": _lock, "apply": _import,
        "import": _import, "export": _export,
    }  # fmt: skip
    return actions[options.action](options)


def _in_force(options: Namespace) -> Settings:
    return with_shared(resolve(folder=_folder(options)))


def _folder(options: Namespace) -> str:
    return desk_folder(options.desk) if options.desk else ""


def _path(options: Namespace) -> str:
    return machine_file() if options.machine else user_file(_folder(options))


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
            "locked": found.locks(name),
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
        command = f"offhook settings set {name}"
        raise CommandError("value_missing", command=command, missing=example(known))
    else:
        value = options.value
    return _change({name: value}, {name: name}, options)


def _unset(options: Namespace) -> int:
    name = _named(options)
    return _change({name: None}, {name: name}, options)


def _import(options: Namespace) -> int:
    """Set what a file sets: for the user, with ``--machine`` or as ``apply`` for the machine."""
    path = options.name
    if not os.path.exists(path):
        raise SettingsError("file_missing", path=path)
    found = {name: value for name, value in read_place(path, "user").values.items() if value.fetch is None}
    sets = {name: value.text for name, value in found.items()}
    return _change(sets, {name: value.origin for name, value in found.items()}, options)


def _change(sets: Mapping[str, str | None], where: Mapping[str, str], options: Namespace) -> int:
    """Set settings, or take them back where they are ``None``; ``where`` each is given, for an error."""
    found = resolve(folder=_folder(options))
    for name, text in sets.items():
        if text is not None:
            judged(name, text, where[name])
    rules_from(lambda name: found[name] if sets.get(name) is None else checked(name, sets[name], name))
    path = _path(options)
    before = read_place(path, "machine" if options.machine else "user").values
    sets = {name: text for name, text in sets.items() if text is not None or name in before}
    rows = []
    for name, text in sets.items():
        secret = setting(name, name).secret
        old = "••••" if secret and name in before else before[name].text if name in before else None
        rows.append({"name": name, "from": old, "to": "••••" if secret and text is not None else text})
    if sets and not options.dry_run:
        change(path, sets)
    idle = _without_effect(found, sets, options)
    if options.json:
        said = {"file": path, "changes": rows, "dry_run": options.dry_run, "without_effect": list(idle)}
        print(json.dumps(said, ensure_ascii=False))
    elif not sets:
        print(texts.say("cli.settings.not_set", options.language, name=", ".join(where), path=path))
    else:
        key = "cli.settings.would" if options.dry_run else "cli.settings.done"
        print(texts.say(key, options.language, path=path))
        for row in rows:
            old, new = ("–" if row[key] is None else row[key] for key in ("from", "to"))
            print(f"  {row['name']}: {old} → {new}")
    for text in idle.values():
        print(text, file=sys.stderr)
    return 0


def _without_effect(found: Settings, sets: Mapping[str, str | None], options: Namespace) -> dict[str, str]:
    """Return each setting whose new value does not count, because another place wins, and what to say of it."""
    scope = "machine" if options.machine else "user"
    place = found.places.machine if options.machine else found.places.user
    given = {name: Value(text, "", scope) for name, text in sets.items() if text is not None}
    new = place._replace(values={**place.values, **given})
    machine, user = (new, found.places.user) if options.machine else (found.places.machine, new)
    after = Settings(found.places._replace(machine=machine, user=user), found.known)
    key = "cli.settings.would_be_idle" if options.dry_run else "cli.settings.idle"
    told = {}
    for name in given:
        if after.place(name) != scope:
            words = {"name": name, "value": after.shown(name) or "–", "where": after.origin(name)}
            hint = _instead(after, name, scope)
            told[name] = (
                texts.say(key, options.language, **words)
                + "\n  → "
                + texts.say(
                    f"cli.settings.instead.{hint}", options.language, lock=_lock_of(after, name), **words
                )
            )
    return told


def _instead(after: Settings, name: str, scope: str) -> str:
    """Return by what a value that was set for ``scope`` is kept from counting."""
    if after.locks(name):
        return "lock" if _lock_of(after, name) else "guard"
    if after.place(name) == "environment":
        return "environment"
    if name == "use_user_settings":
        return "box_is_users"
    if after.is_bundled(name):
        return "box" if scope == "user" else "ticked"
    return "user"


def _lock_of(after: Settings, name: str) -> str:
    """Return the lock that covers a setting, as it is written, ``""`` for none."""
    locks = (*after.places.system.locked, *after.places.machine.locked)
    return next((pattern for pattern in locks if covers(pattern, name)), "")


def _lock(options: Namespace) -> int:
    names = options.name.replace(",", " ").split()
    locking = options.action == "lock"
    path = machine_file()
    place = read_place(path, "machine")
    done = [name for name in names if locking != (name in place.locked)]
    if not options.dry_run:
        lock(path, names, locked=locking)
    if options.json:
        print(json.dumps({"file": path, options.action: names, "dry_run": options.dry_run}))
        return 0
    for name in names:
        key = options.action if name in done else f"{options.action}_already"
        key = f"would_{key}" if options.dry_run and name in done else key
        print(texts.say(f"cli.settings.say.{key}", options.language, name=name, path=path))
        if locking and not any(covers(name, each) for each in place.values):
            print("  " + texts.say("cli.settings.say.lock_of_nothing", options.language, name=name))
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
