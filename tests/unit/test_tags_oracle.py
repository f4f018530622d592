# SPDX-License-Identifier: MIT
"""Tags: the rank that pipseed gives is the index in the list that `packaging.tags` yields for that interpreter."""
import random
import sys
import sysconfig
from dataclasses import dataclass

import pytest
from pep440_oracle import Oracle, references

SEED = 425
MACHINES = ["x86_64", "i686", "aarch64", "armv7l", "armv8l", "ppc64le", "ppc64", "s390x", "riscv64", "loongarch64",
            "mips64"]
# Machines that packaging 23.0 does not know, or treats otherwise.
NEW_MACHINES = {"armv8l", "riscv64", "loongarch64"}
JUNK_PYTHONS = ["py2", "py2.py3", "py4", "cp27", "cp399", "cp", "py", "pp27", "CP313", "Py3", "jy27", "cp3",
                "py310", "py39"]
JUNK_ABIS = ["none", "NONE", "abi3", "abi3t", "abi4", "cp313t", "cp313", "cp313d", "cp27mu", "cp36m", "cp37", "cp38m",
             "pypy39_pp73", "pypy310_pp73", "no", "nonee", "abi3.none"]
JUNK_PLATFORMS = ["any", "ANY", "an", "win_amd64", "linux", "linux_", "manylinux1", "manylinux_2_17",
                  "manylinux_2_017_x86_64", "manylinux_3_0_x86_64", "manylinux_2_50_x86_64", "manylinux_2_4_x86_64",
                  "musllinux_1_1_x86_64", "manylinux1_x86_64.manylinux_2_5_x86_64", "manylinux2014_aarch64",
                  "manylinux2010_aarch64", "macosx_11_0_arm64", "Linux_X86_64", "any.linux_x86_64",
                  "musllinux_1_2_aarch64"]


@dataclass(frozen=True)
class Facts:
    implementation: str
    major: int
    minor: int
    platform: str = "linux_x86_64"
    libc: str = "glibc"
    libc_version: tuple = (2, 36)
    threaded: bool = False
    pypy: tuple = (0, 0)

    def fields(self):
        return (self.implementation, self.major, self.minor, *self.pypy, int(self.threaded), self.platform, self.libc,
                *self.libc_version)


def all_facts():
    found = [Facts("cpython", 3, minor) for minor in range(6, 15)]
    found += [Facts("cpython", 3, minor, threaded=True) for minor in (12, 13, 14, 15)]
    found += [Facts("pypy", 3, minor, pypy=(7, 3)) for minor in (6, 9, 10)] + [Facts("pypy", 3, 11, pypy=(8, 0))]
    found += [Facts("pypy", 3, 9), Facts("graalpy", 3, 11), Facts("ironpython", 3, 4)]
    found += [Facts("cpython", 3, 13, f"linux_{machine}") for machine in MACHINES]
    found += [Facts("cpython", 3, 12, f"linux_{machine}", "musl", (1, minor)) for machine in MACHINES
              for minor in (0, 2, 5)]
    found += [Facts("cpython", 3, 11, f"linux_{machine}", "glibc", version) for machine in ("x86_64", "aarch64", "i686")
              for version in ((2, 4), (2, 5), (2, 12), (2, 16), (2, 17), (2, 41), (3, 1), (4, 0))]
    found += [Facts("cpython", 3, 11, "linux_x86_64", "none", (0, 0)),
              Facts("pypy", 3, 10, "linux_aarch64", "musl", (1, 2), pypy=(7, 3)),
              Facts("cpython", 3, 12, "freebsd_14_0_release_amd64", "none", (0, 0)),
              Facts("cpython", 3, 13, "linux_aarch64", threaded=True)]
    return found


def platforms(reference, facts, monkeypatch):
    """What packaging would yield on that machine, in the order of 26.3: linux_* before manylinux and musllinux."""
    many, musl = reference._manylinux, reference._musllinux
    glibc = facts.libc_version if facts.libc == "glibc" else (-1, -1)
    monkeypatch.setattr(many, "_get_glibc_version", lambda: many._GLibCVersion(*glibc))
    for name in ("_is_linux_armhf", "_is_linux_i686"):
        monkeypatch.setattr(many, name, lambda *_: True)
    monkeypatch.setattr(musl, "_get_musl_version",
                        lambda _: musl._MuslVersion(*facts.libc_version) if facts.libc == "musl" else None)
    monkeypatch.setattr(sysconfig, "get_platform", lambda: facts.platform.replace("_", "-", 1))
    if not facts.platform.startswith("linux_"):
        return list(reference.tags._generic_platforms())
    found = list(reference.tags._linux_platforms(is_32bit=False))
    return sorted(found, key=lambda name: not name.startswith("linux_")) if reference.release < (26, 3) else found


