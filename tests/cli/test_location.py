# SPDX-License-Identifier: MIT
"""The directory that `pipseed seed` names is the one that pip is in."""
import interpreters


def test_location(copyable, pipseed, home, tmp_path):
    """pip of the base, seen through an environment; with --user the base's while there is no other, then the user's own."""
    base = interpreters.link_prefix(copyable, tmp_path / "base")

    def seed(*words):
        return pipseed("seed", "--no-bytecode", *words).stdout

    seed("--pip", "24.0", "-p", base)
    env = interpreters.make_env(None, tmp_path / "env", "--system-site-packages", exe=base)
    library = f"lib/{base.name}/site-packages"
    assert f"pip 24.0 is already installed in {tmp_path}/base/{library}, nothing to do" in seed(env)

    own = f"{home}/.local/{library}"
    assert f"pip 24.0 is already installed in {tmp_path}/base, nothing" in seed("--user", "-p", base)
    assert f" in {own} (" in seed("--user", "-U", "-p", base)
    assert f" is already installed in {own}, nothing to do" in seed("--user", "-p", base)
    assert f" in {own} is up to date" in seed("--user", "-U", "-p", base)
