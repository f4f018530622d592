# SPDX-License-Identifier: MIT
"""The table on stdout, the JSON file and the picture for the README."""
import html
import json
from pathlib import Path


def judge(target, samples, numbers):
    """(value or None, verdict) of a target."""
    if target.over == "":
        value = numbers.get(target.value)
    else:
        upper, lower = samples.get(target.value), samples.get(target.over)
        if upper is None or lower is None or upper.median is None or lower.median is None:
            return None, "not measured"
        value = upper.median / lower.median
    if value is None:
        return None, "not measured"
    return value, "pass" if value <= target.limit else "FAIL"


def show_bound(limit, unit):
    """0.0667 as 1/15."""
    if unit == "x" and limit < 0.1:
        return f"1/{round(1 / limit)}"
    return f"{limit:g}" if unit == "x" else f"{limit:g} {unit}"


def show_value(value, unit):
    """As the bound is shown."""
    if value is None:
        return "-"
    if unit == "x":
        return f"1/{1 / value:.0f}" if value < 0.1 else f"{value:.2f}"
    return f"{value:.0f} {unit}" if unit == "times" else f"{value:.1f} {unit}"


def print_table(groups, samples, targets, numbers):
    """Medians of each group, then the targets."""
    for title, names in groups:
        if not names:
            continue
        print(f"\n{title}\n{'':4}{'':58}{'median':>11}{'quartiles':>22}{'cpu':>12}{'ratio':>8}")
        first = next((samples[name].median for name in names if samples[name].median), None)
        for name in names:
            each = samples[name]
            if each.median is None:
                print(f"    {each.title:58}cannot run: {each.problem}")
                continue
            low, high = each.spread
            cpu = sorted(each.cpu)[len(each.cpu) // 2]
            print(f"    {each.title:58}{each.median:8.2f} ms{low:11.2f} ..{high:8.2f}{cpu:9.2f} ms"
                  f"{each.median / first:8.2f}")
    print(f"\n{'target':66}{'found':>12}{'at most':>12}")
    for target in targets:
        value, verdict = judge(target, samples, numbers)
        print(f"{target.text:66}{show_value(value, target.unit):>12}{show_bound(target.limit, target.unit):>12}  {verdict}")


def write_json(path, machine, groups, samples, targets, numbers):
    """Everything, also the single samples."""
    document = {
        "machine": machine,
        "numbers": numbers,
        "groups": [{"title": title, "cases": names} for title, names in groups],
        "cases": {name: {"title": each.title, "median_ms": each.median, "wall_ms": each.wall, "cpu_ms": each.cpu,
                         "problem": each.problem or None} for name, each in samples.items()},
        "targets": [],
    }
    for target in targets:
        value, verdict = judge(target, samples, numbers)
        document["targets"].append({"text": target.text, "value": value, "limit": target.limit, "unit": target.unit,
                                    "verdict": verdict})
    Path(path).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


PICTURE = [
    ("a new environment with pip, everything cached", ["venv.pipseed", "venv.uv", "venv.virtualenv", "venv.python"]),
    ("the same, and the first pip --version in it", ["first.pipseed", "first.uv"]),
    ("a new environment with pip, nothing cached, bytecode included", ["cold.pipseed", "cold.uv", "cold.python"]),
]

# Colours for both backgrounds: a picture in a page cannot see the page's theme, only the reader's preference.
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.note { font-size: 11px; fill: #59636e }
.bar { fill: #9aa4af }
.ours { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .bar { fill: #656c76 }
  .ours { fill: #3fb950 }
}
"""

WIDTH, LABEL, BAR, ROW = 760, 320, 340, 22


def show_time(milliseconds):
    """Three digits."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms"


def draw(path, samples, note):
    """Bars of the medians; each group has its own scale, that begins at zero."""
    parts, y = [], 10
    for title, names in PICTURE:
        rows = [samples[name] for name in names if name in samples and samples[name].median]
        if not rows:
            continue
        longest = max(row.median for row in rows)
        y += 18
        parts.append(f'<text class="head" x="8" y="{y}">{html.escape(title)}</text>')
        y += 8
        for row in rows:
            length = max(row.median / longest * BAR, 1)
            ours = " ours" if row.title.startswith("pipseed") else ""
            label = row.title.split(",")[0]
            parts.append(f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{html.escape(label)}</text>'
                         f'<rect class="bar{ours}" x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 6}" rx="2"/>'
                         f'<text x="{LABEL + length + 6:.1f}" y="{y + 15}">{show_time(row.median)}</text>')
            y += ROW
        y += 8
    y += 14
    parts.append(f'<text class="note" x="8" y="{y}">{html.escape(note)}</text>')
    y += 12
    described = "Median times of making a Python environment with pip, with pipseed and its peers"
    Path(path).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" '
        f'aria-label="{described}">\n<title>{described}</title>\n<style>{STYLE}</style>\n' + "\n".join(parts) +
        "\n</svg>\n", encoding="utf-8")
