"""The error vocabulary: what can go wrong, named by the boundary that it crosses.

    CalibenchError                exit code 1; the message is all that a user needs
      PluginError                 code of another package or of a user's file raised something, or is no plug-in
      InputError                  what was asked for does not exist or cannot be read (exit code 2)
      DataError                   a benchmark file is missing, empty or malformed: names file and line (exit code 2)
      ModelError                  a folder or hub id that gives no usable checkpoint (exit code 2)
      CapabilityError             a method needs what the backend lacks (exit code 2)
      IdentityError               a run folder holds a run of another identity (exit code 3)
      RunFileError                a run file that is corrupt, foreign or of an unknown version (exit code 3)
      StorageError                disk full, no permission to write (exit code 4)
      EngineError                 the inference engine did not start or died (exit code 5)

Each message says what was expected, what was found and where. The command line prints it without a traceback. A failure
of one question is data (outcome `failed`), never one of these.
"""


class CalibenchError(Exception):
    exit_code = 1


class PluginError(CalibenchError):
    pass


class InputError(CalibenchError):
    exit_code = 2


class DataError(InputError):
    pass


class ModelError(InputError):
    pass


class CapabilityError(InputError):
    pass


class IdentityError(CalibenchError):
    exit_code = 3


class RunFileError(CalibenchError):
    exit_code = 3


class StorageError(CalibenchError):
    exit_code = 4


class EngineError(CalibenchError):
    exit_code = 5


def unknown_name(kind: str, name: str, known: list[str], all_known: str | None = None) -> InputError:
    """An `InputError` that names the nearest of the `known` names, and all of them or what they are, `all_known`."""
    import difflib

    from calibench.errors.characters import one_line

    name, known = one_line(name), [*map(one_line, known)]
    near = difflib.get_close_matches(name, known[:_COMPARED], n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    more = [f"and {len(known) - _LISTED:,} more"] if len(known) > _LISTED else []
    return InputError(f"unknown {kind} {name!r}.{hint} Known: {all_known or ', '.join([*known[:_LISTED], *more])}")


_COMPARED, _LISTED = 1000, 100
"""Of the names, which a file may have any number of, so many are compared and listed."""


def is_fault(error: BaseException) -> bool:
    """Whether code raised it because something is wrong, not to stop; a panic of Rust is no Exception."""
    return isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime"
