"""The `lm_eval` command, with a backend of calibench offered as `--model calibench`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from calibench.errors import CalibenchError
from calibench.errors.terminal import clean, tell
from calibench.lm_eval.ours import require_current


def main() -> None:
    try:
        for configuration in _included():
            require_current(configuration)
    except CalibenchError as error:
        tell("calibench", clean(str(error)))
        sys.exit(error.exit_code)

    import lm_eval.models  # noqa: F401  lm-eval registers its own models only while none is registered
    from lm_eval.__main__ import cli_evaluate
    from lm_eval.api.registry import model_registry

    model_registry.register("calibench", target="calibench.lm_eval.model:Model")
    cli_evaluate()


def _included() -> list[Path]:
    """The configurations below the folder of lm_eval's `--include_path`."""
    command = argparse.ArgumentParser(add_help=False)
    command.add_argument("--include_path", nargs="?", const="", default="")
    options, _ = command.parse_known_args()
    return [file for folder in options.include_path.split(":") if folder for file in Path(folder).rglob("*.yaml")]


if __name__ == "__main__":
    main()
