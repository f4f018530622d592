# SPDX-License-Identifier: MIT
"""The bytecode that pipseed writes, compared with what the interpreter's own py_compile writes."""
import json

import interpreters
import mkwheel
import run

# Runs in the environment: for each source the first 16 bytes of what is there and of what py_compile would write.
COMPARE = """
import json, os, py_compile, sys
modes = getattr(py_compile, "PycInvalidationMode", None)
found = []
for source in sys.argv[1:]:
    path = os.path.join(os.path.dirname(source), "__pycache__",
                        os.path.basename(source)[:-3] + "." + sys.implementation.cache_tag + ".pyc")
    with open(path, "rb") as file:
        ours = file.read(16)
    extra = {"invalidation_mode": modes.CHECKED_HASH} if modes else {}
    with open(py_compile.compile(source, cfile=path + ".own", doraise=True, **extra), "rb") as file:
        own = file.read(16)
    found.append([ours.hex(), own.hex(), modes is not None])
print(json.dumps(found))
"""


def test_checked_hash_is_the_one_of_py_compile(pipseed, new_env, tmp_path, python):
    """The names that importlib has for the key of the hash change between versions; the header must not."""
    wheel = mkwheel.Wheel("pip", "1.0", files={"pip/__init__.py": b"answer = 42\n", "pip/empty.py": b""})
    wheel.write(tmp_path)
    env = new_env(python)
    pipseed("seed", "--no-bundled", "--wheel-dir", tmp_path, "--packages", "pip", env,
            env={"SOURCE_DATE_EPOCH": "1700000000", "PIPSEED_WHEELS_REQUIRE_HASH": "no"})
    package = interpreters.site_packages(env) / "pip"
    done = run.run([interpreters.env_exe(env), "-c", COMPARE, package / "__init__.py", package / "empty.py"])
    for ours, own, is_hashed in json.loads(done.stdout):
        assert ours == own
        assert not is_hashed or int.from_bytes(bytes.fromhex(ours)[4:8], "little") == 3
