# SPDX-License-Identifier: MIT
"""Put pip into Python environments as ensurepip does, in milliseconds.

bootstrap() and version() are ensurepip's, for the running interpreter; seed() puts pip into another environment;
create() makes a whole environment. What fails raises Error or one of its subclasses.
"""

from __future__ import annotations

from . import _pipseed
from ._pipseed import Error, FailedError, IntegrityError, RefusedError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from ._results import Environment, Event, Package, Result
    from ._settings import StrPath, Value

__all__ = [
    "Environment",
    "Error",
    "Event",
    "FailedError",
    "IntegrityError",
    "Package",
    "RefusedError",
    "Result",
    "UsageError",
    "bootstrap",
    "create",
    "seed",
    "version",
]

__version__ = _pipseed.library_version


def __getattr__(name: str) -> Any:
    if name in ("Environment", "Event", "Package", "Result"):
        from . import _results

        return getattr(_results, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def version() -> str:
    """Return the version of the pip that bootstrap() installs into the running interpreter."""
    from ._bootstrap import version as newest

    return newest()


def bootstrap(
    *,
    root: StrPath | None = None,
    upgrade: bool = False,
    user: bool = False,
    altinstall: bool = False,
    default_pip: bool = False,
    verbosity: int = 0,
) -> None:
    """Put pip into the running interpreter's environment, or below root.

    Arguments, audit event and output are those of ensurepip.bootstrap(); os.environ and sys.path stay as they are.
    """
    from ._bootstrap import bootstrap as run

    run(root=root, upgrade=upgrade, user=user, altinstall=altinstall, default_pip=default_pip, verbosity=verbosity)


# Their signatures are those of ensurepip's functions, which are not annotated.
version.__annotations__ = {}
bootstrap.__annotations__ = {}


def _callback(events: Callable[[Event], object] | None) -> Callable[[str, str, int, int], object] | None:
    if events is None:
        return None
    from ._results import Event

    return lambda *fields: events(Event(*fields))


def seed(
    env: StrPath | None = None,
    *,
    python: StrPath | None = None,
    root: StrPath | None = None,
    user: bool = False,
    upgrade: bool | None = None,
    scripts: str | None = None,
    pip: str | None = None,
    packages: str | None = None,
    wheel_dirs: Iterable[StrPath] = (),
    bundled: bool | None = None,
    link_mode: str | None = None,
    bytecode: bool | str | None = None,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    jobs: int = 0,
    dry_run: bool = False,
    events: Callable[[Event], object] | None = None,
) -> Result:
    """Put pip into an environment, as `pipseed seed ENV`.

    The target is the folder env, or the environment of the interpreter python (a path, or a name on PATH); neither of
    them means the active environment, else python3 on PATH. With root everything is written below that folder.

    upgrade, scripts ("ensurepip", "default" or "alt"), pip (a version or specifier), packages, wheel_dirs, bundled,
    link_mode, bytecode and cache_dir are keys of the policy, whose own values hold where they are None; settings has
    others by their names ({"install.durable": True}); policy names a file, as --policy does.

    events is called with an Event now and then; what it raises, or a true value that it returns, cancels the call.
    Whatever happens, the target is afterwards as it was or completely seeded.
    """
    from ._results import make_result
    from ._settings import collect

    given = collect(
        {
            "upgrade": upgrade,
            "scripts": scripts,
            "pip": pip,
            "packages": packages,
            "bundled": bundled,
            "link_mode": link_mode,
            "bytecode": bytecode,
            "cache_dir": cache_dir,
        },
        wheel_dirs,
        settings,
    )
    raw = _pipseed.seed(
        policy_file=policy,
        env=env,
        python=python,
        root=root,
        settings=given,
        callback=_callback(events),
        user=user,
        dry_run=dry_run,
        jobs=jobs,
    )
    return make_result(raw)


def create(
    dir: StrPath,
    *,
    python: StrPath | None = None,
    prompt: str | None = None,
    system_site_packages: bool = False,
    clear: bool = False,
    symlinks: bool = True,
    upgrade: bool = False,
    with_pip: bool = True,
    scm_ignore_files: bool = True,
    scripts: str | None = None,
    pip: str | None = None,
    packages: str | None = None,
    wheel_dirs: Iterable[StrPath] = (),
    bundled: bool | None = None,
    link_mode: str | None = None,
    bytecode: bool | str | None = None,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    jobs: int = 0,
    dry_run: bool = False,
    events: Callable[[Event], object] | None = None,
) -> Environment:
    """Make the environment dir with pip in it, as `pipseed venv DIR`.

    Its base is python: a path, a name on PATH or a version such as "3.12"; None is the running interpreter. The other
    arguments are those of venv.create(), but for scm_ignore_files=False, which leaves the .gitignore out, and those of
    seed(). Whatever happens, dir is afterwards as it was or a complete environment.
    """
    import sys

    from ._results import make_environment
    from ._settings import collect

    given = collect(
        {
            "scripts": scripts,
            "pip": pip,
            "packages": packages,
            "bundled": bundled,
            "link_mode": link_mode,
            "bytecode": bytecode,
            "cache_dir": cache_dir,
        },
        wheel_dirs,
        settings,
    )
    raw = _pipseed.create(
        dir,
        policy_file=policy,
        python=python if python is not None else sys.executable or None,
        prompt=prompt,
        settings=given,
        callback=_callback(events),
        dry_run=dry_run,
        jobs=jobs,
        system_site_packages=system_site_packages,
        clear=clear,
        symlinks=symlinks,
        upgrade=upgrade,
        with_pip=with_pip,
        scm_ignore_files=scm_ignore_files,
    )
    return make_environment(raw)
