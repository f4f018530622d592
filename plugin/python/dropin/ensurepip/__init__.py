# SPDX-License-Identifier: MIT
# pipseed's ensurepip: put here by `pipseed enable`, taken away by `pipseed disable`.
"""The module `ensurepip`, whose work is done by the command `pipseed`.

The interface, the command line and the names that tests and distributions patch are those of CPython's ensurepip. What
differs is _run_pip: it runs no pip, but translates the arguments that pip would get into one call of pipseed, by the
absolute path that was written here when it was enabled. Nothing is imported at the start that a Python has not loaded
by then, and nothing ever from the current directory, which `python -m` puts first on sys.path.

Runs on Python 3.6 and newer.
"""

import os
import sys

MYPY = False  # true for type checkers: importing typing would cost more than everything else
if MYPY:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePath
    from typing import Any

# Types of public functions are comments: inspect.signature() has to match CPython's.
__all__ = ["version", "bootstrap"]  # noqa: RUF022 - as in CPython

_COMMAND = "@PIPSEED_COMMAND@"
_KEPT = ".pipseed-ensurepip"  # beside this directory: the ensurepip that was here before

_PACKAGE_NAMES = ("setuptools", "pip") if sys.version_info < (3, 12) else ("pip",)
_PACKAGES = None  # type: dict[str, _Package] | None
# The wheels are inside pipseed; a directory that is set here takes their place.
_WHEEL_PKG_DIR = None  # type: str | None
_versions = None  # type: dict[str, str] | None


class _Package:
    """A wheel that would be installed. wheel_name: inside pipseed; wheel_path: in _WHEEL_PKG_DIR."""

    __slots__ = ("version", "wheel_name", "wheel_path")

    def __init__(self, version: str, wheel_name: "str | None", wheel_path: "str | None") -> None:
        self.version = version
        self.wheel_name = wheel_name
        self.wheel_path = wheel_path


