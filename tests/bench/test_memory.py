"""Peak memory of a run with twenty times the questions; the backend answers by a function, all else is real."""

import subprocess
import sys
from pathlib import Path

import pytest
from rounds import size

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

TESTS = Path(__file__).parent.parent
QUESTIONS = size((1_000, 20_000), (20, 400))

PROGRAM = """
import resource, sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from fakes import FakeBackend, checkpoint_folder, gsm8k_folder
from calibench.backends import base
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent

class Backend(FakeBackend):
    def __init__(self, *arguments):
        super().__init__(lambda prompt, seed: "Answer: 4\\nConfidence: 85%", in_flight=64)
        self.completed = self.chosen = type("", (list,), {"append": lambda self, item: None})()

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    base.load = lambda name: Backend
    data = gsm8k_folder(folder / "data", int(sys.argv[2]))
    model = checkpoint_folder(folder / "model")
    config = RunConfig(model=model, tasks="gsm8k", out=folder / "run", data=data, confidence="stated,p_true")
    execute(config, Silent()).run.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def peak_mib(folder: Path, questions: int) -> float:
    folder.mkdir()
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, folder / "program.py", folder, str(questions), TESTS, TESTS.parent]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_memory_is_flat_in_the_number_of_questions(tmp_path):
    small, large = (peak_mib(tmp_path / str(n), n) for n in QUESTIONS)
    print(f"\n{QUESTIONS} questions: {small:.0f} and {large:.0f} MiB; ratio {large / small:.2f}")
    assert large < 1.1 * small
