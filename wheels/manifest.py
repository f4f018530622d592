# SPDX-License-Identifier: MIT
"""manifest.ini: the wheels of the bundle.

One section for each wheel, named as its file:

    [pip-26.3-py3-none-any.whl]
    name = pip
    version = 26.3
    sha256 = <64 hex digits>
    requires-python = >=3.10
"""

import configparser
import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import namedtuple
from email.parser import HeaderParser

Wheel = namedtuple("Wheel", "filename name version sha256 requires_python")

HEADER = """\
; SPDX-License-Identifier: MIT
; The wheels inside pipseed. Written by wheels/refresh.py; the build takes these files and no others.
"""

KEYS = {"name", "version", "sha256", "requires-python"}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERSION = re.compile(r"[0-9]+(\.[0-9]+)*(\.post[0-9]+)?")
SHA256 = re.compile(r"[0-9a-f]{64}")
SPECIFIER = re.compile(r"[ -~]*")


class Failure(Exception):
    """Something the user must hear of: one message of one or more lines."""


def order(wheel):
    """Sort key: by project, newest first within a project."""
    release, _, post = wheel.version.partition(".post")
    numbers = [int(part) for part in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    # The end marker makes 26 come after 26.0.1 although it is shorter.
    return wheel.name, [-n for n in numbers] + [1], -int(post or -1)


def check(wheel):
    """The first thing that is wrong with a wheel's entry, or None."""
    for pattern, field in ((NAME, "name"), (VERSION, "version"), (SHA256, "sha256"), (SPECIFIER, "requires_python")):
        if not pattern.fullmatch(getattr(wheel, field)):
            return "%s is malformed: %r" % (field.replace("_", "-"), getattr(wheel, field))
    stem = "%s-%s-" % (wheel.name.replace("-", "_"), wheel.version)
    if not wheel.filename.startswith(stem) or not re.fullmatch(r"[a-z0-9_.]+-none-any\.whl", wheel.filename[len(stem):]):
        return "the section should be named %s<python tag>-none-any.whl" % stem
    return None


def read(path):
    """The wheels of a manifest, sorted; Failure names the file and the section."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=(";",))
    wheels = []
    try:
        with open(path, encoding="utf-8") as stream:
            parser.read_file(stream)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise Failure("%s: %s" % (path, " ".join(str(error).split())))
    for section in parser.sections():
        keys = set(parser[section])
        if keys != KEYS:
            odd = ", ".join(sorted(keys ^ KEYS))
            raise Failure("%s: [%s]: missing or unknown keys: %s" % (path, section, odd))
        get = parser[section].get
        wheel = Wheel(section, get("name"), get("version"), get("sha256"), get("requires-python"))
        problem = check(wheel)
        if problem:
            raise Failure("%s: [%s]: %s" % (path, section, problem))
        wheels.append(wheel)
    if not wheels:
        raise Failure("%s: no wheel in it" % path)
    return sorted(wheels, key=order)


def write(wheels):
    """The text of a manifest."""
    text = HEADER
    for wheel in sorted(wheels, key=order):
        text += "\n[%s]\nname = %s\nversion = %s\nsha256 = %s\nrequires-python = %s\n" % wheel
    return text


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def describe(filename, data):
    """The entry of a wheel, from its METADATA."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (member,) = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
            metadata = HeaderParser().parsestr(archive.read(member).decode("utf-8"))
    except (ValueError, zipfile.BadZipFile) as error:
        raise Failure("%s: not a wheel: %s" % (filename, error))
    name = re.sub(r"[-_.]+", "-", metadata["Name"] or "").lower()
    wheel = Wheel(filename, name, metadata["Version"] or "", sha256(data), metadata["Requires-Python"] or "")
    problem = check(wheel)
    if problem:
        raise Failure("%s: %s" % (filename, problem))
    return wheel


def runs_pip(python):
    try:
        return subprocess.run([python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


class Pip:
    """pip as a client of the package index: that of any Python at hand, else one in a temporary environment."""

    def __init__(self, scratch):
        self.python = next((p for p in (sys.executable, "/usr/bin/python3", "python3") if runs_pip(p)), None)
        if self.python is None:
            home = os.path.join(scratch, "pip")
            made = subprocess.run([sys.executable, "-m", "venv", home], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, universal_newlines=True)
            if made.returncode != 0:
                raise Failure("no pip to fetch wheels with, and %s -m venv failed:\n%s\n"
                              "Install python3-venv or python3-pip, or give the wheels with -DPIPSEED_WHEEL_DIR=DIR."
                              % (sys.executable, made.stdout.strip()))
            self.python = os.path.join(home, "bin", "python")

    def download(self, requirement, *options):
        """File name and bytes of the one wheel that the index has for a requirement."""
        with tempfile.TemporaryDirectory(prefix="pipseed-fetch.") as directory:
            done = subprocess.run(
                [self.python, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet",
                 "--no-deps", "--only-binary=:all:", "--dest", directory, *options, requirement],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, universal_newlines=True)
            names = os.listdir(directory)
            if done.returncode != 0 or len(names) != 1:
                raise Failure("pip could not fetch %s:\n%s" % (requirement, done.stdout.strip()))
            with open(os.path.join(directory, names[0]), "rb") as stream:
                return names[0], stream.read()
