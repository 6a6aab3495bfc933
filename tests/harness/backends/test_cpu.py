"""What a vLLM engine gets on CPU; no engine is started."""

import json
import os

import pytest
from fakes import checkpoint_folder

from calibench import model
from calibench.backends import _cpu
from calibench.backends._surroundings import environment
from calibench.errors import EngineError, ModelError

GIB = 2**30
SEVEN = _cpu.Size(
    7_600_000_000, None, cache_values=2 * 28 * 4 * 128, step_values=52224, vocabulary=152064, context=32768
)
"""Qwen2.5-7B: 28 layers, 4 heads of 128 for keys and values, intermediate size 18,944, hidden size 3,584."""
SMALL = SEVEN._replace(parameters=500_000_000, cache_values=6144, step_values=13312)


def fitted(size, gib, bfloat16=True, **given):
    return _cpu.fitted(size, given, gib * GIB, gib * GIB, bfloat16)


def test_a_checkpoint_is_measured_by_the_headers_of_its_files():
    """Tied embeddings of 768 x 128; 4 layers with attention of 4 x 128 x 128, 3 x 128 x 384 beside it, two norms."""
    size = _cpu.size_of(model.resolve("micro-sft").path)
    assert size.parameters == 768 * 128 + 4 * (4 * 128**2 + 3 * 128 * 384 + 2 * 128) + 128 == 951424
    assert size.cache_values == 2 * 4 * 4 * 32
    assert (size.vocabulary, size.context, size.packed_bytes) == (768, 2048, None)


def test_weights_in_other_files_and_quantized_ones_are_measured_by_their_bytes(tmp_path):
    folder = checkpoint_folder(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(bytes(1000))
    assert _cpu.size_of(folder).parameters == 500  # of 2 bytes each
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "gptq"}}))
    assert _cpu.size_of(folder).weight_bytes(4) == 1000


def test_what_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="not a checkpoint that transformers can read"):
        _cpu.size_of(tmp_path)


def test_float32_is_taken_where_it_fits_and_bfloat16_only_where_the_processor_computes_with_it():
    assert fitted(SEVEN, 64)["dtype"] == fitted(SMALL, 8)["dtype"] == "float32"
    assert fitted(SEVEN, 24)["dtype"] == "bfloat16"
    assert fitted(SEVEN, 24, bfloat16=False, dtype="bfloat16")["dtype"] == "bfloat16"
    with pytest.raises(EngineError, match=r"expected 3\d\.\d GiB .* 7\.6 billion .* float32 .*found 24\.0"):
        fitted(SEVEN, 24, bfloat16=False)
    with pytest.raises(EngineError, match="in bfloat16"):
        fitted(SEVEN, 8)


def test_the_data_type_does_not_depend_on_what_else_runs():
    """It is part of a run's identity: a run that is continued on a busy machine is refused for want of memory."""
    with pytest.raises(EngineError, match="float32"):
        _cpu.fitted(SEVEN, {}, 64 * GIB, 20 * GIB, bfloat16=True)


@pytest.mark.parametrize("gib", [4, 8, 16, 64, 500])
@pytest.mark.parametrize("size", [SMALL, SEVEN])
def test_cache_and_prompts_fit_the_memory(size, gib):
    try:
        chosen = fitted(size, gib)
    except EngineError:
        assert size is SEVEN
        assert gib < 24
        return
    width = 4 if chosen["dtype"] == "float32" else 2
    weights = size.parameters * width
    cache = chosen["kv_cache_memory_bytes"]
    assert weights + cache + size.step_bytes(width, chosen["max_num_batched_tokens"]) <= gib * GIB
    assert cache >= size.cache_values * width * chosen["max_model_len"], "one request of the whole context"
    assert 1 <= chosen["max_num_seqs"] <= 256
    if chosen["max_num_seqs"] > 8:
        assert cache >= chosen["max_num_seqs"] * 1024 * size.cache_values * width, "none is thrown out and made again"


def test_what_the_user_gives_stays():
    given = {"max_model_len": 2048, "max_num_seqs": 7, "block_size": 64, "enable_chunked_prefill": True}
    assert given.items() <= fitted(SMALL, 16, **given).items()


def test_workers_on_several_memory_nodes_share_the_weights():
    assert fitted(SEVEN, 24, tensor_parallel_size=2)["dtype"] == "float32"


def test_threads_fit_the_machine_and_the_model(monkeypatch):
    def chosen(parameters, cores, quota=None, **given):
        monkeypatch.setattr(_cpu, "size_of", lambda *_: SMALL._replace(parameters=parameters))
        monkeypatch.setattr(_cpu, "_cores", lambda: cores)
        monkeypatch.setattr(_cpu, "_quota", lambda: quota)
        threads = _cpu.environment("model", given).get("OMP_NUM_THREADS")
        return threads, "distributed_executor_backend" in _cpu.arguments("model", given)

    assert chosen(500_000_000, 2) == ("2", True)
    assert chosen(1_000_000, 2) == ("1", True)
    assert chosen(1_000_000, 1) == ("1", True)
    assert chosen(500_000_000, 64) == (None, False), "vLLM's own choice"
    assert chosen(500_000_000, 4, tensor_parallel_size=2) == (None, False)
    assert chosen(500_000_000, 8, quota=3.5) == ("3", True)
    assert chosen(500_000_000, 64, quota=3.5) == ("3", True)
    assert chosen(500_000_000, 64, quota=20) == ("20", False)
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "0-1")
    assert chosen(500_000_000, 2) == (None, False), "the user's"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_limit_of_a_container_is_read(tmp_path, files, quota):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert _cpu._quota(tmp_path) == quota


def test_settings_of_an_engine_leave_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("TORCHDYNAMO_DISABLE", raising=False)
    with environment({"OMP_NUM_THREADS": "2", "TORCHDYNAMO_DISABLE": "1"}):
        assert os.environ["OMP_NUM_THREADS"] == "7", "the user's"
        assert os.environ["TORCHDYNAMO_DISABLE"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "TORCHDYNAMO_DISABLE" not in os.environ


def test_the_thread_that_asks_gives_way_and_has_its_priority_back():
    def niceness():
        return os.getpriority(os.PRIO_PROCESS, 0)

    before = niceness()
    with _cpu.giving_way():
        assert niceness() in (before, max(before, 10))
    assert niceness() == before


def test_a_priority_that_would_not_come_back_is_kept(monkeypatch):
    monkeypatch.setattr(_cpu, "_returns", lambda niceness: False)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with _cpu.giving_way():
        assert os.getpriority(os.PRIO_PROCESS, 0) == before
