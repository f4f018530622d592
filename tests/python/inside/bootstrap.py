# SPDX-License-Identifier: MIT
"""pipseed.bootstrap(**ARGUMENTS) as a program sees it: bootstrap.py JSON"""
import contextlib
import ensurepip
import inspect
import io
import json
import os
import sys

import pipseed


def surroundings():
    """What ensurepip's documentation says that its function changes, and the rest of a process's state."""
    umask = os.umask(0)
    os.umask(umask)
    return [dict(os.environ), list(sys.path), sys.argv, os.getcwd(), umask, sorted(sys.path_hooks, key=str) == []]


events = []
sys.addaudithook(lambda event, args: events.append([event, *args]) if event.startswith("ensurepip.") else None)

raised = []
for name in ("pipseed", "ensurepip"):
    try:
        sys.modules[name].bootstrap(altinstall=True, default_pip=True)
    except ValueError as error:
        raised.append([type(error).__name__, str(error), list(events)])

before = surroundings()
stdout, stderr = io.StringIO(), io.StringIO()
with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
    answer = pipseed.bootstrap(**json.loads(sys.argv[1]))
print(json.dumps({
    "signatures": [[str(inspect.signature(module.bootstrap)), str(inspect.signature(module.version))]
                   for module in (pipseed, ensurepip)],
    "equal": inspect.signature(pipseed.bootstrap) == inspect.signature(ensurepip.bootstrap),
    "raised": raised,
    "events": events,
    "changed": before != surroundings(),
    "answer": answer,
    "stdout": stdout.getvalue(),
    "stderr": stderr.getvalue(),
    "version": pipseed.version(),
    "typing": "typing" in sys.modules,
}))