def __getattr__(name: str) -> str:
    # Running pipseed takes some milliseconds: do it only on demand.
    if name == "_PIP_VERSION":
        return _bundled_versions()["pip"]
    if name == "_SETUPTOOLS_VERSION" and "setuptools" in _PACKAGE_NAMES:
        return _bundled_versions()["setuptools"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _OnlyStdlib:
    """Restricts imports to the standard library: the current directory may belong to anyone."""

    def __enter__(self) -> None:
        stdlib = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.saved = sys.path[:]
        sys.path[:] = [stdlib] + [path for path in self.saved if path == stdlib + "/lib-dynload"]

    def __exit__(self, *unused: object) -> None:
        sys.path[:] = self.saved


def _load(name: str) -> "Any":
    """A module of the standard library."""
    with _OnlyStdlib():
        __import__(name)
    return sys.modules[name]


def _explain_gone(error: OSError) -> None:
    directory = os.path.dirname(os.path.abspath(__file__))
    kept = os.path.join(os.path.dirname(directory), _KEPT)
    remove = f"rm -r '{directory}'"
    if os.path.lexists(kept):
        remove += f" && mv '{kept}' '{directory}'"
    sys.stderr.write(
        f"error: cannot run '{os.fsdecode(_COMMAND)}': {error.strerror}\n"
        "  The ensurepip of this Python was replaced by 'pipseed enable'.\n"
        f"  hint: reinstall pipseed there, or run: pipseed disable --python '{sys.executable}'\n"
        f"  hint: without pipseed, run: {remove}\n"
    )


def _fork(command: "list[str]", output: "int | None") -> int:
    """posix_spawn for Pythons below 3.8."""
    pid = os.fork()
    if pid == 0:
        try:
            if output is not None:
                os.dup2(output, 1)
            os.execve(command[0], command, os.environ)
        finally:
            os._exit(127)
    return pid


def _start(command: "list[str]", output: "int | None") -> int:
    if not hasattr(os, "posix_spawn"):
        os.stat(command[0])
        return _fork(command, output)
    actions = [(os.POSIX_SPAWN_DUP2, output, 1)] if output is not None else []
    return os.posix_spawn(command[0], command, os.environ, file_actions=actions)


def _wait(pid: int) -> int:
    """Returns the exit code, or minus the signal. An interrupt also reaches the child, which rolls back first."""
    interrupted = False
    while True:
        try:
            status = os.waitpid(pid, 0)[1]
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _call(arguments: "list[str]", output: "int | None" = None) -> int:
    """Runs pipseed. Returns its exit code, or 1 if it is missing."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    try:
        pid = _start([_COMMAND, *arguments], output)
    except OSError as error:
        _explain_gone(error)
        return 1
    return _wait(pid)


def _ask(arguments: "list[str]") -> "tuple[int, str]":
    """(exit code, what pipseed wrote to its stdout)."""
    reader, writer = os.pipe()
    try:
        # The output is a line or a small document: it fits into the pipe.
        code = _call(arguments, writer)
    finally:
        os.close(writer)
    with open(reader, "rb") as stream:
        return code, stream.read().decode("utf-8", "replace")


def _target() -> "list[str]":
    if not sys.executable:
        raise RuntimeError("cannot determine the interpreter: sys.executable is empty")
    return ["--python", sys.executable]


def _bundled_versions() -> "dict[str, str]":
    global _versions  # noqa: PLW0603 - queried once
    if _versions is None:
        code, text = _ask(["seed", "--version", "-v", *_target()])
        if code != 0:
            raise RuntimeError(f"cannot query the pip version of pipseed (exit code {code})")
        _versions = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return _versions


def _find_packages(path: str) -> "dict[str, _Package]":
    """The wheels in a directory, by project: of several, the last by name."""
    packages = {}
    for name in sorted(os.listdir(path)):
        for project in _PACKAGE_NAMES:
            if name.startswith(project + "-") and name.endswith(".whl"):
                packages[project] = _Package(name.split("-")[1], None, os.path.join(path, name))
    return packages


def _get_packages() -> "dict[str, _Package]":
    if _PACKAGES is not None:
        return _PACKAGES
    if _WHEEL_PKG_DIR is not None:
        packages = _find_packages(_WHEEL_PKG_DIR)
        if all(name in packages for name in _PACKAGE_NAMES):
            return packages
    return {
        name: _Package(version, f"{name}-{version}-py3-none-any.whl", None)
        for name, version in _bundled_versions().items()
        if name in _PACKAGE_NAMES
    }


class _Wheel:
    """To be written `with _Wheel(path) as path`."""

    def __init__(self, path: "PurePath") -> None:
        self.path = path

    def __enter__(self) -> "PurePath":
        return self.path

    def __exit__(self, *unused: object) -> None:
        return None


def _find_wheel_pkg_dir_pip() -> "_Wheel | None":
    if _WHEEL_PKG_DIR is None:
        return None
    package = _find_packages(_WHEEL_PKG_DIR).get("pip")
    return None if package is None else _Wheel(_load("pathlib").Path(package.wheel_path))


def _get_pip_whl_path_ctx() -> _Wheel:
    found = _find_wheel_pkg_dir_pip()
    if found is not None:
        return found
    # Inside pipseed: a name, no file.
    return _Wheel(_load("pathlib").PurePath(_get_packages()["pip"].wheel_name))


def _get_pip_version() -> str:
    return _get_packages()["pip"].version


def version():
    # type: () -> str
    """The version of pip that would be installed into this Python, as a string."""
    return _get_packages()["pip"].version


def _translate(args: "Sequence[str]") -> "list[str]":
    """Returns the arguments of pipseed that do what these arguments of pip would."""
    words = iter(args[1:])
    options = []  # type: list[str]
    if args[0] == "uninstall":
        return ["unseed", "--json"] + ([word for word in words if word.startswith("-v")] or ["-q"]) + _target()
    for word in words:
        if word == "--root":
            options += [word, next(words)]
        elif word == "--find-links":
            directory = next(words)
            if directory:
                options += ["--no-bundled", "--wheel-dir", directory]
        elif word in ("--upgrade", "--user") or word.startswith("-v"):
            options.append(word)
    scripts = {"install": [], "altinstall": ["--altinstall"]}  # type: dict[str, list[str]]
    options += scripts.get(os.environ.get("ENSUREPIP_OPTIONS", ""), ["--default-pip"])
    return ["seed", *options, *_target()]


def _run_pip(args, additional_paths=None):
    # type: (Sequence[str], Sequence[str] | None) -> int
    """Does what pip would with these arguments; returns the exit code."""
    del additional_paths  # part of the signature of CPython's function
    if args[0] != "uninstall":
        return _call(_translate(args))
    code, text = _ask(_translate(args))
    for package in _load("json").loads(text)["packages"] if code == 0 else ():
        if package["action"] == "removed":
            print("Successfully uninstalled {}-{}".format(package["name"], package["version"]))  # as pip says it
    return code


def _disable_pip_configuration_settings() -> None:
    """Changes os.environ as ensurepip does, so that pip's configuration has no effect afterwards."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        del os.environ[name]
    os.environ["PIP_CONFIG_FILE"] = os.devnull


def _check(code: int, args: "Sequence[str]") -> None:
    if code:
        raise _load("subprocess").CalledProcessError(code, [os.fsdecode(_COMMAND), *_translate(args)])


def _arguments(root: "str | None", upgrade: bool, user: bool, verbosity: int) -> "list[str]":
    args = ["install"]
    if sys.version_info >= (3, 7):
        args.append("--no-cache-dir")
    args += ["--no-index", "--find-links", "" if _WHEEL_PKG_DIR is None else os.fspath(_WHEEL_PKG_DIR)]
    if root:
        args += ["--root", root]
    if upgrade:
        args.append("--upgrade")
    if user:
        args.append("--user")
    if verbosity:
        args.append("-" + "v" * verbosity)
    return args + list(_PACKAGE_NAMES)


def bootstrap(*, root=None, upgrade=False, user=False, altinstall=False, default_pip=False, verbosity=0):
    # type: (str | None, bool, bool, bool, bool, int) -> None
    """Install pip into this Python, or below the directory root.

    As in CPython, os.environ is changed: names that begin with PIP_ go, PIP_CONFIG_FILE and ENSUREPIP_OPTIONS are set.
    A failure, which pipseed has explained on stderr, raises subprocess.CalledProcessError.
    """
    code = _bootstrap(
        root=root, upgrade=upgrade, user=user, altinstall=altinstall, default_pip=default_pip, verbosity=verbosity
    )
    _check(code, _arguments(root, upgrade, user, verbosity))


def _bootstrap(*, root=None, upgrade=False, user=False, altinstall=False, default_pip=False, verbosity=0):
    # type: (str | None, bool, bool, bool, bool, int) -> int
    """bootstrap() that returns the exit code."""
    if altinstall and default_pip:
        raise ValueError("Cannot use altinstall and default_pip together")
    if hasattr(sys, "audit"):
        sys.audit("ensurepip.bootstrap", root)
    _disable_pip_configuration_settings()
    if default_pip:
        os.environ.pop("ENSUREPIP_OPTIONS", None)
    else:
        os.environ["ENSUREPIP_OPTIONS"] = "altinstall" if altinstall else "install"
    return _run_pip(_arguments(root, upgrade, user, verbosity), list(_PACKAGE_NAMES))


def _installed_version() -> "tuple[int, str | None]":
    """(exit code, version of the pip that is installed here or None). Does not import pip: it is untrusted."""
    if "pip" in sys.modules:
        return 0, getattr(sys.modules["pip"], "__version__", None)
    code, text = _ask(["unseed", "-q", "--dry-run", "--json", "--packages", "pip", *_target()])
    for package in _load("json").loads(text)["packages"] if code == 0 else ():
        if package["action"] == "removed":
            return 0, package["version"]
    return code, None


def _uninstall_helper(*, verbosity=0):
    # type: (int) -> int
    """Uninstall pip if it has the version that would be installed: for `python -m ensurepip._uninstall`."""
    code, found = _installed_version()
    if found is None:
        return code
    available = version()
    if found != available:
        print(
            f"ensurepip will only uninstall a matching version ({found!r} installed, {available!r} available)",
            file=sys.stderr,
        )
        return 0
    _disable_pip_configuration_settings()
    args = ["uninstall", "-y", "--disable-pip-version-check"]
    if verbosity:
        args.append("-" + "v" * verbosity)
    return _run_pip(args + list(reversed(_PACKAGE_NAMES)))


def _quick_options(argv: "Iterable[str]") -> "dict[str, Any] | None":
    """Parses the most common options without argparse; returns None if argparse is needed."""
    names = {
        "-U": "upgrade",
        "--upgrade": "upgrade",
        "--user": "user",
        "--altinstall": "altinstall",
        "--default-pip": "default_pip",
    }
    options = {}  # type: dict[str, Any]
    for word in argv:
        if word not in names:
            return None
        options[names[word]] = True
    return options


def _version_action(**options: "Any") -> "Any":
    """Returns an action of argparse that runs pipseed only on demand."""

    class Action(_load("argparse").Action):  # type: ignore[misc]
        """Prints the version and exits."""

        def __call__(self, parser: "Any", *unused: object) -> None:
            print("pip " + version())
            parser.exit()

    return Action(nargs=0, **options)


def _parser(prog: str) -> "Any":
    parser = _load("argparse").ArgumentParser(prog=prog)
    parser.add_argument("--version", action=_version_action, help="show the version of pip and exit")
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, dest="verbosity", help="print more details (up to three times)"
    )
    return parser


def _parse(argv: "list[str] | None") -> "dict[str, Any]":
    parser = _parser("python -m ensurepip")
    parser.add_argument("-U", "--upgrade", action="store_true", help="upgrade an older pip")
    parser.add_argument("--user", action="store_true", help="install for this user only")
    parser.add_argument("--root", help="install everything below this directory")
    parser.add_argument("--altinstall", action="store_true", help="install only the script pipX.Y")
    parser.add_argument("--default-pip", action="store_true", help="install the script pip besides pipX and pipX.Y")
    options = vars(parser.parse_args(argv))  # type: dict[str, Any]
    options.pop("version")
    return options


def _main(argv=None):
    # type: (list[str] | None) -> int
    """Runs the command line; returns the exit code."""
    with _OnlyStdlib():
        options = _quick_options(sys.argv[1:] if argv is None else argv)
        return _bootstrap(**(_parse(argv) if options is None else options))
