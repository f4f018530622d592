# SPDX-License-Identifier: MIT
"""What the public headers say: structs and their members, functions, enumerators; and headers with members appended.

    headers = Headers(directory)            # a directory with pipseed.h, pipseed_policy.h and venv_hook.h
    headers.structs["pipseed_error"]     # [Member("code", "int code"), ...]
    measure(directory)                      # {"pipseed_error.code": "0 4", "pipseed_error": "6144", "PIPSEED_E_IO": "-101"}
"""
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import run

NAMES = ("pipseed.h", "pipseed_policy.h", "venv_hook.h")
PLACES = {"pipseed.h": "core/include", "pipseed_policy.h": "conf", "venv_hook.h": "plugin/hook"}
STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\};", re.DOTALL | re.MULTILINE)
GROWN = "        void *grown_pointer;\n        uint64_t grown_number;\n"
RESERVED = "uint64_t reserved[63];"


class Member(NamedTuple):
    """A member and its declaration, blanks normalised."""

    name: str
    declaration: str


def _plain(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.DOTALL | re.MULTILINE)


def _members(body):
    for declaration in body.split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        function = re.search(r"\(\*(\w+)\)", declaration)
        if function:
            yield Member(function[1], declaration)
            continue
        kind = re.match(r"(.*?)[*\s]*\w+(\[\w+\])?$", declaration.split(",")[0])[1]
        for part in declaration.split(","):
            name = re.search(r"(\w+)(?:\[\w+\])?$", part.strip())[1]
            yield Member(name, part.strip() if part.strip().startswith(kind) else f"{kind} {part.strip()}")


class Headers:
    """The headers of a directory."""

    def __init__(self, directory):
        texts = [(Path(directory) / name).read_text(encoding="utf-8") for name in NAMES]
        plain = "\n".join(_plain(text) for text in texts)
        self.structs = {name: list(_members(body)) for name, body in STRUCT.findall(plain)}
        self.functions = {re.search(r"(\w+)\(", text)[1]: " ".join(text.split())
                          for text in re.findall(r"^PIPSEED_API ([^;{]*);", plain, re.MULTILINE)}
        self.constants = [f"PIPSEED_E_{name}" for name in re.findall(r"^\s+X\((\w+), -\d+", texts[0], re.MULTILINE)]
        for body in re.findall(r"^enum \w+ \{(.*?)\}", plain, re.DOTALL | re.MULTILINE):
            self.constants += [name for name in re.findall(r"\b(PIPSEED_[A-Z_]+)\b(?=\s*[,=\n]|\s*$)", body)
                               if name != "PIPSEED_CODES"]
        self.constants += re.findall(r"^#define (VENV_HOOK_(?!H$)[A-Z_]+) ", texts[2], re.MULTILINE)


def current(directory):
    """The tree's own headers, in one directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, place in PLACES.items():
        (directory / name).write_text((run.REPO / place / name).read_text(encoding="utf-8"), encoding="utf-8")
    return directory


def grow(text):
    """The text of a header in which every struct has got two members more; the error takes one from its reserve."""
    def append(match):
        name, body = match[1], match[2]
        if name == "pipseed_error":
            assert RESERVED in body, "struct pipseed_error has used up its reserve"
            return match[0].replace(RESERVED, "uint64_t grown_number;\n        uint64_t reserved[62];")
        return f"struct {name} {{\n{body}{GROWN}}};"

    return STRUCT.sub(append, text)


def measure(directory, headers):
    """Offset and size of each member, size of each struct, value of each constant, as the compiler sees them."""
    lines = []
    for struct, members in headers.structs.items():
        lines.append(f'printf("{struct} %zu\\n", sizeof(struct {struct}));')
        lines += [f'printf("{struct}.{name} %zu %zu\\n", offsetof(struct {struct}, {name}), '
                  f'sizeof(((struct {struct} *)0)->{name}));' for name, _ in members]
    lines += [f'printf("{name} %lld\\n", (long long)({name}));' for name in headers.constants]
    source = '#include "pipseed_policy.h"\n#include "venv_hook.h"\n#include <stdio.h>\n#include <stddef.h>\n' \
             "int main(void)\n{\n" + "\n".join(lines) + "\n}\n"
    program = Path(directory) / "measure"
    subprocess.run(["cc", f"-I{directory}", "-x", "c", "-o", program, "-"], input=source, text=True, check=True)
    shown = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in shown.splitlines())
