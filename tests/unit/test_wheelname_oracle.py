# SPDX-License-Identifier: MIT
"""Wheel file names: pipseed against packaging.utils.parse_wheel_filename.

pipseed admits what packaging admits and is stricter on purpose: a name is one of PEP 508 (ASCII, beginning and ending
with a letter or digit), the version has no blanks, a build tag and the tags are made of ASCII letters, digits, "_" and
"."; every tag has at least one character, and an interpreter tag does not begin with a digit.
"""
import random
import re

import pytest
from pep440_oracle import Oracle, references

SEED = 427
NAMES = ["pip", "setuptools", "Foo_Bar", "zope.interface", "a", "A1", "foo__bar", "_foo", "foo_", "foo.", "",
         "foo bar", "f/o", "fóo", "foo..bar", "foo_.bar", "..", "foo\\bar", "foo\n", "1", "foo+bar"]
VERSIONS = ["1.0", "26.3", "1.0a1", "1.0.post1", "1.0+local_1", "1!2.0", "v1.0", "1.0RC1", "1_0", " 1.0", "1.0 ",
            "", "latest", "1.0_post1", "1.0.", "1.0\u00a0", "01.0"]
BUILDS = [None, None, None, None, "1", "2abc", "0_x.y", "abc", "", "1+x", "1 x", "١", "10", "1/2"]
PYTHONS = ["py3", "py2.py3", "cp313", "cp36.cp37.pp3", "py3.", ".py3", "", "3py", "py3.3py", "p y", "py3..py2",
           "CP39", "py+", "pé"]
ABIS = ["none", "abi3", "cp313t", "cp36m.abi3", "pypy39_pp73", "", ".", "no.ne.", "a b", "none\\"]
PLATFORMS = ["any", "linux_x86_64", "manylinux1_x86_64.manylinux_2_5_x86_64", "win32", "", "a..b", "any.", "any/x",
             "any\n", "a+b"]
SUFFIXES = [".whl"] * 12 + [".WHL", "", ".zip", ".whl ", ".whl\n", ".whl.whl"]

STRICT_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._]*[A-Za-z0-9])?")
STRICT_VERSION = re.compile(r"[A-Za-z0-9._+!]+")
STRICT_BUILD = re.compile(r"[0-9][A-Za-z0-9._]*")
STRICT_PYTHON = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
STRICT_TAGS = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


def is_stricter(filename):
    """Does pipseed refuse this on its own?"""
    parts = filename[:-4].split("-")
    rules = [STRICT_NAME, STRICT_VERSION, STRICT_BUILD, STRICT_PYTHON, STRICT_TAGS, STRICT_TAGS]
    if len(parts) == 5:
        del rules[2]
    return len(parts) != len(rules) or any(rule.fullmatch(part) is None for rule, part in zip(rules, parts))


def tag_texts(tags):
    return sorted(f"{tag.interpreter}-{tag.abi}-{tag.platform}" for tag in tags)


def expected(reference, filename, answer):
    """None when the answer is right, else what it should have been."""
    utils = reference.utils
    try:
        name, version, build, tags = utils.parse_wheel_filename(filename)
    except (utils.InvalidWheelFilename, reference.version.InvalidVersion, ValueError):
        return None if answer == "wheel-name" else "wheel-name"
    if is_stricter(filename):
        return None if answer == "wheel-name" else "wheel-name (stricter)"
    fields = answer.split("\t")
    if len(fields) != 6:
        return f"{name} {version} {build}"
    build_text = "" if fields[2] == "-" else fields[2]
    given = (fields[0], reference.version.Version(fields[1]), build_text,
             tag_texts(reference.tags.parse_tag("-".join(fields[3:]))))
    parts = filename[:-4].split("-")
    right = (name, version, parts[2] if build else "", tag_texts(tags))
    return None if given == right and fields[1] == parts[1] else repr(right)


@pytest.fixture(scope="module")
def packagings():
    Oracle()  # skips without a build
    return references()


def draw(rng):
    lists = (NAMES, VERSIONS, BUILDS, PYTHONS, ABIS, PLATFORMS)
    good = (5, 5, 7, 4, 5, 4)
    # One or two odd parts at a time, or else nearly everything would be refused for several reasons.
    odd = rng.sample(range(6), rng.choice([0, 1, 1, 2]))
    parts = [rng.choice(texts if i in odd else texts[:good[i]]) for i, texts in enumerate(lists)]
    suffix = rng.choice(SUFFIXES if rng.random() < 0.2 else [".whl"])
    text = rng.choice(["-"] * 19 + ["--"]).join(part for part in parts if part is not None)
    return text + suffix


def test_wheel_names(packagings, capsys):
    rng = random.Random(SEED)
    names = ["", ".whl", "-.whl", "----.whl", "a-1-py3-none-any", "a-1-py3-none.whl", "a-1-1-1-py3-none-any.whl",
             "pip-26.3-py3-none-any.whl", "dir/pip-26.3-py3-none-any.whl", "../pip-26.3-py3-none-any.whl"]
    names += [draw(rng) for _ in range(6000)]
    for name in names[10:1010]:
        at = rng.randint(0, len(name))
        names.append(name[:at] + rng.choice("-._ 1aZ+/é") + name[at + rng.randint(0, 1):])
    oracle = Oracle()
    for name in names:
        oracle.ask("wheel", name)
    answers = oracle.answers()
    for reference in packagings:
        wrong = [(name, answer, right) for name, answer in zip(names, answers)
                 if (right := expected(reference, name, answer)) is not None]
        admitted = sum(answer != "wheel-name" for answer in answers)
        with capsys.disabled():
            print(f"\n  packaging {reference.name}, wheel names: {len(names)} cases compared, {admitted} admitted, "
                  f"{len(wrong)} differences", end="")
        assert not wrong, "\n".join(map(repr, wrong[:20]))
        assert admitted > 1500 and len(names) - admitted > 1500


def test_project_names(packagings, capsys):
    rng = random.Random(SEED + 1)
    names = NAMES + ["".join(rng.choice("abZ19-_.-_. é") for _ in range(rng.randint(0, 8))) for _ in range(3000)]
    valid = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])", re.IGNORECASE | re.ASCII)  # the pattern of PEP 508
    oracle = Oracle()
    for name in names:
        oracle.ask("valid-name", name.rstrip("\n"))
    for name, answer in zip(names, oracle.answers()):
        name = name.rstrip("\n")
        normal = packagings[-1].utils.canonicalize_name(name)
        assert answer == f"{int(valid.fullmatch(name) is not None)}\t{normal}", name
    with capsys.disabled():
        print(f"\n  packaging {packagings[-1].name}, project names: {len(names)} cases compared", end="")
