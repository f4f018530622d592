# SPDX-License-Identifier: MIT
"""What the pages of the documentation show: their blocks of code, with page and line.

    for block in pages.blocks():
        block.page, block.line, block.kind, block.lines

A kind is "session" (a line begins with "$ "), "script" (its first line is "#!"), "json", "policy" (INI), "c" or "shell".
Markdown: indented and fenced blocks. mdoc: literal displays and one-line displays of EXAMPLES; of pipseed-policy.5 all.
"""
import re
from dataclasses import dataclass
from pathlib import Path

import run


@dataclass(frozen=True)
class Block:
    """A block of code."""

    page: str  # relative to the repository
    line: int  # of its first line
    section: str  # of pipseed-policy.5: the section that the display belongs to; else ""
    lines: tuple

    @property
    def kind(self):
        """How it is run."""
        if any(line.startswith("$ ") for line in self.lines):
            return "session"
        if self.lines[0].startswith("#!"):
            return "script"
        if self.lines[0].startswith("{"):
            return "json"
        if self.page.endswith(".5") and not self.lines[0].startswith("PIPSEED_"):
            return "policy"
        if self.page.endswith(".3"):
            return "c"
        return "shell"

    def __str__(self):
        return f"{self.page}:{self.line}"


def all_pages():
    """Every page that a reader is sent to. The changelog speaks of what was."""
    found = [run.REPO / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")]
    found += sorted((run.REPO / "docs").rglob("*.md"))
    found += sorted((run.REPO / "docs").glob("*.[135]"))
    return [path for path in found if path.exists()]


def _markdown(path):
    """(number, lines) of each block: indented after an empty line, or fenced."""
    lines = path.read_text().split("\n")
    i = 0
    while i < len(lines):
        start = i
        if lines[i].startswith("```"):
            i = start = i + 1
            while i < len(lines) and not lines[i].startswith("```"):
                i += 1
            yield start + 1, lines[start:i]
        elif lines[i].startswith("    ") and (i == 0 or not lines[i - 1]):
            while i < len(lines) and (lines[i].startswith("    ") or not lines[i]):
                i += 1
            yield start + 1, "\n".join(line[4:] for line in lines[start:i]).rstrip("\n").split("\n")
            continue
        i += 1


def _mdoc(path):
    """(number, lines, section) of each display."""
    heading = section = ""
    block = None
    for number, text in enumerate(path.read_text().split("\n"), 1):
        words = text.split(" ", 1)
        if words[0] == ".Sh":
            heading = words[1]
        elif words[0] == ".Ss":
            section = _plain(words[1])
        shown = heading == "EXAMPLES" or path.name.endswith(".5")
        if words[0] == ".Bd" and "-literal" in text and shown:
            block, start = [], number + 1
        elif words[0] == ".Ed" and block:
            yield start, block, ""
            block = None
        elif words[0] == ".Dl" and shown:
            yield number, [_plain(words[1])], section if heading == "KEYS" else ""
        elif block is not None:
            block.append(_plain(text))


def _plain(text):
    """A line of mdoc as it is printed."""
    return re.sub(r"\\&", "", text).replace(r"\e", "\\").replace(r"\-", "-")


def blocks():
    """All blocks of all pages."""
    for path in all_pages():
        page = str(path.relative_to(run.REPO))
        if path.suffix == ".md":
            for number, lines in _markdown(path):
                yield Block(page, number, "", tuple(lines))
        else:
            for number, lines, section in _mdoc(path):
                yield Block(page, number, section, tuple(lines))


def inline_commands():
    """(page, words) of each `pipseed ...` within a sentence."""
    for path in all_pages():
        if path.suffix != ".md":
            continue
        for text in re.findall(r"`(pipseed [^`]+)`", path.read_text()):
            yield str(path.relative_to(run.REPO)), " ".join(text.split())
