"""The rules of the house: which way imports point, what loads, what stays light, what is shipped."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from calibench import tasks
from calibench.backends import base as backends
from calibench.confidence import base as confidence

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("harness", "tasks", "metrics", "reports")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

PLAIN = ("calibench.tasks", "calibench.metrics", "calibench.reports")
CONTRACT = tuple(
    f"calibench.{name}"
    for name in (
        *(
            "records",
            "results",
            "results.decisions",
            "results.differences",
            "results.judging",
            "results.labels",
            "results.maps",
            "results.plots",
            "results.targets",
            "results.thinking",
            "results.wordings",
            "fields",
            "registry",
            "registry.foreign",
            "version",
        ),
        *(
            "errors",
            "errors.characters",
            "errors.regular",
            "errors.secrets",
            "errors.spreadsheet",
            "errors.terminal",
            "errors.working",
        ),
    )
)
# The composition roots, lowest first: a root may import those before it, and everything that is no root.
ROOTS = (
    "calibench.grading",
    "calibench.running.reading",
    "calibench.running.over_draws",
    "calibench.running.asking",
    "calibench.running.making",
    "calibench.running.stream",
    "calibench.running.session",
    "calibench.running.judging",
    "calibench.running.pipeline",
    "calibench.analysis",
    "calibench.lm_eval",
    "calibench.finetune",
    "calibench.study",
    "calibench.cli",
    "calibench.__main__",
)
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60
HEAVY = ("torch", "vllm", "transformers", "datasets", "pandas", "matplotlib", "sklearn", "scipy", "lm_eval")


def module_name(path: Path) -> str:
    """`harness/a/b.py` is `calibench.a.b`, `tasks/c.py` is `calibench.tasks.c`."""
    folder, *parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(["calibench", *([] if folder == "harness" else [folder]), *parts])


SOURCES = {module_name(path): path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))}


def imports(module: str, *, only_at_import: bool = False) -> Iterator[str]:
    """Full names of what a module imports; with `only_at_import`, not what its functions and type checkers import."""
    todo: list[ast.AST] = [ast.parse(SOURCES[module].read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide where they point"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in SOURCES else str(node.module) for name in full)
        elif only_at_import and (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ):
            continue
        else:
            todo += ast.iter_child_nodes(node)


def project_imports(module: str, *, only_at_import: bool = False) -> set[str]:
    found = imports(module, only_at_import=only_at_import)
    return {name for name in found if name.partition(".")[0] == "calibench"} - {module}


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def root_of(module: str) -> str | None:
    return next((root for root in ROOTS if within(module, root)), None)


@pytest.mark.parametrize("module", CONTRACT)
def test_the_contract_imports_nothing_of_the_project(module):
    assert project_imports(module) <= set(CONTRACT)


@pytest.mark.parametrize("module", [m for m in SOURCES if within(m, *PLAIN)])
def test_tasks_metrics_and_reports_import_only_the_contract_and_themselves(module):
    package = next(package for package in PLAIN if within(module, package))
    assert {name for name in project_imports(module) if not within(name, package, *CONTRACT)} == set()


@pytest.mark.parametrize("module", [m for m in SOURCES if m != "calibench"])
def test_a_root_is_imported_only_by_the_roots_above_it(module):
    own = root_of(module)
    allowed = ROOTS[: ROOTS.index(own) + 1] if own else ()
    assert {name for name in project_imports(module) if root_of(name) and not within(name, *allowed)} == set()


def test_the_package_itself_imports_the_project_only_inside_its_functions():
    assert not project_imports("calibench", only_at_import=True) - {"calibench.version"}


def require_no_circle(graph: Mapping[str, set[str]]) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' <- '.join(error.args[1])}")


def test_there_is_no_import_cycle():
    # The package `calibench` imports nothing when it is imported (the test above), so nothing can be caught in it.
    require_no_circle({module: project_imports(module) - {"calibench"} for module in SOURCES if module != "calibench"})


def room_of(module: str) -> str:
    """The folder, or the file directly in `harness`, that a module lies in."""
    return ".".join(module.split(".")[:2])


def test_the_rooms_are_few_and_their_arrows_make_no_circle():
    """A newcomer holds the house in the head: its folders, the files directly in `harness`, and who imports whom."""
    arrows: dict[str, set[str]] = {room_of(module): set() for module in SOURCES}
    for module in SOURCES:
        arrows[room_of(module)] |= {room_of(name) for name in project_imports(module)} - {room_of(module)}
    require_no_circle(arrows)
    assert len(arrows) <= 26
    assert sum(map(len, arrows.values())) <= 135


@pytest.mark.parametrize("module", SOURCES)
def test_files_and_functions_can_be_read_at_one_sitting(module):
    text = SOURCES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_OF_A_FILE
    functions = [f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = {f.name: length(f) for f in functions if length(f) > LINES_OF_A_FUNCTION}
    assert too_long == {}


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines, without the docstring."""
    return function.end_lineno - function.lineno + 1 - (ast.get_docstring(function, clean=False) or "").count("\n")


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_loads_under_the_name_of_its_file(name):
    assert tasks.load(name).name == name


@pytest.mark.parametrize("name", backends.names())
def test_every_backend_loads(name):
    assert issubclass(backends.load(name), backends.BaseBackend)


@pytest.mark.parametrize("name", confidence.names())
def test_every_confidence_method_loads(name):
    assert isinstance(confidence.load(name), confidence.Method)


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_says_what_it_is_for(module):
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["tasks"], ["suites"], ["methods"], ["backends"], ["models"]]
)
def test_light_commands_load_nothing_heavy(arguments):
    program = f"""
import contextlib, sys
from calibench.cli import main
with contextlib.suppress(SystemExit):
    main({arguments!r})
print("loaded:", *sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_all_packages_are_distributed():
    packages = {module_name(path.with_name("__init__.py")) for path in SOURCES.values()}
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == packages


def distribution(requirement: str) -> str:
    """The normalised name at the start of a requirement."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_every_library_that_is_imported_is_declared():
    # vLLM's distribution depends on the machine, so the Makefile names it.
    project = PYPROJECT["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["ray"], "vllm"]
    declared = {distribution(requirement) for requirement in needed}
    providers = packages_distributions()
    undeclared = {
        (module, library)
        for module in SOURCES
        for library in {name.partition(".")[0] for name in imports(module)}
        if library != "calibench" and library not in sys.stdlib_module_names
        if declared.isdisjoint(map(distribution, [library, *providers.get(library, ())]))
    }
    assert undeclared == set()


def tracked_texts() -> Iterator[tuple[str, str]]:
    names = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b""
        if b"\0" not in data:
            yield name, data.decode("utf-8")


def test_no_file_names_a_place_on_one_machine():
    place = re.compile(r"/(?:home|Users|root|work|mnt)/[\w.]")
    found = [f"{name}: {hit[0]}" for name, text in tracked_texts() for hit in place.finditer(text)]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").iterdir()), ids=lambda p: p.name)
def test_constraints_are_exact_versions_and_nothing_else(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+]+|-c common\.txt", line)] == []
    pins = [line.partition("==")[0].lower() for line in lines if "==" in line]
    assert pins == sorted(set(pins))


def test_the_version_is_stated_once():
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", importlib.import_module("calibench").__version__)


def test_no_two_classes_share_a_name():
    """Those that modules of one kind must define, as `Settings` of trainers, aside; private ones are nobody else's."""
    places: dict[str, list[str]] = {}
    for module, path in SOURCES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert {name: modules for name, modules in places.items() if len(modules) > 1}.keys() <= {"Settings", "Backend"}
