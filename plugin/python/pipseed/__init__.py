# SPDX-License-Identifier: MIT
"""Put pip into Python environments as ensurepip does, in milliseconds.

bootstrap() and version() are ensurepip's, for the running interpreter. The other functions are the commands of pipseed:

    seed       put pip into an environment            verify   check installed files
    unseed     uninstall it                           doctor   diagnose and repair an environment
    create     make an environment, with pip          wheels   list the wheels that can be installed
    policy     every value of the policy, and its source
    cache      a module: the store of unpacked wheels
    dropin     a module: make plain `python -m venv` use pipseed
    version_matches    PEP 440

What fails raises Error or one of its subclasses, one for each exit code of the command; a wrong type raises TypeError.
The environment or interpreter is then as it was. Paths may be str, bytes or os.PathLike, and come back as str.
"""

from __future__ import annotations

from . import _pipseed
from ._pipseed import Error, FailedError, IntegrityError, RefusedError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from . import cache as cache
    from . import dropin as dropin
    from ._results import (
        Cache,
        CacheEntry,
        DoctorReport,
        Dropin,
        Environment,
        Event,
        Finding,
        Issue,
        Package,
        Policy,
        PolicyValue,
        Result,
        VerifyReport,
        Wheel,
    )
    from ._settings import StrPath, Value

__all__ = [
    "Cache",
    "CacheEntry",
    "DoctorReport",
    "Dropin",
    "Environment",
    "Error",
    "Event",
    "FailedError",
    "Finding",
    "IntegrityError",
    "Issue",
    "Package",
    "Policy",
    "PolicyValue",
    "RefusedError",
    "Result",
    "UsageError",
    "VerifyReport",
    "Wheel",
    "bootstrap",
    "cache",
    "create",
    "doctor",
    "dropin",
    "policy",
    "seed",
    "unseed",
    "verify",
    "version",
    "version_matches",
    "wheels",
]

__version__ = _pipseed.library_version


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    if name.islower():
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module(f"{__name__}._results"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
    on_event: Callable[[Event], object] | None = None,
) -> Result:
    """Put pip into an environment, as `pipseed seed ENV`.

    The target is the directory env, or the environment of the interpreter python (a path, or a name on PATH). By
    default it is the active environment, else python3 on PATH. With root everything is written below that directory.

    upgrade, scripts ("ensurepip", "default" or "alt"), pip (a version or specifier), packages, wheel_dirs, bundled,
    link_mode, bytecode and cache_dir are keys of the policy, whose own values hold where they are None; settings has
    others by their names ({"install.durable": True}); policy names a file, as --policy does.

    jobs is the number of threads and of compiling processes; 0: one for each processor. on_event is called with an
    Event now and then; what it raises, or a true value that it returns, cancels the call. On failure the target is
    unchanged.

    Errors: every code of docs/errors.md.
    """
    from ._settings import common

    return _pipseed.seed(
        env=env,
        python=python,
        root=root,
        user=user,
        dry_run=dry_run,
        jobs=jobs,
        **common(
            policy,
            settings,
            wheel_dirs=wheel_dirs,
            on_event=on_event,
            upgrade=upgrade,
            scripts=scripts,
            pip=pip,
            packages=packages,
            bundled=bundled,
            link_mode=link_mode,
            bytecode=bytecode,
            cache_dir=cache_dir,
        ),
    )


def unseed(
    env: StrPath | None = None,
    *,
    python: StrPath | None = None,
    root: StrPath | None = None,
    user: bool = False,
    packages: str | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    dry_run: bool = False,
    on_event: Callable[[Event], object] | None = None,
) -> Result:
    """Uninstall pip, and below Python 3.12 setuptools, by RECORD, as `pipseed unseed ENV`.

    The target and the arguments are those of seed(). Other files stay. Nothing installed is success, with the action
    "none".

    Errors: finding the target; "busy", "cancelled", "io", "untrusted-path", "externally-managed", "record-missing" and
    other integrity errors of an installed RECORD. The target is then as it was.
    """
    from ._settings import common

    return _pipseed.unseed(
        env=env,
        python=python,
        root=root,
        user=user,
        dry_run=dry_run,
        **common(policy, settings, on_event=on_event, packages=packages),
    )


