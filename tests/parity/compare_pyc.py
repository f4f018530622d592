# SPDX-License-Identifier: MIT
"""Compares .pyc files, run by the interpreter that made them: Python 3.6 to 3.13 and PyPy.

Reads pairs of paths from stdin, each path ended by a NUL. Writes a JSON list to stdout: for each pair null, or what
differs. The time in the header and co_filename are not compared.
"""
import json
import marshal
import os
import sys
import types

CODE_FIELDS = [
    name
    for name in (
        "co_name", "co_qualname", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals",
        "co_stacksize", "co_flags", "co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars",
        "co_firstlineno", "co_linetable", "co_exceptiontable",
    )
    if hasattr(compile("0", "", "exec"), name)
]
if "co_linetable" not in CODE_FIELDS:
    CODE_FIELDS.append("co_lnotab")


def header(data):
    """What counts of a header, and where the code begins."""
    if sys.version_info < (3, 7):
        return {"magic": data[:4], "size": data[8:12]}, 12
    flags = data[4:8]
    fields = {"magic": data[:4], "flags": flags}
    if flags[:1] == b"\0":
        fields["size"] = data[12:16]
    else:
        fields["source hash"] = data[8:16]
    return fields, 16


def differ(one, other, where):
    """None, or where two constants differ."""
    if type(one) is not type(other):
        return "%s: %s and %s" % (where, type(one).__name__, type(other).__name__)
    if isinstance(one, types.CodeType):
        return differ_code(one, other, where)
    if isinstance(one, tuple):
        if len(one) != len(other):
            return "%s: %d and %d items" % (where, len(one), len(other))
        for number, (left, right) in enumerate(zip(one, other)):
            found = differ(left, right, "%s[%d]" % (where, number))
            if found:
                return found
        return None
    if isinstance(one, frozenset):
        return None if sorted(map(tell, one)) == sorted(map(tell, other)) else where + ": other members"
    return None if tell(one) == tell(other) else "%s: %.40s and %.40s" % (where, tell(one), tell(other))


def tell(value):
    """A text that is the same for equal constants of one type only: repr keeps 0.0 and -0.0 apart."""
    return type(value).__name__ + " " + repr(value)


def differ_code(one, other, where):
    """None, or where two code objects differ."""
    for name in CODE_FIELDS:
        if getattr(one, name) != getattr(other, name):
            return "%s.%s" % (where, name)
    return differ(one.co_consts, other.co_consts, where + ".co_consts")


def compare(one, other):
    """None, or what differs between two files."""
    contents = []
    for path in (one, other):
        with open(path, "rb") as stream:
            contents.append(stream.read())
    fields, start = header(contents[0])
    others, _ = header(contents[1])
    for name in sorted(set(fields) | set(others)):
        if fields.get(name) != others.get(name):
            return "header: %s %r and %r" % (name, fields.get(name), others.get(name))
    try:
        codes = [marshal.loads(content[start:]) for content in contents]
    except (EOFError, ValueError, TypeError) as error:
        return "cannot be loaded: %s" % error
    return differ(codes[0], codes[1], "code")


def main():
    """Reads the pairs, writes the answers."""
    paths = [os.fsdecode(path) for path in sys.stdin.buffer.read().split(b"\0")[:-1]]
    answers = [compare(one, other) for one, other in zip(paths[::2], paths[1::2])]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