def tags(reference, facts, monkeypatch):
    """sys_tags() as it would be there, or None when this release of packaging does not know such an interpreter."""
    lib = reference.tags
    machine = facts.platform.split("_", 1)[1]
    if reference.release < (26, 1) and (facts.threaded or machine in NEW_MACHINES):
        return None
    pypy = "pypy{}{}-pp{}{}".format(facts.major, facts.minor, *facts.pypy)
    variables = {"Py_DEBUG": 0, "WITH_PYMALLOC": 1, "Py_GIL_DISABLED": int(facts.threaded),
                 "EXT_SUFFIX": f".{pypy}-{machine}-linux-gnu.so"}
    monkeypatch.setattr(lib, "_get_config_var", lambda name, warn=False: variables[name])
    version = (facts.major, facts.minor)
    names = platforms(reference, facts, monkeypatch)
    short = lib.INTERPRETER_SHORT_NAMES.get(facts.implementation, facts.implementation)
    interpreter = f"{short}{facts.major}{facts.minor}"
    if short == "cp":
        found = list(lib.cpython_tags(version, platforms=names))
        return found + list(lib.compatible_tags(version, interpreter, names))
    abis = None if facts.pypy[0] else []
    found = list(lib.generic_tags(interpreter, abis, names))
    return found + list(lib.compatible_tags(version, "pp3" if short == "pp" else None, names))


@pytest.fixture(scope="module")
def packagings():
    Oracle()  # skips without a build
    return references()


def draw_set(rng, known, junk):
    return ".".join(rng.choice(rng.choice([known, known, junk])) for _ in range(rng.choice([1, 1, 2, 3])))


def best_rank(ranks, python, abi, platform):
    found = [ranks.get((p, a, s)) for p in python.lower().split(".") for a in abi.lower().split(".")
             for s in platform.lower().split(".")]
    return min((rank for rank in found if rank is not None), default=-1)


def test_ranks(packagings, monkeypatch, capsys):
    for reference in packagings:
        rng = random.Random(SEED)
        oracle, expected, unknown = Oracle(), [], 0
        for facts in all_facts():
            with monkeypatch.context() as patch:
                supported = tags(reference, facts, patch)
            if supported is None:
                unknown += 1
                continue
            triples = [(tag.interpreter, tag.abi, tag.platform) for tag in supported]
            ranks = {triple: rank for rank, triple in reversed(list(enumerate(triples)))}
            assert len(ranks) == len(triples)
            sets = triples[:60] + triples[-60:] + rng.sample(triples, min(100, len(triples)))
            known = [sorted(set(column)) for column in zip(*triples)]
            sets += [tuple(draw_set(rng, *lists) for lists in zip(known, (JUNK_PYTHONS, JUNK_ABIS, JUNK_PLATFORMS)))
                     for _ in range(400)]
            for triple in sets:
                oracle.ask("rank", *facts.fields(), *triple)
                expected.append((facts, triple, best_rank(ranks, *triple)))
        wrong = [(case, answer) for case, answer in zip(expected, oracle.answers()) if str(case[2]) != answer]
        with capsys.disabled():
            print(f"\n  packaging {reference.name}, ranks: {len(expected)} cases of {len(all_facts()) - unknown} "
                  f"interpreters compared, {len(wrong)} differences; {unknown} interpreters are unknown to it", end="")
        assert not wrong, "\n".join(map(repr, wrong[:20]))
        assert sum(rank < 0 for _, _, rank in expected) > 2000


def test_this_interpreter(packagings, capsys):
    """Nothing simulated: sys_tags() of the interpreter that runs this. Before 26.3 only the order is another one."""
    for reference in packagings:
        libc, version = "glibc", tuple(reference._manylinux._get_glibc_version())
        if version[0] < 0:
            libc, version = "none", (0, 0)
        facts = Facts(sys.implementation.name, *sys.version_info[:2],
                      sysconfig.get_platform().replace("-", "_").replace(".", "_"), libc, version)
        supported = list(reference.tags.sys_tags())
        oracle = Oracle()
        for tag in supported:
            oracle.ask("rank", *facts.fields(), tag.interpreter, tag.abi, tag.platform)
        ranks = [int(answer) for answer in oracle.answers()]
        assert (ranks if reference.release >= (26, 3) else sorted(ranks)) == list(range(len(supported)))
        with capsys.disabled():
            print(f"\n  packaging {reference.name}, sys_tags() as it is here: {len(supported)} tags compared", end="")
