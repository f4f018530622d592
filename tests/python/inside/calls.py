# SPDX-License-Identifier: MIT
"""Evaluates expressions in which `pipseed` is the package: calls.py ["EXPRESSION", ...]. Prints a list: of each result all
fields by name, or of the exception what a program can see of it."""
import json
import os  # noqa: F401  # for expressions
import sys

import pipseed


def plain(value):
    """Without tuples; a NamedTuple says what it is."""
    if hasattr(value, "_fields"):
        return {"class": type(value).__name__, **{name: plain(getattr(value, name)) for name in value._fields}}
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def evaluate(expression):
    """Result or exception."""
    try:
        return plain(eval(expression))
    except pipseed.Error as error:
        return {"class": type(error).__name__, "str": str(error), **vars(error)}
    except BaseException as error:  # KeyboardInterrupt, too
        return {"class": type(error).__name__, "str": str(error)}


print(json.dumps([evaluate(expression) for expression in json.loads(sys.argv[1])]))
