"""How tokens are chosen where options leave it open: today's default, greedy, or the checkpoint's own sampling."""

import json
from pathlib import Path

import pytest
from fakes import TEMPLATE, checkpoint_folder

from calibench.errors import IdentityError, ModelError
from calibench.model import Checkpoint
from calibench.records import Sampling
from calibench.running.config import RunConfig
from calibench.running.manifest import check_identity
from calibench.running.sampling import resolved
from calibench.store import RunFile

QWEN3 = {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20}
"""generation_config.json of Qwen3-8B."""
OWN = Sampling(0.6, 0.95, 2048, top_k=20)
GREEDY = Sampling(0.0, 1.0, 2048)
DRAWN = Sampling(1.0, 1.0, 2048, min_p=0.1)


def sampling(folder: Path, declared: dict | None, template: str = TEMPLATE, **options: object) -> Sampling:
    checkpoint_folder(folder)
    (folder / "chat_template.jinja").write_text(template)
    if declared is not None:
        (folder / "generation_config.json").write_text(json.dumps(declared))
    config = RunConfig(model="m", tasks=("gsm8k",), out="o", **options)
    return resolved(config, Checkpoint("m", folder, None)).token_sampling()


PLAIN = "{{ messages[0].content }}"


@pytest.mark.parametrize(
    ("declared", "template", "options", "expected"),
    [
        (QWEN3, TEMPLATE, {}, OWN),  # its template offers enable_thinking
        (QWEN3, PLAIN, {}, GREEDY),
        (QWEN3, PLAIN, {"draws": 4}, Sampling(0.7, 1.0, 2048)),
        (QWEN3, PLAIN, {"sampling": "model"}, OWN),
        (QWEN3, TEMPLATE, {"sampling": "greedy"}, GREEDY),
        (QWEN3, TEMPLATE, {"temperature": 0.0, "top_k": 0}, Sampling(0.0, 0.95, 2048)),
        (QWEN3, TEMPLATE, {"sampling": "greedy", "temperature": 1.0, "min_p": 0.1}, DRAWN),
        (QWEN3, TEMPLATE, {"protocol": "options"}, GREEDY),
        (QWEN3 | {"do_sample": False}, TEMPLATE, {"sampling": "model"}, GREEDY),  # as transformers reads it
        ({"do_sample": True}, PLAIN, {"sampling": "model"}, Sampling(1.0, 1.0, 2048)),
        (
            QWEN3 | {"repetition_penalty": 1.05}, PLAIN, {"sampling": "model", "presence_penalty": 1.5},
            OWN._replace(repetition_penalty=1.05, presence_penalty=1.5),
        ),
        (None, TEMPLATE, {}, GREEDY),
        (None, TEMPLATE, {"draws": 4}, Sampling(0.7, 1.0, 2048)),
        (None, TEMPLATE, {"sampling": "model"}, GREEDY),
    ],
)  # fmt: skip
def test_options_win_over_the_model_and_the_model_over_the_default(tmp_path, declared, template, options, expected):
    assert sampling(tmp_path / "model", declared, template, **options) == expected


@pytest.mark.parametrize("template", ["{{ x }}<think>\n", "{% if reasoning_effort %}", "{{ m.reasoning_content }}"])
def test_a_template_that_opens_or_offers_reasoning_is_found_in_either_place(tmp_path, template):
    assert sampling(tmp_path / "a", QWEN3, template) == OWN
    (tmp_path / "a" / "chat_template.jinja").unlink()
    (tmp_path / "a" / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    config = RunConfig(model="m", tasks=("gsm8k",), out="o")
    assert resolved(config, Checkpoint("m", tmp_path / "a", None)).token_sampling() == OWN


@pytest.mark.parametrize("declared", ["{", {"do_sample": True, "temperature": -1}])
def test_a_sampling_that_is_none_is_refused(tmp_path, declared):
    checkpoint_folder(tmp_path)
    text = declared if isinstance(declared, str) else json.dumps(declared)
    (tmp_path / "generation_config.json").write_text(text)
    with pytest.raises(ModelError, match=r"generation_config\.json"):
        resolved(RunConfig(model="m", out="o", sampling="model"), Checkpoint("m", tmp_path, None))


def test_a_run_that_says_nothing_of_the_newer_options_goes_on_without_them(tmp_path):
    with RunFile.create(tmp_path / "run") as run:
        run.update_manifest(identity={"temperature": 0.0, "top_p": 1.0})
        plain = {"temperature": 0.0, "top_k": 0, "min_p": 0.0, "system": None}
        assert check_identity(run, plain)["top_k"] == 0
        run.update_manifest(identity={"temperature": 0.0, "top_p": 1.0})
        with pytest.raises(IdentityError, match=r"top_k: 0 there, 5 now.*system: None there, Be brief\. now"):
            check_identity(run, plain | {"top_k": 5, "system": "Be brief."})
