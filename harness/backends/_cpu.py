"""What a vLLM engine gets on CPU: data type, threads, room for prompts and cache, and time for a step.

What a user sets, by `--engine` or in the environment, stays.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from calibench.errors import EngineError, ModelError

_CONTEXT = 8192
"""Longest context unless `max_model_len` asks for more: whole-prompt prefill reserves memory for all of it."""
_SEQUENCES = 256
_TOKENS_PER_SEQUENCE = 1024
"""For which each sequence that runs at once has room in the cache, so that none is thrown out and computed again."""
_STEP_SECONDS = 86400
"""vLLM's limit for a step is 300 s; the first prompts of a model of 7 billion parameters need more on few cores."""
_FEW_CORES = 8
"""Up to here one process schedules and computes; beyond, vLLM binds threads to the cores of a memory node."""
_IN_THE_ENGINE = "vllm.v1.executor.uniproc_executor.UniProcExecutor"
"""vLLM computes in a process beside the engine's own, to bind its threads. One process less starts sooner, and neither
waits for the other in each step."""
_LARGE = 50_000_000
"""Parameters from which all cores compute. Below, a core more is worth little (docs/engine.md), and on two cores one
thread alone computes, so that every probability is the same to the bit in any batch; with two, P(True) changes by up to
3e-7."""
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Of x86 and ARM processors that compute with bfloat16."""
_NICENESS = 10
"""Of the thread that asks, as of the graders: whatever takes the processor from the engine holds up all requests."""
_GIB = 2**30


class Size(NamedTuple):
    """What a checkpoint needs of memory."""

    parameters: int
    packed_bytes: int | None
    """Of its weights, if they are quantized, and are not kept in the data type that computes."""
    cache_values: int
    """Keys and values that the cache keeps of a token."""
    step_values: int
    """Intermediate values of a token in a step, of the widest layer."""
    vocabulary: int
    context: int

    def weight_bytes(self, width: int) -> int:
        """Of weights of `width` bytes each."""
        return self.packed_bytes or self.parameters * width

    def step_bytes(self, width: int, tokens: int) -> int:
        """Of a step with so many tokens: its intermediate values, and a few float32 copies of the logits."""
        return self.step_values * width * tokens + 4 * self.vocabulary * 4 * _SEQUENCES


def size_of(folder: Path, trust_remote_code: bool = False) -> Size:
    """Raises ModelError: config.json or weights cannot be read."""
    from transformers import AutoConfig

    try:
        whole = AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code)
        config = whole.get_text_config()
        heads = config.num_attention_heads
        head = getattr(config, "head_dim", None) or config.hidden_size // heads
        cached = getattr(config, "num_key_value_heads", None) or heads
        wide = max(getattr(config, "intermediate_size", None) or 0, 4 * config.hidden_size)
        packed = hasattr(whole, "quantization_config")
        return Size(
            parameters=sum(map(_parameters, folder.glob("*.safetensors"))) or _bytes(folder, "*.bin") // 2,
            packed_bytes=_bytes(folder, "*.safetensors") + _bytes(folder, "*.bin") if packed else None,
            cache_values=2 * config.num_hidden_layers * cached * head,
            step_values=2 * wide + 4 * config.hidden_size,
            vocabulary=config.vocab_size,
            context=getattr(config, "max_position_embeddings", _CONTEXT),
        )
    except Exception as error:  # a configuration may hold anything
        message = " ".join(str(error).split())[:400]
        raise ModelError(f"{folder}: not a checkpoint that transformers can read: {message}") from error


def _bytes(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern))


def _parameters(file: Path) -> int:
    """Values of all tensors, from the header of a safetensors file."""
    with file.open("rb") as weights:
        header = json.loads(weights.read(int.from_bytes(weights.read(8), "little")))
    return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


def arguments(folder: Path, given: dict[str, Any], trust_remote_code: bool = False) -> dict[str, Any]:
    """Engine arguments for this machine, with those given in their places.

    Raises:
        ModelError: the checkpoint cannot be read.
        EngineError: it does not fit the memory.
    """
    from vllm.utils.cpu_resource_utils import get_allowed_cpu_list, get_memory_node_info

    memory = get_memory_node_info(get_allowed_cpu_list()[0].numa_node)
    size = size_of(folder, trust_remote_code)
    chosen = fitted(size, given, memory.total_memory, memory.available_memory, computes_with_bfloat16())
    return {"distributed_executor_backend": _IN_THE_ENGINE, **chosen} if _one_process(given) else chosen


def fitted(size: Size, given: dict[str, Any], total: int, available: int, bfloat16: bool) -> dict[str, Any]:
    """Engine arguments for a memory of `total` bytes, `available` of them free, with those given in their places.

    In float32, neither the batch nor the order of requests changes an answer. bfloat16 is taken where float32 does not
    fit the whole memory, if the processor computes with it (`bfloat16`).

    Raises:
        EngineError: the checkpoint does not fit.
    """
    length = int(given.get("max_model_len", min(_CONTEXT, size.context)))
    tokens = int(given.get("max_num_batched_tokens", max(length, 4096)))
    needed = {
        dtype: size.weight_bytes(width) + size.step_bytes(width, tokens) + size.cache_values * width * length
        for dtype, width in (("float32", 4), ("bfloat16", 2))
    }
    shards = int(given.get("tensor_parallel_size", 1)) * int(given.get("pipeline_parallel_size", 1))
    total, available = total * shards, available * shards  # each has a part of the machine's memory to itself
    dtype = given.get("dtype", "bfloat16" if bfloat16 and needed["float32"] > total else "float32")
    width = 4 if dtype == "float32" else 2
    least = needed["float32" if width == 4 else "bfloat16"]
    if least > available:
        raise EngineError(
            f"expected {least / _GIB:.1f} GiB of free memory for {size.parameters / 1e9:.1f} billion parameters in"
            f" {dtype} and a context of {length}, found {available / _GIB:.1f} GiB; less is needed with"
            " --engine max_model_len=... or --engine dtype=bfloat16"
        )
    room = available - size.weight_bytes(width) - size.step_bytes(width, tokens)
    per_token = size.cache_values * width
    wanted = _SEQUENCES * _TOKENS_PER_SEQUENCE * per_token
    cache = max(min(wanted, room // 2, max(4 * _GIB, room // 8)), per_token * length)
    fitting = cache // (per_token * min(length, _TOKENS_PER_SEQUENCE))
    return {
        "dtype": dtype,
        "enforce_eager": True,
        "block_size": 32,
        "max_num_seqs": max(1, min(_SEQUENCES, fitting)),
        "max_model_len": length,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": tokens,
        "kv_cache_memory_bytes": cache // shards,
        **given,
    }


def environment(folder: Path, given: dict[str, Any]) -> dict[str, str]:
    """Settings that the engine's processes read from the environment."""
    settings = {
        # Reading log-probabilities would compile a kernel at the first request, for seconds, and need a C++ compiler.
        "TORCHDYNAMO_DISABLE": "1",
        "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS": str(_STEP_SECONDS),
        "VLLM_ENGINE_READY_TIMEOUT_S": str(_STEP_SECONDS),
    }
    threads = _threads()
    if _one_process(given):
        kept_back = size_of(folder).parameters < _LARGE
        settings["OMP_NUM_THREADS"] = str(max(1, threads - kept_back))
    elif threads < _cores():
        # A share of the time of all cores: a thread for each of them would be stopped most of the time.
        settings |= {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(threads)}
    return settings


