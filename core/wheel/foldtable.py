#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes foldtable.c: what fold.c makes of each character. Run by hand for a newer Unicode: ./foldtable.py >foldtable.c"""

import unicodedata

HANGUL = range(0xAC00, 0xD7A4)  # by arithmetic in fold.c


def folded(character):
    """As a caseless match of canonical equivalents does it: Unicode, section 3.13, D145."""
    text = unicodedata.normalize("NFD", character)
    return unicodedata.normalize("NFD", text.casefold())


def main():
    codes = [c for c in [*range(0x80, 0xD800), *range(0xFB00, 0xFB07)] if c not in HANGUL]
    rows = [(code, folded(chr(code))) for code in codes if folded(chr(code)) != chr(code)]
    blob = bytearray()
    items = []
    for code, text in rows:
        data = text.encode() + b"\0"
        at = bytes(blob).find(data)
        if at < 0:
            at = len(blob)
            blob += data
        items.append(f"{{{code},{at}}}")
    print("/* SPDX-License-Identifier: MIT */")
    print(f"/* Written by foldtable.py, from Unicode {unicodedata.unidata_version}. */")
    print('#include "foldtable.h"\n')
    print("/* clang-format off */")
    print("const struct fold_row fold_rows[] = {")
    print_wrapped([item + "," for item in items], "")
    print("};\n")
    print("const size_t n_fold_rows = sizeof(fold_rows) / sizeof(fold_rows[0]);\n")
    print("const unsigned char fold_texts[] = {")
    print_wrapped([f"{byte}," for byte in blob], "")
    print("};")
    print("/* clang-format on */")


def print_wrapped(items, separator):
    line = ""
    for item in items:
        if len(line) + len(item) > 118:
            print(line.rstrip())
            line = ""
        line += item + separator
    print(line.rstrip())


main()
