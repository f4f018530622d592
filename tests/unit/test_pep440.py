# SPDX-License-Identifier: MIT
"""Versions and specifiers: pipseed against `packaging`, over generated cases, valid and invalid."""
import random
from collections import Counter

import pytest
from pep440_oracle import Oracle, references

SEED = 440
EPOCHS = ["", "", "", "0!", "1!", "02!", "99999999999999999999!"]
RELEASES = ["0", "1", "1.0", "1.0.0", "1.1", "1.0.1", "2", "01.00", "10.0", "1.2.3.4.5", "1.9", "1.10", "2024.12.31",
            "18446744073709551616", "1.18446744073709551616", "1.18446744073709551617", "1.100000000000000000000000000"]
PRES = ["", "", "", "a1", "b2", "rc1", "c1", "rc", "a", ".alpha-1", "-BETA.2", "_preview_3", "pre", "a01", "rc10", "b.",
        "RC2", "alpha0", "a2"]
POSTS = ["", "", "", "-1", ".post1", ".post", "r2", "-rev_3", "POST01", ".post10", ".post2", "-0"]
DEVS = ["", "", "", ".dev0", "dev1", "-dev_2", ".DEV", ".dev10", "_dev-"]
LOCALS = ["", "", "", "", "+abc", "+abc.1", "+1", "+01.ABC-x_2", "+ubuntu.10", "+abc.01", "+2a", "+abc.def", "+10"]
BLANKS = ["", "", "", "", "", " ", "\t", "\n ", "\u00a0", "\x1c", "\u3000"]
OPERATORS = ["===", "==", "!=", "~=", "<=", ">=", "<", ">"]
NOISE = list(".-_+!vVabcrpostdev0123*~=<>,;) \n\t") + ["\u00a0", "\u2009", "\x1f", "é", "ſ", "١", "\\", "post",
                                                       "dev", "rc"]
# What the exclusive and wildcard rules turn on: one release and its neighbours with every kind of suffix.
FAMILY = [release + suffix + local for release in ("1.0", "1", "1.0.0", "1.1", "0.9", "1!1.0", "1.0.1")
          for suffix in (".dev0", ".dev1", "a0.dev0", "a0", "a1.dev1", "a1", "a1.post1.dev2", "a1.post1", "a2.dev0",
                         "a2", "b1", "rc1.dev3", "rc1", "", ".post0.dev0", ".post0", ".post1.dev1", ".post1",
                         ".post2.dev0", ".post2")
          for local in ("", "+local", "+1")]
EDGES = ["", ".", "v", "1.", ".1", "1..0", "1.0.", "1.0-", "1.0a-", "1.0.dev.", "1.0+", "1.0+.a", "1.0+a.",
         "1.0+a..b", "1.0+_", "1.0-1-1", "1.0post1-1", "1.0a-1-1", "1.0a--1", "1.0a-post1", "1.0a.-post.-dev", "!1",
         "1!", "1!!1", "vv1", "v 1", "1 .0", "1.0 a1", "+a", "1+a+b", "1.0rev", "1.0r", "1.0rc", "1.0c",
         "1.0preview1", "1.0prev1", "1.0a1b1", "1.0dev1a1", "1.0.dev1.post1", "1.0.post1a1", "1.0.*", "*", "lolwat",
         "1.0-x", "0", "00", "0!0", "1.0\n", "\n1.0", "١.0", "1.0poſt1", "1.0+ſ", "1.0+é", "V1", "1_0", "1-0",
         "1.0--1", "1.0-1.dev", "1.0_1", "1.0.1-dev", "1.0a1.", "1.0post.", "1.0_"]


def draw_version(rng):
    if rng.random() < 0.3:
        return rng.choice(FAMILY)
    core = "".join(rng.choice(part) for part in (EPOCHS, RELEASES, PRES, POSTS, DEVS, LOCALS))
    return rng.choice(BLANKS) + rng.choice(["", "", "", "v", "V"]) + core + rng.choice(BLANKS)


def mutate(rng, text):
    for _ in range(rng.randint(1, 2)):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(NOISE + [""]) + text[at + rng.randint(0, 1):]
    return text


def draw_clause(rng):
    operator = rng.choice(OPERATORS)
    version = draw_version(rng)
    if operator in ("==", "!=") and rng.random() < 0.4:
        version = rng.choice(EPOCHS) + rng.choice(RELEASES) + ".*"
    elif operator not in ("==", "!=", "==="):
        version = version.split("+")[0]
    return rng.choice(BLANKS) + operator + rng.choice(BLANKS) + version


def draw_specifier(rng):
    return rng.choice([",", ", ", " ,, "]).join(draw_clause(rng) for _ in range(rng.choice([1, 1, 1, 2, 3])))


def parse(reference, text):
    try:
        return reference.version.Version(text)
    except reference.version.InvalidVersion:
        return None


def parse_set(reference, text):
    try:
        return reference.specifiers.SpecifierSet(text)
    except reference.specifiers.InvalidSpecifier:
        return None


