# SPDX-License-Identifier: MIT
"""The seeder `pipseed` of virtualenv 20.26 and newer: `virtualenv --seeder pipseed`.

virtualenv imports every seeder that is installed at each of its runs. This module is therefore not part of the package
pipseed, which loads the library, and imports it not before it is chosen.
"""

import logging
import sys
from contextlib import contextmanager

from virtualenv.seed.embed.base_embed import BaseEmbed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any, Optional

    import pipseed

__all__ = ["PipseedSeeder", "SeedError"]

LOGGER = logging.getLogger(__name__)
LEVELS = {"detail": logging.DEBUG, "note": logging.INFO, "warning": logging.WARNING}
NO_VERSION = (None, "bundle", "embed")

# virtualenv up to 20.30 also seeds wheel, below Python 3.12 by default. A policy that restricts what is installed, and
# from where, does not mean that: with these values (value, layer, origin, locked by), wheel has to be requested.
UNASKED_NO_WHEEL: "dict[str, Callable[[str, str, Optional[str]], bool]]" = {
    "seed.packages": lambda _, layer, lock: layer != "built-in" or lock is not None,
    "wheels.bundled": lambda value, *_: value == "no",
    "wheels.dirs": lambda _, __, lock: lock is not None,
    "wheels.require-hash": lambda value, *_: value == "yes",
}


class SeedError(RuntimeError):
    """Raised if an environment cannot be seeded; virtualenv and its callers report it."""


class SeedExit(SeedError, SystemExit):  # noqa: N818
    """The same for virtualenv's command line, which exits with the code of a SystemExit: 3 refused, 4 integrity."""


def _fail(message: str, code: int) -> SeedError:
    main = getattr(sys.modules.get("__main__"), "__spec__", None)
    if "virtualenv.__main__" not in sys.modules and getattr(main, "name", "") != "virtualenv.__main__":
        return SeedError(message)
    error = SeedExit(message)
    error.code = code
    return error


@contextmanager
def _alone(config: "Any") -> "Iterator[None]":
    """Hide the system's packages meanwhile: virtualenv seeds the environment even if the system has pip."""
    key = "include-system-site-packages"
    if config[key] != "true":
        yield
        return
    try:
        config[key] = "false"
        config.write()
        yield
    finally:
        config[key] = "true"
        config.write()


def _embedded_wheel(interpreter: "Any") -> "Optional[Path]":
    """Return the wheel of the project wheel that virtualenv has for this Python, or None."""
    from virtualenv.seed.wheels import embed

    name = embed.BUNDLE_SUPPORT.get(interpreter.version_release_str, {}).get("wheel")
    path = None if name is None else embed.BUNDLE_DIR / name
    return path if path is not None and path.is_file() else None


@contextmanager
def _private_copy(path: "Optional[Path]") -> "Iterator[list[Path]]":
    """Yield a private directory with only this file, as trusted as the running program; none without a path."""
    import shutil
    import tempfile
    from pathlib import Path

    if path is None:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="pipseed-") as name:
        directory = Path(name).resolve()
        shutil.copyfile(path, directory / path.name)
        (directory / path.name).chmod(0o600)
        yield [directory]


