"""The `lm_eval` command, with a backend of calibench offered as `--model calibench`."""


def main() -> None:
    import lm_eval.models  # noqa: F401  lm-eval registers its own models only while none is registered
    from lm_eval.__main__ import cli_evaluate
    from lm_eval.api.registry import model_registry

    model_registry.register("calibench", target="calibench.lm_eval.model:Model")
    cli_evaluate()


if __name__ == "__main__":
    main()