@pytest.fixture(scope="module")
def packagings():
    Oracle()  # skips without a build
    return references()


@pytest.fixture
def report(capsys):
    def show(text):
        with capsys.disabled():
            print(f"\n  {text}", end="")

    return show


def check(what, cases, answers, expected_of, report):
    """Compare each answer; expected_of gives what is right, or a reason why this reference does not count."""
    counts, wrong = Counter(), []
    for case, answer in zip(cases, answers):
        expected = expected_of(*case)
        if isinstance(expected, str) and expected.startswith("known: "):
            counts[expected] += 1
            continue
        counts["compared"] += 1
        counts[f"answer {answer}"] += 1
        if answer != expected:
            wrong.append((case, answer, expected))
    known = ", ".join(f"{n} left out ({reason[7:]})" for reason, n in sorted(counts.items()) if reason[:7] == "known: ")
    report(f"{what}: {counts['compared']} cases compared, {len(wrong)} differences" + (f"; {known}" if known else ""))
    assert not wrong, "\n".join(map(repr, wrong[:40]))
    return counts


def test_versions(packagings, report):
    rng = random.Random(SEED)
    texts = EDGES + FAMILY + [draw_version(rng) for _ in range(4000)]
    texts += [mutate(rng, rng.choice(texts)) for _ in range(4000)]
    oracle = Oracle()
    for text in texts:
        oracle.ask("normalize", text)
    answers = oracle.answers()
    for reference in packagings:
        counts = check(f"packaging {reference.name}, normalised versions", [(text,) for text in texts], answers,
                       lambda text: known_letter(reference, text) or str(parse(reference, text) or "invalid"), report)
        assert counts["compared"] >= 7500 and counts["answer invalid"] >= 1000


def known_letter(reference, text):
    """re.IGNORECASE takes U+017F for an s: so does packaging before 26.0, and 26.3 still behind "~="."""
    if "ſ" in text and (reference.release < (26, 0) or "~=" in text):
        return "known: U+017F taken for the letter s"
    return None


def test_order(packagings, report):
    rng = random.Random(SEED + 1)
    pairs = [(draw_version(rng), draw_version(rng)) for _ in range(4000)]
    pairs += [(rng.choice(FAMILY), rng.choice(FAMILY)) for _ in range(4000)]
    pairs += [(mutate(rng, a), b) for a, b in pairs[:500]]
    pairs += [(b, a) for a, b in pairs] + [(a, a) for a in FAMILY]
    oracle = Oracle()
    for pair in pairs:
        oracle.ask("compare", *pair)
    answers = oracle.answers()

    def order(a, b):
        a, b = parse(reference, a), parse(reference, b)
        if a is None or b is None:
            return "invalid"
        return "<" if a < b else ">" if a > b else "="

    for reference in packagings:
        counts = check(f"packaging {reference.name}, pairs in both orders", pairs, answers,
                       lambda a, b: known_letter(reference, a + b) or order(a, b), report)
        assert min(counts[f"answer {order}"] for order in "<=>") >= 300 and counts["answer invalid"] >= 100


def test_sorting_is_total(packagings, report):
    """Sorting all of the family by pipseed's order is sorting it by that of packaging."""
    texts = sorted(set(FAMILY))
    oracle = Oracle()
    for a in texts:
        for b in texts:
            oracle.ask("compare", a, b)
    answers = iter(oracle.answers())
    smaller = {a: sum(next(answers) == "<" for _ in texts) for a in texts}
    for reference in packagings:
        version = reference.version.Version
        above = {a: sum(version(a) < version(b) for b in texts) for a in texts}
        assert smaller == above
        report(f"packaging {reference.name}, order of {len(texts)} related versions: {len(texts) ** 2} pairs compared")


def test_specifier_syntax(packagings, report):
    rng = random.Random(SEED + 2)
    texts = ["", ",", " , ", ">=1,", "==1.0.*", "!=1.*", "~=1", "~=1.0", "~=1!1", ">=1.*", ">=1.0+x", "<1+x",
             "~=1.0+x", "==1.0+x", "==1.0a1.*", "==1.0+x.*", "==*", "==.*", "== 1.0 .*", "=1", "1.0", "===", "=== ",
             "===x y", "===;", "===a)", "===1.*", "====1", ">==1", "=>1", "><1", "> =1", "<>1", "~1", "!1", "!==1",
             "~=1.0.*", "==1.0.post1.*", "==1..*", "==1.*.*"]
    texts += [operator + text for operator in OPERATORS for text in EDGES]
    texts += [draw_specifier(rng) for _ in range(4000)]
    texts += [mutate(rng, rng.choice(texts)) for _ in range(4000)]
    oracle = Oracle()
    for text in texts:
        oracle.ask("parse-spec", text)
    answers = oracle.answers()
    for reference in packagings:
        counts = check(f"packaging {reference.name}, syntax of specifiers", [(text,) for text in texts], answers,
                       lambda text: known_letter(reference, text) or
                       ("ok" if parse_set(reference, text) is not None else "bad-specifier"), report)
        assert counts["answer ok"] >= 2000 and counts["answer bad-specifier"] >= 1000


