"""The system calls that a sandboxed program may not make, as namespaces and resource limits do not hold them.

They take memory that no limit counts, reach into the sandbox's first process, which has no limits, or read the keys of
the user's session. The filter is in classic BPF (linux/filter.h, linux/seccomp.h), as `bwrap --seccomp` reads it.
"""

from __future__ import annotations

import errno
import platform
import struct

from calibench.errors import CapabilityError

_DENIED = {
    # shmget, msgget, memfd_create, memfd_secret; mount, fsopen (of use inside a further user namespace); ptrace,
    # process_vm_readv, process_vm_writev; add_key, request_key, keyctl
    "x86_64": (0xC000003E, (29, 68, 319, 447, 165, 430, 101, 310, 311, 248, 249, 250)),
    "aarch64": (0xC00000B7, (194, 186, 279, 447, 40, 430, 117, 270, 271, 217, 218, 219)),
}
"""Machine -> its AUDIT_ARCH value (linux/audit.h) and numbers of system calls."""

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, JMP|JEQ|K, JMP|JGE|K, RET|K
_NUMBER_OFFSET, _ARCH_OFFSET = 0, 4  # struct seccomp_data
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_X32 = 0x40000000
"""First number of x86-64's other set of system calls."""


def denied_calls() -> bytes:
    """The filter for this machine.

    Raises:
        CapabilityError: a machine whose system calls are not known here.
    """
    if platform.machine() not in _DENIED:
        raise CapabilityError(f"the sandbox runs on {' and '.join(_DENIED)}, not on {platform.machine()}")
    arch, numbers = _DENIED[platform.machine()]
    refuse = len(numbers) + 1  # where the filter refuses, counted from the first comparison of numbers
    program = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_IF_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_IF_AT_LEAST, refuse, 0, _X32),
        *((_IF_EQUAL, refuse - 1 - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