def verify(
    env: StrPath | None = None,
    *,
    python: StrPath | None = None,
    root: StrPath | None = None,
    pip: str | None = None,
    packages: str | None = None,
    wheel_dirs: Iterable[StrPath] = (),
    bundled: bool | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> VerifyReport:
    """Check installed files against RECORD, the wheel of the same version and the policy, as `pipseed verify ENV`.

    The target and the arguments are those of seed(). Findings are not an error: the report lists them, and its ok is
    false, also where pip is not installed (no packages).

    Errors: finding the target; "cancelled", "io".
    """
    from ._settings import common

    return _pipseed.verify(
        env=env,
        python=python,
        root=root,
        **common(
            policy, settings, wheel_dirs=wheel_dirs, on_event=on_event, pip=pip, packages=packages, bundled=bundled
        ),
    )


def doctor(
    env: StrPath | None = None,
    *,
    fix: bool = False,
    python: StrPath | None = None,
    root: StrPath | None = None,
    user: bool = False,
    wheel_dirs: Iterable[StrPath] = (),
    bundled: bool | None = None,
    cache_dir: StrPath | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    jobs: int = 0,
    on_event: Callable[[Event], object] | None = None,
) -> DoctorReport:
    """Diagnose an environment, and with fix repair it, as `pipseed doctor ENV`.

    It looks for what interrupted runs left, a missing or other base interpreter, pyvenv.cfg, scripts of another place,
    and a pip that is not what its RECORD says. The target and the other arguments are those of seed(). Issues are not
    an error: the report lists them. Each repair is a transaction of its own.

    Errors: "no-target", "io", "no-memory", "cancelled".
    """
    from ._settings import common

    return _pipseed.doctor(
        env=env,
        python=python,
        root=root,
        user=user,
        fix=fix,
        jobs=jobs,
        **common(policy, settings, wheel_dirs=wheel_dirs, on_event=on_event, bundled=bundled, cache_dir=cache_dir),
    )


def wheels(
    *,
    check: bool = False,
    wheel_dirs: Iterable[StrPath] = (),
    bundled: bool | None = None,
    settings: Mapping[str, Value] | None = None,
    policy: StrPath | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> tuple[Wheel, ...]:
    """List the wheels that can be installed, newest first within a name, as `pipseed wheels list`.

    With check every wheel is read whole and checked. What cannot be used has another status than "ok", and is not an
    error.

    Errors: "io", "no-memory", "cancelled".
    """
    from ._settings import common

    given = common(policy, settings, wheel_dirs=wheel_dirs, on_event=on_event, bundled=bundled)
    return _pipseed.wheels(check=check, **given).wheels


def policy(file: StrPath | None = None, *, settings: Mapping[str, Value] | None = None) -> Policy:
    """Load the policy and return every value with its source, as `pipseed policy show`.

    file is read after those of the system and the user, as `--policy` does; settings are laid over all of them.

    Errors: RefusedError "policy-syntax", "policy-value", "policy-untrusted", "policy-unreadable" and "policy-locked",
    whose message names file and line; UsageError "usage" and "bad-value" for settings.
    """
    from ._results import Policy
    from ._settings import common, optional_path

    values, files, hooks = _pipseed.policy(**common(optional_path("file", file), settings))
    return Policy(values, tuple(files), tuple(hooks))


def version_matches(version: str, specifier: str) -> bool:
    """Tell whether a version satisfies a specifier (PEP 440).

    Errors: UsageError "bad-version" and "bad-specifier".
    """
    return _pipseed.version_matches(version, specifier)


def create(
    env_dir: StrPath,
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
    on_event: Callable[[Event], object] | None = None,
) -> Environment:
    """Make the environment env_dir with pip in it, as `pipseed venv DIR`.

    Its base is python: a path, a name on PATH or a version such as "3.12"; None is the running interpreter. The other
    arguments are those of venv.create(), but for scm_ignore_files=False, which leaves the .gitignore out, and those of
    seed(). Whatever happens, env_dir is afterwards as it was or a complete
    environment.
    """
    import sys

    from ._settings import common, optional_path

    given = common(
        policy,
        settings,
        wheel_dirs=wheel_dirs,
        on_event=on_event,
        scripts=scripts,
        pip=pip,
        packages=packages,
        bundled=bundled,
        link_mode=link_mode,
        bytecode=bytecode,
        cache_dir=cache_dir,
    )
    return _pipseed.create(
        env_dir,
        python=optional_path("python", python if python is not None else sys.executable or None),
        prompt=optional_path("prompt", prompt),
        dry_run=dry_run,
        jobs=jobs,
        system_site_packages=system_site_packages,
        clear=clear,
        symlinks=symlinks,
        upgrade=upgrade,
        with_pip=with_pip,
        scm_ignore_files=scm_ignore_files,
        **given,
    )
