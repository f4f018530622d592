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
    from collections.abc import Iterator
    from typing import Any, Optional

    import pipseed

__all__ = ["PipseedSeeder", "SeedError"]

LOGGER = logging.getLogger(__name__)
LEVELS = {"detail": logging.DEBUG, "note": logging.INFO, "warning": logging.WARNING}
NO_VERSION = (None, "bundle", "embed")


class SeedError(RuntimeError):
    """The environment could not be seeded: what virtualenv and the tools above it report."""


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
    """Let the environment not see the system's packages for now: virtualenv seeds it whether or not pip is there."""
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


class PipseedSeeder(BaseEmbed):  # type: ignore[misc,unused-ignore]
    """Seeds by the library, in this process. Takes all options of virtualenv's own seeders."""

    def __init__(self, options: "Any") -> None:
        super().__init__(options)
        self.symlinks = bool(options.symlink_app_data)
        self._tell(options)

    @classmethod
    def distributions(cls) -> "dict[str, Any]":
        """The packages that are seeded, with virtualenv's word for the version that it would choose itself."""
        return {"pip": "bundle", "setuptools": "bundle"}

    @classmethod
    def add_parser_arguments(cls, parser: "Any", interpreter: "Any", app_data: "Any") -> None:
        """Add the options of virtualenv's own seeders."""
        super().add_parser_arguments(parser, interpreter, app_data)
        ignored = {"help": "no effect: pipseed does not install wheel"}
        parser.add_argument("--wheel", dest="wheel", metavar="version", default=None, **ignored)
        parser.add_argument("--no-wheel", dest="no_wheel", action="store_true", default=False, **ignored)
        parser.add_argument(
            "--symlink-app-data",
            dest="symlink_app_data",
            action="store_true",
            default=False,
            help="symlink the packages from pipseed's store",
        )

    @classmethod
    def cannot_seed(cls, interpreter: "Any") -> "Optional[str]":
        """Why this interpreter cannot be seeded, or None."""
        major, minor = interpreter.version_info[:2]
        if (major, minor) >= (3, 6):
            return None
        return (
            f"pipseed has no pip for Python {major}.{minor}: the oldest is 3.6; pass --no-seed for an empty environment"
        )

    def run(self, creator: "Any") -> None:
        """Seed the environment that creator made."""
        if not self.enabled:
            return
        reason = self.cannot_seed(creator.interpreter)
        if reason is not None:
            raise _fail(reason, 1)
        import pipseed

        try:
            self._seed(creator, pipseed)
        except pipseed.Error as error:
            text = error.message if error.path is None else f"{error.message}\n  path: {error.path}"
            raise _fail(text if error.hint is None else f"{text}\n  hint: {error.hint}", error.exit_code) from None

    def _tell(self, options: "Any") -> None:
        """Say which options have no effect, where that is not what was meant."""
        if not self.enabled:
            return
        if options.download is True:
            LOGGER.warning("--download has no effect: pipseed installs the wheels it has, and never downloads")
        if options.wheel not in (None, "none"):
            LOGGER.warning("--wheel has no effect: pipseed does not install wheel")

    def _settings(self, creator: "Any") -> "dict[str, Any]":
        """Arguments of pipseed.seed(). What nobody asked for is left to the policy."""
        wanted = set(self.distribution_to_versions())
        usual = {"pip", "setuptools"} if tuple(creator.interpreter.version_info[:2]) < (3, 12) else {"pip"}
        given: "dict[str, Any]" = {"scripts": "default", "wheel_dirs": self.extra_search_dir}
        if wanted != usual:
            given["packages"] = " ".join(sorted(wanted))
        if "pip" in wanted and self.pip_version not in NO_VERSION:
            given["pip"] = self.pip_version
        if any(creator.purelib.glob("pip-*.dist-info")):
            given["upgrade"] = True  # made again in its place: brought up to date, as virtualenv does
        if self.symlinks:
            given["link_mode"] = "symlink"
        return given

    def _seed(self, creator: "Any", library: "Any") -> None:
        settings = self._settings(creator)
        with _alone(creator.pyenv_cfg):
            self._check_setuptools(creator, library, settings)
            self._call(creator, library, settings)

    @staticmethod
    def _call(creator: "Any", library: "Any", settings: "dict[str, Any]") -> None:
        result: "pipseed.Result" = library.seed(
            python=str(creator.exe),
            events=lambda event: LOGGER.log(LEVELS[event.kind], "%s", event.text) if event.kind in LEVELS else None,
            **settings,
        )
        for package in result.packages:
            LOGGER.debug("%s %s: %s from %s", package.name, package.version, package.action, package.source)

    def _check_setuptools(self, creator: "Any", library: "Any", settings: "dict[str, Any]") -> None:
        """The policy chooses among versions of pip alone: another setuptools than the newest can only be refused."""
        asked = self.distribution_to_versions().get("setuptools")
        if asked in NO_VERSION:
            return
        planned = library.seed(python=str(creator.exe), dry_run=True, **settings)
        found = next((package.version for package in planned.packages if package.name == "setuptools"), None)
        if found != asked:
            raise _fail(
                f"--setuptools {asked}: pipseed would install setuptools {found}\n"
                f"  hint: leave --setuptools out, or say --setuptools bundle",
                1,
            )