def clauses(text):
    """(operator, version) of each clause of a valid set."""
    for clause in text.split(","):
        clause = clause.strip()
        if clause:
            operator = next(operator for operator in OPERATORS if clause.startswith(operator))
            yield operator, clause[len(operator):].strip()


def known_match_difference(reference, text, spec, pre):
    """Where packaging before 26.0 gives another answer than 26.3, which is the one that pipseed gives (version.h)."""
    if reference.release >= (26, 0):
        return None
    version = parse(reference, text)
    for operator, bound_text in clauses(spec):
        if operator == "===":
            return "known: === compares the normalised version"
        if operator == "~=" and bound_text.split("+")[0] != str(parse(reference, bound_text)):
            return "known: ~= with another spelling of a suffix"
        if (operator == "~=" or bound_text.endswith(".*")) and \
                (version.epoch or parse(reference, bound_text.removesuffix(".*")).epoch):
            return "known: prefixes under an epoch"
        if operator not in ("<", ">"):
            continue
        bound = parse(reference, bound_text)
        if pre == "auto" and bound.is_prerelease and version.is_prerelease:
            return "known: < or > that names a pre-release"
        related = parse(reference, version.base_version) == parse(reference, bound.base_version)
        if related and operator == "<" and bound.is_postrelease and version.is_prerelease:
            return "known: <V.postN and a pre-release of V"
        if related and operator == ">" and (bound.is_prerelease or bound.is_postrelease) and \
                (version.is_postrelease or version.local):
            return "known: > of a suffix and another version of that release"
    return None


def match(reference, text, spec, pre):
    if parse(reference, text) is None:
        return "bad-version"
    chosen = parse_set(reference, spec)
    if chosen is None:
        return "bad-specifier"
    known = known_match_difference(reference, text, spec, pre)
    if known is not None:
        return known
    if pre == "auto" and reference.release < (26, 0):
        return str(int(chosen.contains(text)))
    allowed = {"auto": bool(chosen.prereleases), "yes": True, "no": False}[pre]
    if pre == "yes" and reference.release >= (26, 0):
        assert chosen.contains(text) == chosen.contains(text, prereleases=True)
    return str(int(chosen.contains(text, prereleases=allowed)))


def test_matches(packagings, report):
    rng = random.Random(SEED + 3)
    pairs = [(rng.choice(FAMILY), rng.choice(OPERATORS) + rng.choice(FAMILY)) for _ in range(6000)]
    pairs += [(version, operator + bound.split("+")[0]) for operator in ("<", ">") for bound in FAMILY[:60:3]
              for version in FAMILY[:60]]
    pairs += [(version, operator + bound + ".*") for operator in ("==", "!=") for bound in ("1", "1.0", "1.0.0.0",
                                                                                            "0!1.00", "1!1")
              for version in FAMILY]
    pairs += [(version, "") for version in FAMILY]
    pairs += [(draw_version(rng), draw_specifier(rng)) for _ in range(4000)]
    pairs += [(mutate(rng, version), mutate(rng, spec)) for version, spec in pairs[-1000:]]
    oracle = Oracle()
    cases = [(text, spec, pre) for text, spec in pairs for pre in ("auto", "yes", "no")]
    for case in cases:
        oracle.ask("admit", *case)
    for text, spec in pairs:
        oracle.ask("match", text, spec)
    answers = oracle.answers()
    assert answers[len(cases):] == answers[0:len(cases):3], "pipseed_version_matches is not SPECIFIER_PRE_AUTO"
    for reference in packagings:
        counts = check(f"packaging {reference.name}, matches", cases, answers,
                       lambda *case: known_letter(reference, case[0] + case[1]) or match(reference, *case), report)
        assert counts["answer 1"] >= 4000 and counts["answer 0"] >= 4000
        assert counts["answer bad-version"] >= 100 and counts["answer bad-specifier"] >= 100


def test_pins(packagings, report):
    """A bare version is "==" that version; "newest" is no restriction; the rest is a specifier."""
    rng = random.Random(SEED + 4)
    pairs = [(rng.choice(FAMILY), rng.choice(FAMILY)) for _ in range(1500)]
    pairs += [(bound, bound) for bound in FAMILY]
    pairs += [(draw_version(rng), rng.choice(["newest", " newest ", "", "Newest", draw_version(rng),
                                              draw_specifier(rng)]))
              for _ in range(1500)]
    oracle = Oracle()
    for pair in pairs:
        oracle.ask("pin", *pair)
    answers = oracle.answers()

    def expected(text, pin):
        bound = parse(reference, pin)
        spec = "" if pin.strip() == "newest" else pin if bound is None else f"=={bound}"
        return known_letter(reference, text + pin) or match(reference, text, spec, "auto")

    for reference in packagings:
        counts = check(f"packaging {reference.name}, pins", pairs, answers, expected, report)
        assert counts["answer 1"] >= 300 and counts["answer 0"] >= 300
