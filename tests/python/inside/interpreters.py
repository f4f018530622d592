# SPDX-License-Identifier: MIT
"""In a subinterpreter: interpreters.py DIRECTORY BASE. A cold store, so that events come from threads of the library."""
import json
import os
import sys

try:
    import _interpreters as api  # 3.13
except ImportError:
    import _xxsubinterpreters as api

CODE = """
import json, os, sys, pipseed
events = []
made = pipseed.create({env!r}, python={base!r}, cache_dir={cache!r}, on_event=events.append)
try:
    pipseed.seed({directory!r})
except pipseed.FailedError as error:
    code = error.code
class Stop(Exception):
    pass
def stop(event):
    raise Stop
try:
    pipseed.create({env!r} + "-stopped", python={base!r}, cache_dir={cache!r} + "-cold", on_event=stop)
    stopped = False
except Stop:
    stopped = not os.path.exists({env!r} + "-stopped")
with open({answer!r}, "w") as stream:
    json.dump([made.seed_result.pip.action, len(events), code, stopped], stream)
"""

directory, base = sys.argv[1:3]
answers = []
for number in range(2):
    answer = os.path.join(directory, f"answer{number}")
    interpreter = api.create()
    code = CODE.format(env=os.path.join(directory, f"env{number}"), base=base, directory=directory, answer=answer,
                       cache=os.path.join(directory, "cache"))
    failed = api.run_string(interpreter, code)
    if failed is not None:
        raise RuntimeError(failed)
    api.destroy(interpreter)
    with open(answer, encoding="utf-8") as stream:
        answers.append(json.load(stream))
import pipseed  # noqa: E402  # and in the main one afterwards

print(json.dumps({"answers": answers, "version": pipseed.version()}))
