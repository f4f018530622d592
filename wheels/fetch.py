# SPDX-License-Identifier: MIT
"""Fetch the wheels that manifest.ini pins, check them, and write the two files that embed them.

A wheel comes from --wheel-dir, or from --cache when it is there already, or from the package index by name and version.
Whatever it comes from, a wrong sha256 ends the build.
"""

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import manifest  # noqa: E402

TABLE = """\
/* SPDX-License-Identifier: MIT */
/* Written by wheels/fetch.py from manifest.ini. */
#include "wheels/bundle.h"

%(declarations)s
const struct bundle_wheel bundle_wheels[] = {
%(rows)s};
const size_t n_bundle_wheels = %(count)d;
"""

DECLARATION = 'extern const unsigned char bundle_data_%d[] __attribute__((visibility("hidden")));\n'

ROW = """\
        {
                .filename = %s,
                .project = %s,
                .version = %s,
                .requires_python = %s,
                .sha256 = {%s},
                .data = %s,
                .size = %d,
        },
"""

DATA = """\
/* SPDX-License-Identifier: MIT */
/* Written by wheels/fetch.py from manifest.ini. */
        .section .rodata.bundle, "a", %progbits
"""

BLOB = """\
        .balign 16
        .globl bundle_data_%(i)d
        .hidden bundle_data_%(i)d
        .type bundle_data_%(i)d, %%object
bundle_data_%(i)d:
        .incbin %(path)s
        .size bundle_data_%(i)d, . - bundle_data_%(i)d
"""

DATA_END = '        .section .note.GNU-stack, "", %progbits\n'


def quote(text):
    """A C or assembler string literal."""
    return '"%s"' % "".join("\\%03o" % b if b in b'"\\' or b < 32 or b > 126 else chr(b) for b in os.fsencode(text))


def select(wheels, bundle):
    """The wheels that --bundle names: all, none, or NAME-VERSION separated by blanks, commas or semicolons."""
    wanted = bundle.replace(",", " ").replace(";", " ").split()
    if wanted == ["all"]:
        return wheels
    if wanted == ["none"]:
        return []
    known = {"%s-%s" % (w.name, w.version): w for w in wheels}
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise manifest.Failure("PIPSEED_BUNDLE: no such wheel: %s\nIt takes all, none, or some of: %s"
                               % (" ".join(unknown) or "(empty)", " ".join(known)))
    return [w for w in wheels if "%s-%s" % (w.name, w.version) in wanted]


def demand(wheel, data, source):
    found = manifest.sha256(data)
    if found != wheel.sha256:
        raise manifest.Failure("%s: %s is not the file that the manifest pins\n  expected sha256 %s\n  found    sha256 %s\n"
                               "Do not use this file. If it should be another one, run wheels/refresh.py and review its diff."
                               % (source, wheel.filename, wheel.sha256, found))
    return data


def read_file(path):
    with open(path, "rb") as stream:
        return stream.read()


def write_file(path, data):
    """By rename: another build may share the directory."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def from_dir(directory, wheels):
    result = []
    for wheel in wheels:
        path = os.path.join(directory, wheel.filename)
        try:
            result.append(demand(wheel, read_file(path), path))
        except OSError as error:
            raise manifest.Failure("PIPSEED_WHEEL_DIR: %s: %s\nThe directory must hold: %s"
                                   % (path, error.strerror, " ".join(w.filename for w in wheels)))
    return result


def cached(cache, wheel):
    try:
        data = read_file(os.path.join(cache, wheel.filename))
    except OSError:
        return None
    return data if manifest.sha256(data) == wheel.sha256 else None


def from_index(cache, wheels):
    result = {wheel: cached(cache, wheel) for wheel in wheels}
    missing = [wheel for wheel in wheels if result[wheel] is None]
    if missing:
        with tempfile.TemporaryDirectory(prefix="pipseed-fetch.") as scratch:
            pip = manifest.Pip(scratch)

            # The Python that builds is not the one that will be seeded.
            def fetch(wheel):
                _, data = pip.download("%s==%s" % (wheel.name, wheel.version), "--ignore-requires-python")
                return demand(wheel, data, "package index")

            with ThreadPoolExecutor(4) as pool:
                for wheel, data in zip(missing, pool.map(fetch, missing)):
                    write_file(os.path.join(cache, wheel.filename), data)
                    result[wheel] = data
    return [result[wheel] for wheel in wheels]


def embed(output, wheels, contents):
    declarations = rows = ""
    blobs = DATA
    for i, (wheel, data) in enumerate(zip(wheels, contents)):
        path = os.path.join(output, wheel.filename)
        write_file(path, data)
        digest = ", ".join("0x%02x" % b for b in bytes.fromhex(wheel.sha256))
        declarations += DECLARATION % i
        rows += ROW % (quote(wheel.filename), quote(wheel.name), quote(wheel.version), quote(wheel.requires_python),
                       digest, "bundle_data_%d" % i, len(data))
        blobs += BLOB % {"i": i, "path": quote(path)}
    # C has no empty arrays: an empty bundle is one row that the count leaves out.
    table = TABLE % {"declarations": declarations, "rows": rows or "        {0},\n", "count": len(wheels)}
    write_file(os.path.join(output, "bundle_table.c"), table.encode())
    write_file(os.path.join(output, "bundle_data.S"), (blobs + DATA_END).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", default="all", help="all, none, or names such as pip-26.3")
    parser.add_argument("--wheel-dir", help="take the wheels from this directory only")
    parser.add_argument("--cache", help="keep wheels from the index here")
    parser.add_argument("--output", required=True, help="directory for bundle_table.c, bundle_data.S and the wheels")
    parser.add_argument("manifest")
    args = parser.parse_args()
    output = os.path.abspath(args.output)
    try:
        wheels = select(manifest.read(args.manifest), args.bundle)
        if args.wheel_dir:
            contents = from_dir(args.wheel_dir, wheels)
        else:
            contents = from_index(args.cache or output, wheels)
        embed(output, wheels, contents)
    except manifest.Failure as failure:
        sys.exit("pipseed: error: %s" % failure)


if __name__ == "__main__":
    main()
