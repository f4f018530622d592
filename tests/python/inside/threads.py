# SPDX-License-Identifier: MIT
"""Many threads at once: threads.py DIRECTORY BASE COUNT. Each makes an environment; then all of them seed one."""
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pipseed

directory, base, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
kinds, names = set(), set()


def note(event):
    """Called on whichever thread the library is at work."""
    kinds.add(event.kind)
    names.add(threading.current_thread().name)


def make(number):
    """One environment of this thread's own."""
    made = pipseed.create(os.path.join(directory, f"env{number}"), python=base, on_event=note)
    return made.seed_result.pip.action


def again(_number):
    """One that all share."""
    return pipseed.seed(os.path.join(directory, "env-of-all"), on_event=note).pip.action


pipseed.create(os.path.join(directory, "env-of-all"), python=base, with_pip=False)
with ThreadPoolExecutor(max_workers=count) as pool:
    made = list(pool.map(make, range(count)))
    shared = list(pool.map(again, range(count)))
print(json.dumps({"made": made, "shared": shared, "kinds": sorted(kinds)}))
