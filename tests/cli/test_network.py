# SPDX-License-Identifier: MIT
"""All other suites run without a network: that this is true here, and that seeding does not even try to reach one."""
import shutil

import pytest
import run


def test_network_is_cut_off():
    """A command sees no interface but loopback."""
    cut = run.network_cut()
    if cut.reason:
        pytest.skip(cut.reason)
    seen = run.run(["cat", "/proc/net/dev"]).stdout
    assert [line.split(":")[0].strip() for line in seen.splitlines()[2:]] in (["lo"], [])


def test_no_socket_is_opened(new_env, pipseed, tmp_path):
    """Neither pipseed nor what it runs asks for anything but local sockets."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    trace = tmp_path / "trace"
    probe = run.run(["true"], wrap=("strace", "-f", "--seccomp-bpf", "-o", trace, "-e", "trace=socket"),
                    code=None)
    if probe.code != 0:
        pytest.skip(f"strace does not work here: {probe.stderr.strip()}")
    pipseed("seed", new_env(), env={"XDG_CACHE_HOME": tmp_path / "cache"},
            wrap=("strace", "-f", "--seccomp-bpf", "-o", str(trace), "-e", "trace=socket"))
    assert "AF_INET" not in trace.read_text()
