# SPDX-License-Identifier: MIT
"""Each error code is explained, once, with its number, in the section of its class; and nothing else is."""

import os
import re
from pathlib import Path

SOURCE = Path(os.environ.get("PIPSEED_SOURCE") or Path(__file__).resolve().parents[2])
SECTIONS = {1: "Failed", 2: "Usage", 3: "Refused", 4: "Integrity"}


def codes():
    text = (SOURCE / "core/include/pipseed.h").read_text()
    found = re.findall(r'X\((\w+), (-\d+), "([a-z0-9-]+)"\)', text)
    assert len(found) > 60
    return {name: int(number) for _, number, name in found}


def explained():
    """[name, number, section, text] of each row."""
    rows = []
    section = None
    for line in (SOURCE / "docs/errors.md").read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        row = re.fullmatch(r"\| `([a-z0-9-]+)` \| (-\d+) \| (.+) \|", line)
        if row:
            rows.append([row.group(1), int(row.group(2)), section, row.group(3)])
    return rows


def test_every_code_is_explained_once():
    assert sorted((name, number) for name, number, _, _ in explained()) == sorted(codes().items())


def test_in_the_section_of_its_class():
    for name, number, section, text in explained():
        assert section.split()[0].rstrip(":,") == SECTIONS[-number // 100], name
        assert len(text) > 10 and text.endswith("."), name
