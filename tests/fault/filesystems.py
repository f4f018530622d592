# SPDX-License-Identifier: MIT
"""Small file systems for tests: tmpfs with few bytes or inodes, ext4 in a file that can be shut down as by a power cut.

    with mounted("tmpfs", directory, "size=4m"):
        ...
"""
import contextlib
import ctypes
import fcntl
import functools
import os
import struct
import subprocess
import tempfile

# ext4's and XFS's ioctl: _IOR('X', 125, __u32), asm-generic/ioctl.h
SHUTDOWN = (2 << 30) | (4 << 16) | (ord("X") << 8) | 125
LOG_FLUSH = 1  # the journal is written first
NO_LOG_FLUSH = 2  # as it is


@functools.lru_cache(maxsize=None)
def mount_reason():
    """Why nothing can be mounted here; empty when it can."""
    if os.geteuid() != 0:
        return "needs root, to mount"
    # In a namespace of this process's own: one that another process makes meanwhile would hold a copy of each mount.
    new_mounts = 0x20000  # CLONE_NEWNS
    if ctypes.CDLL(None, use_errno=True).unshare(new_mounts) != 0:
        return f"no mount namespace: {os.strerror(ctypes.get_errno())}"
    with tempfile.TemporaryDirectory() as directory:
        try:
            subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=True)
            done = subprocess.run(["mount", "-t", "tmpfs", "none", directory], capture_output=True, text=True, check=False)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            return f"nothing can be mounted: {error}"
        if done.returncode != 0:
            return f"mount: {done.stderr.strip()}"
        subprocess.run(["umount", directory], check=True)
    return ""


@functools.lru_cache(maxsize=None)
def loop_reason():
    """Why no ext4 in a file can be mounted here; empty when it can."""
    if mount_reason():
        return mount_reason()
    with tempfile.TemporaryDirectory() as directory:
        try:
            with ext4(directory, 16) as place:
                fd = os.open(place, os.O_RDONLY)
                try:
                    shut_down(fd, NO_LOG_FLUSH)
                finally:
                    os.close(fd)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"no ext4 on a loop device: {getattr(error, 'stderr', None) or error}"
    return ""


@contextlib.contextmanager
def mounted(kind, place, options, source="none"):
    """A mount for as long as the block lasts."""
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-t", kind, "-o", options, source, place], check=True, capture_output=True, text=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True, capture_output=True, text=True)


def make_image(directory, megabytes):
    """A file with an empty ext4 in it."""
    image = os.path.join(directory, "image")
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1", image], check=True, capture_output=True,
                   text=True)
    return image


@contextlib.contextmanager
def ext4(directory, megabytes, options="loop"):
    """A new ext4, mounted at directory/place."""
    with mounted("ext4", os.path.join(directory, "place"), options, make_image(directory, megabytes)) as place:
        yield place


def shut_down(fd, flag):
    """The file system of fd takes nothing any more, as if the power went."""
    fcntl.ioctl(fd, SHUTDOWN, struct.pack("=I", flag))
