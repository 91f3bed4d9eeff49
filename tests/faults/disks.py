"""Disks that can fail: file systems of a test's own, which only root can mount."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_EXT4_IOC_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = 2
"""What the journal does not have on disk yet is lost, as in a power cut."""
_IMAGE_BYTES = 256 << 20
_ROOMY_BYTES = 1 << 30
_LEFT_BYTES = 64 << 10
_PAGE_BYTES = 4_096


def _can_mount() -> bool:
    if os.getuid() or shutil.which("mkfs.ext4") is None:
        return False
    return Path("/dev/loop-control").exists() and "ext4" in Path("/proc/filesystems").read_text()


needs_mounting = pytest.mark.skipif(
    not _can_mount(), reason="mounting file systems needs root, loop devices, ext4 and mkfs.ext4"
)


class LoopDisk:
    """An ext4 file system in a file, mounted at a directory."""

    def __init__(self, image: Path, mounted_at: Path, *, size_bytes: int = _IMAGE_BYTES) -> None:
        self._image = image
        self.path = mounted_at
        with image.open("wb") as file:
            file.truncate(size_bytes)
        _run("mkfs.ext4", "-q", image)

    def mount(self) -> None:
        """Mount it; after a power cut the journal is recovered."""
        _run("mount", "-o", "loop", self._image, self.path)

    def cut_power(self) -> None:
        """Lose what was not synced; every later call on it fails."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _EXT4_IOC_SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """Unmount it; nothing may be open on it."""
        _run("umount", self.path)


class FailingDisk:
    """An ext4 file system on a block device that can cease to answer.

    Its device is a file on a disk of its own: when that is cut off, each access to the device
    is an I/O error, as the kernel reports a broken one.
    """

    def __init__(self, mounted_at: Path) -> None:
        device = mounted_at.with_name(mounted_at.name + ".device")
        device.mkdir()
        self._under = LoopDisk(device.with_suffix(".img"), device, size_bytes=2 * _IMAGE_BYTES)
        self._under.mount()
        image = device / "image"
        self._disk = LoopDisk(image, mounted_at)
        _run("fallocate", "-l", str(_IMAGE_BYTES), image)
        _sync(device)
        self.path = mounted_at

    def mount(self) -> None:
        """Mount it."""
        self._disk.mount()

    def fail(self) -> None:
        """Let its device answer nothing but errors from now on."""
        self._under.cut_power()

    def mend(self) -> None:
        """Let it answer again, with what it had on disk; nothing may be open on it."""
        self._disk.unmount()
        self._under.unmount()
        self._under.mount()
        self._disk.mount()

    def close(self) -> None:
        """Give the device back."""
        subprocess.run(["umount", "-l", str(self._under.path)], check=False, capture_output=True)


@contextmanager
def failing_disk(path: Path) -> Iterator[FailingDisk]:
    """The same as `loop_disk`, with a device that can fail."""
    disk = FailingDisk(path)
    try:
        with _on_disk(path, disk.mount):
            yield disk
    finally:
        disk.close()


@contextmanager
def loop_disk(path: Path) -> Iterator[LoopDisk]:
    """A disk at a directory that is made, with what is there moved onto it, for a while."""
    disk = LoopDisk(path.with_name(path.name + ".img"), path)
    with _on_disk(path, disk.mount):
        yield disk


@contextmanager
def memory_disk(path: Path) -> Iterator[None]:
    """The same with a disk that can be filled and emptied."""
    with _on_disk(
        path, lambda: _run("mount", "-t", "tmpfs", "-o", f"size={_ROOMY_BYTES}", "tmpfs", path)
    ):
        yield


def fill(path: Path) -> None:
    """Leave a memory disk next to no room; what is open stays open."""
    found = os.statvfs(path)
    used_bytes = (found.f_blocks - found.f_bfree) * found.f_frsize
    _resize(path, used_bytes + _LEFT_BYTES)


def make_room(path: Path) -> None:
    """Give it room again."""
    _resize(path, _ROOMY_BYTES)


def fill_wholly(path: Path) -> None:
    """Leave it no room at all."""
    fill(path)
    with suppress(OSError), (path / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(_PAGE_BYTES))


def make_read_only(path: Path) -> None:
    """As the kernel does with a disk that fails; nothing may be open for writing."""
    _run("mount", "-o", "remount,ro", path)


def _resize(path: Path, size_bytes: int) -> None:
    _run("mount", "-o", f"remount,size={size_bytes}", path)


@contextmanager
def _on_disk(path: Path, mount: Callable[[], None]) -> Iterator[None]:
    aside = path.with_name(path.name + ".aside")
    path.mkdir(mode=0o700, exist_ok=True)
    path.rename(aside)
    path.mkdir(mode=0o700)

    mount()
    try:
        path.chmod(0o700)
        shutil.copytree(aside, path, dirs_exist_ok=True)
        shutil.rmtree(aside)
        shutil.rmtree(path / "lost+found", ignore_errors=True)
        _sync(path)
        yield
    finally:
        # Whatever still holds it.
        subprocess.run(["umount", "-l", str(path)], check=False, capture_output=True)


def _sync(path: Path) -> None:
    """What was moved here was on disk."""
    _run("sync", "-f", path)


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
