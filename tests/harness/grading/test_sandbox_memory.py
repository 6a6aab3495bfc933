"""What hostile programs take of the machine's memory, as the machine counts it: no more than a few limits' worth."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from calibench.grading import sandbox
from calibench.tasks.base import Program

pytestmark = pytest.mark.sandbox

LIMITS = sandbox.LIMITS._replace(cpu=2, wall=60.0)
KERNEL = 150 * 2**20
"""What may be lost to an attack on the kernel's memory: 16 MiB of files, and what else runs here meanwhile."""
AT_MOST = dict.fromkeys(["processes", "threads", "scattered pages"], 2.5 * LIMITS.memory)
"""Attacks that use the address space: it, the kernel's tables of it, and a quarter of both for what else runs here."""

_HOLD = """
import ctypes, fcntl, itertools, mmap, os, resource, socket, sys, threading, time
libc = ctypes.CDLL(None)
kept = []
def until_refused(step, most=10**7):
    for n in range(most):
        try:
            if step(n) == -1 or time.process_time() > 1.5: return
        except (OSError, MemoryError, RuntimeError, OverflowError, ValueError): return
"""
ATTACKS = {
    "System V": """
until_refused(lambda n: libc.semget(0, 32000, 0o1600))
until_refused(lambda n: libc.memset(libc.shmat(libc.shmget(0, 2**26, 0o1600), 0, 0), 1, 2**26))
until_refused(lambda n: libc.msgget(0, 0o1600))
""",
    "folders": "until_refused(lambda n: os.mkdir('x' * 200 + str(n)))",
    "names": """
until_refused(lambda n: open(f'f{n}', 'w').close())
until_refused(lambda n: os.symlink('x' * 120, f's{n}'))
until_refused(lambda n: os.link('program.py', f'l{n}'))
until_refused(lambda n: os.setxattr('program.py', f'user.{n}', b'x' * 2**15))
""",
    "files": "until_refused(lambda n: open(f'f{n}', 'wb').write(bytes(2**20)))",
    "descriptors": """
def memory(n):
    fd = os.memfd_create('m'); kept.append(fd)
    for _ in range(64): os.write(fd, bytes(2**20))
until_refused(memory)
def pair(n):
    kept.append(socket.socketpair(type=socket.SOCK_DGRAM))
    for end in kept[-1]:
        end.setblocking(False)
        until_refused(lambda n: end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**30), 1)
        until_refused(lambda n: end.send(bytes(2**16)))
until_refused(pair)
def port(n):
    kept.append(socket.create_server(('127.0.0.1', 0)))
    kept.append(socket.create_connection(kept[-1].getsockname())); kept.append(kept[-2].accept()[0])
    for end in kept[-2:]:
        end.setblocking(False)
        until_refused(lambda n: end.send(bytes(2**20)))
until_refused(port)
kept.clear()
def pipe(n):
    kept.append(os.pipe2(os.O_NONBLOCK))
    until_refused(lambda n: fcntl.fcntl(kept[-1][1], 1031, 2**20), 1)
    until_refused(lambda n: os.write(kept[-1][1], bytes(2**16)))
until_refused(pipe)
""",
    "locks": "file = open('f', 'w')\nuntil_refused(lambda n: fcntl.lockf(file, fcntl.LOCK_EX, 1, 2**40 - 2 * n))",
    "processes": """
def child(n):
    if os.fork() == 0:
        data = bytearray(b'x') * (400 * 2**20); time.sleep(2); os._exit(0)
until_refused(child, 20)
""",
    "threads": """
def work(): kept.append(bytearray(b'x') * (20 * 2**20)); time.sleep(2)
until_refused(lambda n: threading.Thread(target=work, daemon=True).start(), 100)
until_refused(lambda n: kept.append(bytearray(b'x') * 2**20))
""",
    "scattered pages": """
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mmap.restype = ctypes.c_void_p
def page(n):  # one in each gigabyte, so that each needs tables of its own
    at = libc.mmap(2**40 + n * 2**30, 4096, 3, 0x100022, -1, 0)
    if at == 2**64 - 1: return -1
    ctypes.memset(at, 1, 1)
until_refused(page, 65000)
""",
}


def in_use() -> int:
    """Bytes of the machine's memory that hold what cannot be read again: processes, the kernel's slabs and tables."""
    fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free, buffers, cached, shared = (
        int(fields[name].split()[0]) for name in ("MemTotal", "MemFree", "Buffers", "Cached", "Shmem")
    )
    return (total - free - buffers - cached + shared) * 1024


def taken(program: str) -> int:
    """The most that is in use while a program runs, above what was in use before."""
    before, most, ended = in_use(), 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.01):
            most = max(most, in_use())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        sandbox.run(Program(program + "\ntime.sleep(0.5)", ("1",)), LIMITS)  # held for so long, to be measured
    finally:
        ended.set()
        watcher.join()
    return most - before


@pytest.mark.parametrize("name", ATTACKS)
def test_the_machine_loses_no_more_than_the_limits_say(name: str):
    # Others take memory too meanwhile: what a program takes, it takes every time.
    assert any(taken(_HOLD + ATTACKS[name]) <= AT_MOST.get(name, KERNEL) for _ in range(3))
