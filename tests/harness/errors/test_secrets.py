"""Secrets of the user are masked wherever something is written or told, and nothing else is."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from fake_runs import add
from fakes import FakeBackend

from calibench.errors import secrets
from calibench.errors.secrets import Log, is_secret, masked, remember
from calibench.fields import fields
from calibench.records import Grade
from calibench.running.config import RunConfig
from calibench.store import RunFile
from calibench.store.schema import to_row

TOKEN = "a-token-of-no-known-shape"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    monkeypatch.setattr(secrets, "_given", set())


@pytest.mark.parametrize(
    "name",
    [
        "hf_token",
        "token",
        "HF_TOKEN",
        "OPENAI_API_KEY",
        "api-key",
        "apiKey",
        "client_secret",
        "password",
        "DB_PASSWD",
        "Authorization",
        "credentials",
        "aws_secret_access_key",
        "accessToken",
        "private_key",
        "auth",
        "Cookie",
    ],
)
def test_names_of_secrets(name):
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "cost_token",
        "max_num_batched_tokens",
        "tokenizer",
        "tokenizer_mode",
        "token_ids",
        "stop_token_ids",
        "eos_token",
        "pad_token_id",
        "pad_token",
        "num_key_value_heads",
        "kv_cache_dtype",
        "author",
        "monkey",
        "key_value",
        "42",
    ],
)
def test_harmless_names(name):
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--engine hf_token=abc --engine max_tokens=5", "--engine hf_token=*** --engine max_tokens=5"),
        ("unrecognized arguments: --api-key=abc", "unrecognized arguments: --api-key=***"),
        ("unrecognized arguments: --api-key abc --tasks x", "unrecognized arguments: --api-key *** --tasks x"),
        ("--password --tasks a", "--password --tasks a"),
        ("{'hf_token': 'abc', 'stop_token_ids': [1]}", "{'hf_token': '***', 'stop_token_ids': [1]}"),
        ('{"password": "a b"}', '{"password": "***"}'),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("https://me:pass@host/x?token=abc&n=1", "https://***@host/x?token=***&n=1"),
        ("https:/me:pass@host/x/run.sqlite: no run here", "https:/***@host/x/run.sqlite: no run here"),
        ("//me:pass@host/x: no such folder", "//***@host/x: no such folder"),
        ("X-Api-Key: ab12cd34ef56gh78ij90", "X-Api-Key: ***"),
        ("found hf_0123456789abcdefghij here", "found *** here"),
        ("found sk-proj-0123456789abcdef here", "found *** here"),
        ("expected KEY=VALUE, found 'x'", "expected KEY=VALUE, found 'x'"),
        ("token: expected text; eos_token='</s>'", "token: expected text; eos_token='</s>'"),
        ("https://host/a@b", "https://host/a@b"),
        ("a//b@c, //b@c, a@b.c", "a//b@c, //b@c, a@b.c"),
        ("hf_transformers-like, sk-learn-without-digits", "hf_transformers-like, sk-learn-without-digits"),
    ],
)  # fmt: skip
def test_texts(text, told):
    assert masked(text) == told


def test_tables_keep_all_but_the_secrets():
    table = {
        "engine": {
            "hf_token": "abc",
            "max_num_seqs": 4,
            "token": True,
            "keys": {"api_key": ["a", "b"]},
            "password": "",
        },
        "notes": ["https://a:b@c/d"],
    }
    assert masked(table) == {
        "engine": {"hf_token": "***", "max_num_seqs": 4, "token": True, "keys": {"api_key": "***"}, "password": ""},
        "notes": ["https://***@c/d"],
    }


def test_what_an_option_or_the_environment_gave_is_masked_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("SERVICE_API_KEY", "of-the-environment")
    remember({"hf_token": TOKEN, "inner": {"password": 1234567890}})
    assert masked(f"input_value={TOKEN!r}; x of-the-environment y 1234567890") == "input_value='***'; x *** y ***"


def test_what_begins_with_a_slash_is_a_secret_unless_it_lies_there(monkeypatch, tmp_path):
    monkeypatch.setenv("SERVICE_SECRET_KEY", "/base64+begins/so0123456789")
    monkeypatch.setenv("SERVICE_CREDENTIALS", str(tmp_path))
    assert masked(f"x /base64+begins/so0123456789 y {tmp_path}") == f"x *** y {tmp_path}"


def test_the_engine_gets_the_secret_and_nothing_else_has_it(launch):
    """Run file, report, identity; and another secret makes no other run."""
    read = fields(RunConfig)["engine"].read_text(f"hf_token={TOKEN}", "--engine")
    assert read == {"hf_token": TOKEN}
    launch(FakeBackend(add), limit=1, engine=read)
    with RunFile.open(launch.out) as run:
        manifest = run.manifest()
    assert manifest["configuration"]["engine"] == {"hf_token": "***"}
    assert manifest["identity"]["engine_options"] == ""
    launch(FakeBackend(add), limit=2, engine={"hf_token": "another-token-altogether"})
    files = [file for file in launch.out.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert TOKEN.encode() not in file.read_bytes()
        assert b"another-token-altogether" not in file.read_bytes()


def test_messages_that_a_run_file_keeps_are_masked():
    remember({"token": TOKEN})
    key = {"task": "t", "question_id": "q", "protocol": "plain", "draw": 0}
    grade = Grade(**key, answer=None, outcome="failed", grader="g/1", detail=f"KeyError: {TOKEN}")
    assert to_row(grade)[-1] == "KeyError: ***"


def test_a_wrong_command_does_not_repeat_the_secret(tmp_path):
    command = [sys.executable, "-m", "calibench", "run", "nowhere", "--tasks", "micro", "--out", str(tmp_path / "o")]
    done = subprocess.run(
        [*command, "--enigne", "hf_token=abcdef", f"--engine=hf_token={TOKEN}", f"--api-key={TOKEN}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "abcdef" not in done.stderr
    assert TOKEN not in done.stderr


def test_a_log_is_masked_before_it_is_written(tmp_path):
    remember({"hf_token": TOKEN})
    log = Log(tmp_path / "log")
    program = f"import sys; print('before', {TOKEN!r}, 'after', flush=True); sys.stderr.write('no end of line')"
    child = subprocess.Popen([sys.executable, "-c", program], stdout=log.descriptor, stderr=log.descriptor)
    log.handed_out()
    child.wait()
    log.settle(10)
    assert (tmp_path / "log").read_text() == "before *** after\nno end of line"


def test_a_log_that_is_still_open_elsewhere_is_settled_too(tmp_path):
    log = Log(tmp_path / "log")
    os.write(log.descriptor, json.dumps({"api_key": "abc"}).encode() + b"\n")
    log.settle(10)
    assert (tmp_path / "log").read_text() == '{"api_key": "***"}\n'
    log.handed_out()
