# SPDX-License-Identifier: MIT
"""Commands as another user, for tests that run as root.

    run.run_pipseed(["seed", env], wrap=users.as_user(12345))      words before a command
    users.give(directory, 12345)                                   chown -R, links included
"""
import os


def as_user(uid):
    """Words before a command; none for root."""
    return () if uid == 0 else ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")


def give(top, uid):
    """chown -R, links included."""
    os.lchown(top, uid, uid)
    for at, directories, files in os.walk(top):
        for name in directories + files:
            os.lchown(os.path.join(at, name), uid, uid)