def _one_process(given: dict[str, Any]) -> bool:
    """Whether the engine's own process computes."""
    parallel = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
    return (
        _threads() <= _FEW_CORES
        and all(int(given.get(name, 1)) == 1 for name in parallel)
        and "VLLM_CPU_OMP_THREADS_BIND" not in os.environ
    )


def _threads() -> int:
    """As many as compute side by side."""
    cores, quota = _cores(), _quota()
    return cores if quota is None else min(cores, max(1, int(quota)))


def _cores() -> int:
    """Of the processors that this process may use; two of one core count once."""
    from vllm.utils.cpu_resource_utils import get_allowed_cpu_list

    return len({(cpu.numa_node, cpu.physical_core) for cpu in get_allowed_cpu_list()})


def computes_with_bfloat16() -> bool:
    """Whether this machine's processor does; others take minutes for a step."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return not _BFLOAT16_FLAGS.isdisjoint(flags.partition(":")[2].split())


def _quota(cgroup: Path = Path("/sys/fs/cgroup")) -> float | None:
    """How many cores' time a container may use; None: no limit."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((cgroup / file).read_text() for file in files).split()
            return int(quota) / int(period) if int(quota) > 0 else None
        except (OSError, ValueError):  # no such file, or `max`
            continue
    return None


@contextlib.contextmanager
def giving_way() -> Iterator[None]:
    """The calling thread leaves the processor to the engine, where it may have its priority back."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with ThreadPoolExecutor(1) as thread:
        returns = thread.submit(_returns, before).result()
    if not returns:
        yield
        return
    os.setpriority(os.PRIO_PROCESS, 0, max(before, _NICENESS))
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def _returns(niceness: int) -> bool:
    """Whether this thread, which is lost if not, gets the priority back that it gives away."""
    os.setpriority(os.PRIO_PROCESS, 0, min(niceness + 1, 19))
    try:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    except PermissionError:
        return False
    return True
