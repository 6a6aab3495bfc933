"""What the stored texts give is made without a model."""

import pytest
from fake_runs import add, rows
from fakes import FakeBackend, NeverStarts

from calibench.errors import EngineError
from calibench.store import RunFile


def drop(out, *statements: str) -> None:
    """Takes rows out of a run file, as a run that was killed leaves them out."""
    with RunFile.create(out) as run:
        for statement in statements:
            run._db.execute(statement)
        run.update_manifest(complete=False)


def test_missing_grades_and_stated_confidences_are_made_without_the_engine(launch):
    launch(FakeBackend(add), draws=2, temperature=1.0)
    whole = rows(launch.out)
    drop(launch.out, "DELETE FROM grades WHERE draw = 1", "DELETE FROM confidences WHERE draw = 0")
    launch(NeverStarts(), draws=2, temperature=1.0)
    assert rows(launch.out) == whole
    with RunFile.open(launch.out) as run:
        manifest = run.manifest()
    assert manifest["complete"] is True
    assert [session["engine"] and session["engine"]["engine"] for session in manifest["sessions"]] == ["fake", None]
    assert manifest["engine"]["engine"] == "fake", "the engine that generated"
    assert manifest["identity"]["dtype"] == "float32"


def test_a_method_that_reads_the_text_is_added_without_the_engine(launch):
    launch(FakeBackend(add), confidence=())
    launch(NeverStarts(), confidence=("stated",))
    with RunFile.open(launch.out) as run:
        assert set(run.frame().value) == {0.85}
        assert run.manifest()["complete"] is True


@pytest.mark.parametrize("options", [{"confidence": ("stated", "p_true")}, {"limit": 6}])
def test_what_needs_the_model_starts_it_after_the_rest_is_made(launch, options):
    launch(FakeBackend(add), limit=5)
    drop(launch.out, "DELETE FROM grades")
    with pytest.raises(EngineError, match="started"):
        launch(NeverStarts(), **({"limit": 5} | options))
    with RunFile.open(launch.out) as run:
        assert run.tally("gsm8k", "stated")["grade"] == 5
    launch(FakeBackend(add), **({"limit": 5} | options))
    with RunFile.open(launch.out) as run:
        assert run.manifest()["complete"] is True