class PipseedSeeder(BaseEmbed):  # type: ignore[misc,unused-ignore]
    """Seeds with the library in this process. Accepts all options of virtualenv's own seeders."""

    def __init__(self, options: "Any") -> None:
        found: "tuple[Optional[Path], str]" = getattr(options, "pipseed_wheel", (None, "none"))
        self.embedded_wheel, usual = found
        self.wheel_is_asked_for = options.wheel is not None
        version = options.wheel if self.wheel_is_asked_for else usual
        unwanted = self.embedded_wheel is None or options.no_wheel or version == "none"
        self.wanted_wheel: "Optional[str]" = None if unwanted else version
        super().__init__(options)
        self.symlinks = bool(options.symlink_app_data)
        self._tell(options)

    @classmethod
    def distributions(cls) -> "dict[str, Any]":
        """The packages of pipseed, with virtualenv's word for the version that it would choose itself."""
        return {"pip": "bundle", "setuptools": "bundle"}

    def distribution_to_versions(self) -> "dict[str, Any]":
        """Return what is seeded, including wheel if virtualenv has it."""
        versions: "dict[str, Any]" = super().distribution_to_versions()
        return versions if self.wanted_wheel is None else {**versions, "wheel": self.wanted_wheel}

    def __repr__(self) -> str:
        text = super().__repr__()
        return text if self.wanted_wheel is None else f"{text[:-1]}, wheel={self.wanted_wheel})"

    @classmethod
    def add_parser_arguments(cls, parser: "Any", interpreter: "Any", app_data: "Any") -> None:
        """Add the options of virtualenv's own seeders."""
        super().add_parser_arguments(parser, interpreter, app_data)
        embedded = _embedded_wheel(interpreter)
        about = "ignored: virtualenv has no wheel for this Python"
        if embedded is not None:
            usual = "bundle" if tuple(interpreter.version_info[:2]) < (3, 12) else "none"
            about = f"install virtualenv's own wheel: embed, bundle, none or its version (default: {usual})"
            parser.set_defaults(pipseed_wheel=(embedded, usual))
        parser.add_argument("--wheel", dest="wheel", metavar="version", default=None, help=about)
        parser.add_argument(
            "--no-wheel", dest="no_wheel", action="store_true", default=False, help="do not install wheel"
        )
        parser.add_argument(
            "--symlink-app-data",
            dest="symlink_app_data",
            action="store_true",
            default=False,
            help="symlink the packages from pipseed's store",
        )

    @classmethod
    def cannot_seed(cls, interpreter: "Any") -> "Optional[str]":
        """Return why this interpreter cannot be seeded, or None."""
        major, minor = interpreter.version_info[:2]
        if (major, minor) >= (3, 6):
            return None
        return (
            f"pipseed has no pip for Python {major}.{minor}: expected 3.6 or newer; "
            "use --no-seed for an environment without pip"
        )

    def run(self, creator: "Any") -> None:
        """Seed the environment that creator created."""
        if not self.enabled:
            return
        reason = self.cannot_seed(creator.interpreter)
        if reason is not None:
            raise _fail(reason, 1)
        import pipseed

        try:
            self._seed(creator, pipseed)
        except pipseed.Error as error:
            told = error.path is None or error.path in error.message
            # In terms of options, as the user of virtualenv types them.
            text = error.command_message if told else f"{error.command_message}\n  path: {error.path}"
            hint = error.command_hint
            raise _fail(text if hint is None else f"{text}\n  hint: {hint}", error.exit_code) from None

    def _tell(self, options: "Any") -> None:
        """Warn of options that unexpectedly have no effect."""
        if not self.enabled:
            return
        if options.download is True:
            LOGGER.warning("--download has no effect: pipseed never downloads")
        if self.embedded_wheel is None and options.wheel not in (None, "none"):
            LOGGER.warning("--wheel has no effect: virtualenv has no wheel for this Python")

    def _wanted(self) -> "set[str]":
        """Return the names of the packages."""
        import pipseed

        wanted = set(self.distribution_to_versions())
        if "wheel" not in wanted or self.wheel_is_asked_for:
            return wanted
        policy = pipseed.policy()
        for key, forbids in UNASKED_NO_WHEEL.items():
            value = policy.find(key)
            if forbids(value.value, value.layer, value.locked_by):
                source = value.locked_by or value.origin or ""
                LOGGER.info("skipping wheel: %s = %s (%s); use --wheel bundle to install it", key, value.value, source)
                return wanted - {"wheel"}
        return wanted

    def _settings(self, creator: "Any", wanted: "set[str]") -> "dict[str, Any]":
        """Return arguments of pipseed.seed(). What is not requested is left to the policy."""
        usual = {"pip", "setuptools"} if tuple(creator.interpreter.version_info[:2]) < (3, 12) else {"pip"}
        given: "dict[str, Any]" = {"scripts": "default"}
        if wanted != usual:
            given["packages"] = " ".join(sorted(wanted))
        if "pip" in wanted and self.pip_version not in NO_VERSION:
            given["pip"] = self.pip_version
        if any(creator.purelib.glob("pip-*.dist-info")):
            given["upgrade"] = True  # recreated in place: upgrade as virtualenv does
        if self.symlinks:
            given["link_mode"] = "symlink"
        return given

    def _seed(self, creator: "Any", library: "Any") -> None:
        wanted = self._wanted()
        if not wanted:
            return
        settings = self._settings(creator, wanted)
        wheel = self.embedded_wheel if "wheel" in wanted else None
        with _private_copy(wheel) as directories, _alone(creator.pyenv_cfg):
            settings["wheel_dirs"] = [*self.extra_search_dir, *directories]
            self._check_versions(creator, library, settings)
            self._call(creator, library, settings)

    @staticmethod
    def _call(creator: "Any", library: "Any", settings: "dict[str, Any]") -> None:
        result: "pipseed.Result" = library.seed(
            python=str(creator.exe),
            on_event=lambda event: LOGGER.log(LEVELS[event.kind], "%s", event.text) if event.kind in LEVELS else None,
            **settings,
        )
        for package in result.packages:
            LOGGER.debug("%s %s: %s from %s", package.name, package.version, package.action, package.source)

    def _check_versions(self, creator: "Any", library: "Any", settings: "dict[str, Any]") -> None:
        """The policy selects only the version of pip: of the others, any but the newest is refused."""
        versions = self.distribution_to_versions().items()
        asked = {name: version for name, version in versions if name != "pip" and version not in NO_VERSION}
        if not asked:
            return
        planned = library.seed(python=str(creator.exe), dry_run=True, **settings)
        found = {package.name: package.version for package in planned.packages}
        for name, version in asked.items():
            if found.get(name) != version:
                raise _fail(
                    f"--{name} {version}: pipseed would install {name} {found.get(name)}\n"
                    f"  hint: remove --{name}, or use --{name} bundle",
                    1,
                )
