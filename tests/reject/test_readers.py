# SPDX-License-Identifier: MIT
"""The readers of RECORD, entry_points.txt and METADATA against those of Python's library, on generated texts."""

import configparser
import csv
import email.parser
import importlib.metadata
import io
import random
import re

import pytest

from checker import run_checker

COUNT = 1500


def run(option, texts, directory):
    """For each text: (lines of fields, code)."""
    paths = []
    for i, text in enumerate(texts):
        path = directory / str(i)
        path.write_bytes(text)
        paths.append(path)
    out, items = [], []
    for line in run_checker([option, *paths]):
        if line[0].startswith("/"):
            out.append((items, line[1]))
            items = []
        else:
            items.append([bytes.fromhex(value) for value in line])
    assert len(out) == len(texts)
    return out


def pieces(seed, alphabet, longest):
    rng = random.Random(seed)
    for _ in range(COUNT):
        yield "".join(rng.choice(alphabet) for _ in range(rng.randrange(longest)))


# ---- RECORD ----


def csv_rows(text):
    """Rows as record.h takes them, or None when it has to refuse."""
    rows = []
    for row in csv.reader(io.StringIO(text, newline="")):
        if len(row) not in (2, 3) or not row[0]:
            return None
        rows.append([value.encode() for value in (row + [""])[:3]])
    return rows


def unclosed_quote(text):
    """csv takes an open quote at the end of the file for closed. strict tells."""
    try:
        list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def test_record_as_csv(tmp_path):
    alphabet = ["a", "é", " ", ",", ",", ",", '"', '"', '""', "\n", "\r\n", "\r", "x,y,1\n", 'p,"q""r",2\r\n', "'"]
    texts = list(pieces(1, alphabet, 14))
    taken = 0
    for text, (rows, code) in zip(texts, run("--record", [text.encode() for text in texts], tmp_path)):
        expected = csv_rows(text)
        # In strict mode other faults come first; closing the quote by hand tells whether one was open.
        still_open = unclosed_quote(text) or csv_rows(text + '"\n') == expected != csv_rows(text + "z,z,z\n")
        if code == "ok":
            assert rows == expected, text
            taken += 1
        else:
            assert code == "record-syntax"
            assert expected is None or still_open, text
    assert taken > COUNT / 20


def test_record_written_by_csv(tmp_path):
    rng = random.Random(2)
    alphabet = 'ab/é,"\n\r \'#'
    tables, texts = [], []
    for _ in range(COUNT):
        rows = []
        for _ in range(rng.randrange(1, 6)):
            fields = ["".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 8))) for _ in range(3)]
            rows.append(fields[: rng.choice([1, 3, 3, 3])] + [""] * 2)
        rows = [row[:3] for row in rows]
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=rng.choice(["\n", "\r\n"])).writerows(rows)
        tables.append([[value.encode() for value in row] for row in rows])
        texts.append(out.getvalue().encode())
    for table, text, (rows, code) in zip(tables, texts, run("--record", texts, tmp_path)):
        # A bare "\r" or "\n" that the writer did not have to quote for its own line end starts a new row.
        if csv_rows(text.decode()) == table:
            assert (rows, code) == (table, "ok"), text


# ---- entry_points.txt ----

VALUE = re.compile(r"([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?\s*$")
SECTIONS = {"console_scripts": b"console", "gui_scripts": b"gui"}


def by_importlib(text):
    parsed = importlib.metadata.EntryPoints._from_text(text)  # pylint: disable=protected-access
    return [(point.group, point.name, point.value) for point in parsed if point.group in SECTIONS]


def by_configparser(text):
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return [(name, *item) for name in parser.sections() if name in SECTIONS for item in parser.items(name)]


def as_points(triples):
    out = []
    for group, name, value in triples:
        match = VALUE.match(value)
        assert match, value
        out.append([SECTIONS[group], name.encode(), match[1].encode(), match[2].encode()])
    return out


ENTRY_LINES = [
    "[console_scripts]\n", "[gui_scripts]\n", "[other]\n", "[a.b]\n", "[ console_scripts ]\n", " [gui_scripts]\n",
    "a = b:c\n", "d=e.f:g.h\n", "  i = j:k [l,m]\n", "n =o : p\n", "q:r = s:t\n", "# comment\n", "  # c\n", "; c\n",
    "\n", "  \n", "u = v\n", "w\n", "x = y:z # c\n", "\ta = b:d\n", "A = b:c\r\n", "a = b:c\u2028", "f=g:h", "[x\n",
    "n o = p:q\n", "a.b-c = d:e\n", "é = f:g\n", "a = b:c\x0b", "= a:b\n", "a == b:c\n",
]  # fmt: skip


def test_entry_points_as_both_readers(tmp_path):
    texts = list(pieces(3, ENTRY_LINES, 7))
    texts += [f"[console_scripts]\n{line}" for line in ENTRY_LINES]
    taken = compared = 0
    for text, (points, code) in zip(texts, run("--entry-points", [text.encode() for text in texts], tmp_path)):
        if code == "ok":
            # Other sections may be faulty: then these readers give up on the whole file, as pip does.
            for read, faults in ((by_importlib, TypeError), (by_configparser, configparser.Error)):
                try:
                    triples = read(text)
                except faults:
                    continue
                assert sorted(points) == sorted(as_points(triples)), text
                compared += 1
            taken += len(points) > 0
        else:
            assert code in ("entry-points", "script-name")
    assert taken > COUNT / 100 and compared > taken


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "[other]\na = anything at all\n", "[console_scripts]\n"])
def test_entry_points_without_scripts(text, tmp_path):
    assert run("--entry-points", [text.encode()], tmp_path) == [([], "ok")]


# ---- METADATA ----

FIELD_PIECES = [
    "Name: x\n", "Version:1\n", "name:  y \n", " folded\n", "\tfolded\r\n", "Summary: é\r\n", "\n", "\r\n", "\r",
    "From me\n", "From: me\n", ":no name\n", "no colon\n", "Bad name: x\n", "X-é: y\n", "Empty:\n", "A: b: c\n",
    "tail", " ", "K: v\r",
]  # fmt: skip


def test_fields_as_email(tmp_path):
    texts = list(pieces(4, FIELD_PIECES, 9))
    for text, (fields, code) in zip(texts, run("--fields", [text.encode() for text in texts], tmp_path)):
        message = email.parser.Parser().parsestr(text, headersonly=True)
        expected = [(name, " ".join(value.split())) for name, value in message.raw_items()]
        found = [(name.decode(), " ".join(value.decode().split())) for name, value in fields]
        assert (found, code) == (expected, "ok"), text
