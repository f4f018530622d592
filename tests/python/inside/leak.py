# SPDX-License-Identifier: MIT
"""Some calls, and what they leave: leak.py ENV DIRECTORY"""
import contextlib
import gc
import io
import json
import os
import sys
import threading

import pipseed

env, directory = sys.argv[1:3]
cold = os.path.join(directory, "cold")  # what is never finished is begun again by each call
PAGE = os.sysconf("SC_PAGE_SIZE")


def ignore(_event):
    """A callback, to be counted."""


def fail(_event):
    """Ends the call."""
    raise ZeroDivisionError


def expect(error, function, *args, **kwargs):
    """Calls a function that fails."""
    try:
        function(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"{function} did not raise {error}")


def bootstrap():
    """In the interpreter's own environment."""
    with contextlib.redirect_stdout(io.StringIO()):
        pipseed.bootstrap(verbosity=1)
        pipseed.version()


CALLS = [
    lambda: pipseed.seed(env, on_event=ignore),
    lambda: pipseed.seed(env, upgrade=True, dry_run=True, wheel_dirs=[directory], settings={"install.durable": True}),
    lambda: pipseed.create(os.path.join(directory, "new"), dry_run=True, prompt="x", pip="<26"),
    lambda: expect(pipseed.FailedError, pipseed.seed, os.path.join(directory, "none")),
    lambda: expect(pipseed.UsageError, pipseed.seed, env, pip="?"),
    lambda: expect(pipseed.RefusedError, pipseed.seed, env, user=True),
    lambda: expect(pipseed.FailedError, pipseed.create, os.path.join(directory, "new"), python="/nonexistent/python"),
    lambda: expect(TypeError, pipseed.seed, env, jobs="many"),
    lambda: expect(ZeroDivisionError, pipseed.seed, os.path.join(directory, "other"), cache_dir=cold, on_event=fail),
    bootstrap,
]
LIBRARY = [
    lambda: pipseed.verify(env, on_event=ignore),
    lambda: pipseed.doctor(env),
    lambda: pipseed.unseed(os.path.join(directory, "other")),
    lambda: pipseed.cache.warm(env, dry_run=True, bytecode=False),
    lambda: [pipseed.cache.info(), pipseed.cache.prune(dry_run=True), pipseed.cache.clear(dry_run=True)],
    lambda: [pipseed.wheels(), pipseed.policy().find("seed.pip"), pipseed.version_matches("1", ">0")],
    lambda: [pipseed.dropin.status(sys.executable), pipseed.dropin.pythons()],
    lambda: expect(pipseed.RefusedError, pipseed.policy, os.path.join(directory, "none.ini")),
    lambda: expect(pipseed.FailedError, pipseed.dropin.disable, os.path.join(directory, "none")),
    lambda: expect(TypeError, pipseed.verify, env, wheel_dirs=[3]),
    lambda: expect(ZeroDivisionError, pipseed.cache.warm, env, cache_dir=cold, on_event=fail),
]
WATCHED = {"None": None, "Error": pipseed.Error, "FailedError": pipseed.FailedError, "Result": pipseed.Result,
           "callback": ignore, "seed": pipseed.seed, "Wheel": pipseed.Wheel, "CacheEntry": pipseed.CacheEntry}
if sys.version_info >= (3, 12):
    del WATCHED["None"]  # immortal: the interpreter does not count it, a module for an older stable ABI still does (PEP 683)


def measure():
    """Memory in bytes, blocks of Python's allocator, objects, and references."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as stream:
        rss = int(stream.read().split()[1]) * PAGE
    return {"rss": rss, "blocks": sys.getallocatedblocks(), "objects": len(gc.get_objects()),
            "threads": threading.active_count(), "descriptors": len(os.listdir("/proc/self/fd")),
            **{name: sys.getrefcount(each) for name, each in WATCHED.items()}}


def run(rounds):
    """So many of each; of those that read every file, fewer."""
    for number in range(rounds):
        for call in CALLS if number % 5 < 2 else [*CALLS, *LIBRARY]:
            call()


pipseed.create(os.path.join(directory, "other"), with_pip=False)
run(10)  # what is kept once is there now
before = measure()
run(100)
after = measure()
print(json.dumps({name: after[name] - before[name] for name in before}))
