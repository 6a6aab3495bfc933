"""The system calls that a sandboxed program may make: what Python needs to compute, to use files and to run threads.

Every other call fails as one that the kernel does not have (ENOSYS), so that the C library takes an older one where it
knows one. Among them are those that take memory of the machine which no limit of a process counts, such as shared
memory, semaphores, message queues, io_uring and file locks; those that start processes or make namespaces; and those
that reach into other processes, the kernel's keys and its tracing. The filter is in classic BPF (linux/filter.h,
linux/seccomp.h).
"""

from __future__ import annotations

import errno
import functools
import platform
import struct
from collections.abc import Iterator

from calibench.errors import CapabilityError

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Machine -> its AUDIT_ARCH value (linux/audit.h). The tables below have their numbers in this order."""

# fmt: off
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "lseek": (8, 62), "open": (2, None), "openat": (257, 56), "creat": (85, None), "close": (3, 57),
    "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "stat": (4, None),
    "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78),
    "statfs": (137, 43), "fstatfs": (138, 44), "getdents": (78, None), "getdents64": (217, 61), "getcwd": (79, 17),
    "chdir": (80, 49), "fchdir": (81, 50), "getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10),
    "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "unlink": (87, None), "unlinkat": (263, 35), "link": (86, None), "linkat": (265, 37), "symlink": (88, None),
    "symlinkat": (266, 36), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "umask": (95, 166), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47),
    "fadvise64": (221, 223), "fsync": (74, 82), "fdatasync": (75, 83), "flock": (73, 32), "brk": (12, 214),
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "madvise": (28, 233),
    "mincore": (27, 232), "msync": (26, 227), "exit": (60, 93), "exit_group": (231, 94), "futex": (202, 98),
    "set_tid_address": (218, 96), "set_robust_list": (273, 99), "get_robust_list": (274, 100), "rseq": (334, 293),
    "restart_syscall": (219, 128), "sched_yield": (24, 124), "getpid": (39, 172), "getppid": (110, 173),
    "gettid": (186, 178), "getpgid": (121, 155), "getpgrp": (111, None), "getsid": (124, 156), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158),
    "getresuid": (118, 148), "getresgid": (120, 150), "wait4": (61, 260), "waitid": (247, 95), "kill": (62, 129),
    "tkill": (200, 130), "tgkill": (234, 131), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136), "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137), "sigaltstack": (131, 132), "pause": (34, None), "alarm": (37, None),
    "setitimer": (38, 103), "getitimer": (36, 102), "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None),
    "times": (100, 153), "getrusage": (98, 165), "sysinfo": (99, 179), "uname": (63, 160), "getcpu": (309, 168),
    "getrandom": (318, 278), "getrlimit": (97, 163), "setrlimit": (160, 164), "prlimit64": (302, 261),
    "getpriority": (140, 141), "sched_getaffinity": (204, 123), "sched_getscheduler": (145, 120),
    "sched_getparam": (143, 121), "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126),
    "sched_rr_get_interval": (148, 127), "poll": (7, None), "ppoll": (271, 73), "select": (23, None),
    "pselect6": (270, 72), "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21),
    "epoll_wait": (232, None), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441), "eventfd": (284, None),
    "eventfd2": (290, 19), "pipe": (22, None), "pipe2": (293, 59), "recvfrom": (45, 207), "sendto": (44, 206),
    "shutdown": (48, 210), "getsockname": (51, 204), "getpeername": (52, 205), "getsockopt": (55, 209),
}
# fmt: on
"""System call -> its numbers (asm/unistd.h); None: the machine lacks it."""

_ALLOWED_WITH: dict[str, tuple[tuple[int, int], int, tuple[int, ...]]] = {
    "socketpair": ((53, 199), 0, (1,)),  # AF_UNIX, as event loops have it; such a pair has no port and no name
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC. No locks: a file may have any number of them.
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 4, 1030)),
    # TCGETS, TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    "ioctl": ((16, 29), 1, (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    "prctl": ((157, 167), 0, (15, 16)),  # PR_SET_NAME, PR_GET_NAME
}
"""System call -> its numbers, the place of an argument, and the values that it may have; else it is refused (EPERM)."""

_CLONE, _CLONE_THREAD = (56, 220), 0x10000  # linux/sched.h: threads, whose memory is counted together, and no processes

_LOAD, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, JMP|JEQ|K, JMP|JSET|K, RET|K
_NUMBER_OFFSET, _ARCH_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16  # struct seccomp_data
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000

_Instruction = tuple[int, int, int, int]
"""Code, instructions to skip if true, the same if false, and a value."""


@functools.cache
def allowed_calls() -> bytes:
    """The filter for this machine, as an array of struct sock_filter.

    Raises:
        CapabilityError: a machine whose system calls are not known here.
    """
    if platform.machine() not in _ARCHITECTURES:
        raise CapabilityError(f"the sandbox runs on {' and '.join(_ARCHITECTURES)}, not on {platform.machine()}")
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _filter(platform.machine()))


def _filter(machine: str) -> Iterator[_Instruction]:
    place = list(_ARCHITECTURES).index(machine)
    yield (_LOAD, 0, 0, _ARCH_OFFSET)
    yield (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine])
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER_OFFSET)
    for numbers in _ALLOWED.values():
        if (number := numbers[place]) is not None:
            yield from _on(number, [(_RETURN, 0, 0, _ALLOW)])
    for numbers_with, argument, values in _ALLOWED_WITH.values():
        yield from _on(numbers_with[place], _if_argument(argument, _IF_EQUAL, values))
    yield from _on(_CLONE[place], _if_argument(0, _IF_ANY_BIT, (_CLONE_THREAD,)))
    yield (_RETURN, 0, 0, _UNKNOWN)


def _on(number: int, then: list[_Instruction]) -> list[_Instruction]:
    return [(_IF_EQUAL, 0, len(then), number), *then]


def _if_argument(argument: int, comparison: int, values: tuple[int, ...]) -> list[_Instruction]:
    """Allows the call if a comparison of the argument's low half, which is all that the kernel reads, holds."""
    return [
        (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * argument),
        *((comparison, len(values) - place, 0, value) for place, value in enumerate(values)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
