# SPDX-License-Identifier: MIT
"""The functions and the command line of ensurepip, implemented by pipseed."""

from __future__ import annotations

import sys

from . import _pipseed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._results import Package
    from ._settings import Setting, StrPath


def version() -> str:
    """See pipseed.version."""
    newest = _pipseed.newest(".".join(str(number) for number in sys.version_info[:3]))
    if newest is None:
        raise LookupError("no wheel of pip matches this Python and the policy; run: pipseed wheels list")
    return newest


def _tell(kind: str, text: str, _done: int, _total: int) -> None:
    if kind == "warning":
        print(f"WARNING: {text}", file=sys.stderr)
    elif kind not in ("progress", "tick"):
        print(f"  {text}")


def _removal(package: Package) -> list[str]:
    if package.previous_version is None:
        return []
    return [
        f"  Attempting uninstall: {package.name}",
        f"    Found existing installation: {package.name} {package.previous_version}",
        f"    Uninstalling {package.name}-{package.previous_version}:",
        f"      Successfully uninstalled {package.name}-{package.previous_version}",
    ]


def _report(packages: Sequence[Package]) -> list[str]:
    """Return the lines that pip would print: some scripts search for them."""
    done = [package for package in packages if package.action != "none"]
    lines = [f"Processing {package.wheel}" for package in done]
    lines += [
        f"Requirement already satisfied: {package.name} in {package.location} ({package.version})"
        for package in packages
        if package.action == "none"
    ]
    if done:
        lines.append("Installing collected packages: " + ", ".join(package.name for package in done))
        for package in done:
            lines += _removal(package)
        installed = sorted(f"{package.name}-{package.version}" for package in done)
        lines.append("Successfully installed " + " ".join(installed))
    return lines


def _detail(packages: Sequence[Package]) -> list[str]:
    return [
        f"  {package.name} {package.version}: {package.n_files} files, {package.n_pyc} of them bytecode, in "
        f"{package.location}, from {package.wheel} ({package.source})"
        for package in packages
        if package.action != "none"
    ]


def bootstrap(
    *,
    root: StrPath | None,
    upgrade: bool,
    user: bool,
    altinstall: bool,
    default_pip: bool,
    verbosity: int,
) -> None:
    """See pipseed.bootstrap."""
    if altinstall and default_pip:
        raise ValueError("Cannot use altinstall and default_pip together")
    sys.audit("ensurepip.bootstrap", root)
    if not sys.executable:
        raise RuntimeError("cannot determine the interpreter: sys.executable is empty; use pipseed.seed(env)")

    settings: list[Setting] = []
    if altinstall:
        settings.append(("seed.scripts", "alt", "altinstall", False))
    elif default_pip:
        settings.append(("seed.scripts", "default", "default_pip", False))
    if upgrade:
        settings.append(("seed.upgrade", "yes", "upgrade", False))
    callback: Callable[[str, str, int, int], object] | None = _tell if verbosity else None
    result = _pipseed.seed(
        python=sys.executable, root=root or None, user=bool(user), settings=settings, callback=callback
    )
    packages = result.packages[::-1]  # pip comes last there
    for line in _report(packages) + (_detail(packages) if verbosity else []):
        print(line)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of `python -m ensurepip`. Returns the exit code of pipseed(1)."""
    import argparse

    class ShowVersion(argparse.Action):
        def __call__(self, *_: object) -> None:
            print("pip", version())
            parser.exit()

    parser = argparse.ArgumentParser(prog="python -m pipseed", description="Install pip into this interpreter.")
    parser.add_argument(
        "--version", action=ShowVersion, nargs=0, default=argparse.SUPPRESS, help="show the version of pip and exit"
    )
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, dest="verbosity", help="print more details (repeatable)"
    )
    parser.add_argument("-U", "--upgrade", action="store_true", help="upgrade an older pip")
    parser.add_argument("--user", action="store_true", help="install for this user only")
    parser.add_argument("--root", help="install everything below this directory")
    parser.add_argument("--altinstall", action="store_true", help="install only the script pipX.Y")
    parser.add_argument("--default-pip", action="store_true", help="install the script pip besides pipX and pipX.Y")
    try:
        arguments = parser.parse_args(argv)
        if arguments.altinstall and arguments.default_pip:
            parser.error("cannot use --altinstall and --default-pip together")
        bootstrap(**vars(arguments))
    except _pipseed.Error as error:
        report(error)
        return error.exit_code
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def report(error: _pipseed.Error) -> None:
    """Print the error as the command does, since these are its options."""
    print(f"error: {error.command_message}", file=sys.stderr)
    if error.path is not None and error.path not in error.message:
        print(f"  path: {error.path}", file=sys.stderr)
    if error.command_hint is not None:
        print(f"  hint: {error.command_hint}", file=sys.stderr)
