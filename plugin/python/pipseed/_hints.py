# SPDX-License-Identifier: MIT
"""Translates messages and hints of the library from options of the command to arguments and functions of this package.

translate("leave out --user") == "leave out user=True"
translate("make one: pipseed venv /srv/env") == "make one: pipseed.create('/srv/env')"
"""

from __future__ import annotations

import re

# Options, and what is written in their place; those that end in = take a value.
OPTIONS = {
    "--allow-downgrade": 'settings={"seed.downgrade": True}',
    "--altinstall": 'scripts="alt"',
    "--clear": "clear=True",
    "--copies": "symlinks=False",
    "--default-pip": 'scripts="default"',
    "--dry-run": "dry_run=True",
    "--fix": "fix=True",
    "--force": "force=True",
    "--jobs": "jobs=",
    "--link-mode": "link_mode=",
    "--max-age": "max_age=",
    "--max-size": "max_bytes=",
    "--no-bundled": "bundled=False",
    "--no-bytecode": "bytecode=False",
    "--packages": "packages=",
    "--pip": "pip=",
    "--policy": "policy=",
    "--prompt": "prompt=",
    "--python": "python=",
    "--root": "root=",
    "--set": "settings=",
    "--symlinks": "symlinks=True",
    "--system-site-packages": "system_site_packages=True",
    "--upgrade": "upgrade=True",
    "--user": "user=True",
    "--wheel-dir": "wheel_dirs=",
    "--without-pip": "with_pip=False",
    "--without-scm-ignore-files": "scm_ignore_files=False",
}
SHORT = {"-U": "--upgrade", "-n": "--dry-run", "-o": "--set", "-j": "--jobs", "-p": "--python", "-f": "--force"}

# Commands that have a function. The others stay commands.
COMMANDS = {
    "seed": "seed",
    "venv": "create",
    "unseed": "unseed",
    "verify": "verify",
    "doctor": "doctor",
    "wheels list": "wheels",
    "wheels verify": "wheels",
    "policy show": "policy",
    "policy check": "policy",
    "cache info": "cache.info",
    "cache warm": "cache.warm",
    "cache verify": "cache.verify",
    "cache prune": "cache.prune",
    "cache clear": "cache.clear",
    "enable": "dropin.enable",
    "disable": "dropin.disable",
    "status": "dropin.status",
}

_VALUE = r"(?:/[^\s,;)']*|[A-Z]{2,}(?![\w-]))"  # a path, or a word that stands for one: ENV
_KEY = r"[a-z0-9]+\.[a-z-]+(?![\w-])"
_WORDS = re.compile(
    # a command line of pipseed's that has a function
    rf"(?P<quote>'?)(?<![\w/-])pipseed (?P<command>{'|'.join(COMMANDS)})(?![\w-])"
    rf"(?P<words>(?: (?:-[A-Za-z](?![\w-])|--[a-z-]+|{_VALUE}|{_KEY}))*)(?P=quote)"
    # one of another program
    r"|'[^']* -m venv [^']*'|-m venv(?: --[a-z-]+| [^\s,;)]*/[^\s,;)]*| [A-Z]{2,})*"
    # an option
    rf"|(?<![\w/'-])(?P<option>--[a-z][a-z-]+)(?:[ =](?P<value>{_VALUE}))?"
)


def _option(match: re.Match[str]) -> str:
    word, value = OPTIONS.get(match["option"]), match["value"]
    if word is None:
        return match[0]
    if not word.endswith("="):
        return word if value is None else f"{word} {value}"
    return word if value is None else word + _literal(value)


def _literal(word: str) -> str:
    return word if word.isupper() else repr(word)


def _call(match: re.Match[str]) -> str:
    positional: list[str] = []
    named: list[str] = []
    words = [SHORT.get(word, word) for word in match["words"].split()]
    while words:
        word = words.pop(0)
        argument = OPTIONS.get(word)
        if word.startswith("-") and argument is None:
            return match[0]
        if argument is None:
            positional.append(_literal(word))
        elif argument.endswith("="):
            named.append(argument + (_literal(words.pop(0)) if words else "..."))
        else:
            named.append(argument)
    function = "pipseed." + COMMANDS[match["command"]]
    if match["command"] == "policy show" and positional:
        return f"{function}().find({positional[0]})"
    if match["command"].endswith("s verify"):
        named.append("check=True")
    return f"{function}({', '.join(positional + named)})"


def _replace(match: re.Match[str]) -> str:
    if match["command"] is not None:
        return _call(match)
    return _option(match) if match["option"] is not None else match[0]


def translate(text: str) -> str:
    """Return a message or hint in terms of this package."""
    return _WORDS.sub(_replace, text)
