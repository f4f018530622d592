#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check includes against docs/hacking.md: scripts/includes.py [TREE] prints violations and exits with 1.

A file may include the public headers, headers of its own room, and those of the rooms that ROOMS lists for it. Front ends see
public headers and nothing of each other.
"""
import os
import re
import sys
from pathlib import Path

PUBLIC = {
    "pipseed.h": "core/include",
    "pipseed_policy.h": "conf",
    "venv_hook.h": "plugin/hook",
}

BELOW_INSTALL = ["core/base", "core/wheel", "core/target", "core/store"]
INSTALL = ["core/install/plan", "core/install/txn", "core/install/stage"]

# Directory: what it may include besides the public headers and itself. The files of core itself are the stories.
ROOMS = {
    "core/include": [],
    "core/base": [],
    "core/wheel": ["core/base", "wheels"],
    "core/target": ["core/base", "core/wheel"],
    "core/store": ["core/base", "core/wheel", "core/target"],
    "core/install/plan": [*BELOW_INSTALL],
    "core/install/txn": [*BELOW_INSTALL, "core/install/plan"],
    "core/install/stage": [*BELOW_INSTALL, "core/install/plan", "core/install/txn"],
    "core/install/verify": [*BELOW_INSTALL, *INSTALL],
    "core/venv": ["core/base", "core/wheel", "core/target", "core/store", *INSTALL],
    "core/dropin": ["core/base", "core/target", "core/store"],
    "core/doctor": [*BELOW_INSTALL, *INSTALL, "core/install/verify", "core/venv", "core"],
    "core/hooks": ["core/base"],
    "core": [*BELOW_INSTALL, *INSTALL, "core/install/verify", "core/venv", "core/dropin", "core/doctor", "core/hooks"],
    "conf": ["core/base"],
    "wheels": ["core/base"],
    "plugin/cli": [],
    "plugin/hook": [],
    "plugin/python": [],
}

# The one exception: specifiers of a policy are checked with the parser that reads them later.
EXCEPTIONS = {("conf/value.c", "core/wheel/version.h")}

# Where the compiler looks: core/CMakeLists.txt.
PATHS = ["core", "", "conf", "core/include"]


def find(tree, source, name):
    """Return the included file, relative to the tree, or None if it is not part of it."""
    for directory in [os.path.dirname(source), *PATHS]:
        path = os.path.normpath(os.path.join(directory, name))
        if (tree / path).is_file():
            return path
    return os.path.join(PUBLIC[name], name) if name in PUBLIC else None


def judge(tree, source, name):
    """Return why source must not include name, or None."""
    room = os.path.dirname(source)
    if name in PUBLIC:
        return None
    path = find(tree, source, name)
    if path is None:
        return "it is neither a public header nor in this tree"
    if room.startswith("plugin/") and os.path.dirname(name):
        return "a front end includes public headers and files of its own directory, by their names"
    other = os.path.dirname(path)
    if other == room or other in ROOMS[room] or (source, path) in EXCEPTIONS:
        return None
    return f"{room} must not know {other}"


def main(tree):
    """Check the tree and return the exit code."""
    found = 0
    for top in ("core", "conf", "wheels", "plugin"):
        for file in sorted((tree / top).rglob("*.[ch]")):
            source = str(file.relative_to(tree))
            room = os.path.dirname(source)
            if room not in ROOMS:
                print(f"{source}: directory {room} is not in the table of scripts/includes.py")
                found += 1
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
                why = judge(tree, source, match[1]) if match else None
                if why:
                    print(f'{source}:{number}: error: "{match[1]}": {why} [includes]')
                    found += 1
    return found > 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)))
