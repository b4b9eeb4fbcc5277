"""The house: who may import what, nothing is unpickled, and the linters have no complaint."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("emailimg", "serve_app", "tune_jobs")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of all imported modules, inside functions as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Dotted name and node of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def importers(module: str) -> set[str]:
    found = set()
    for file in FILES:
        names = set(imported(tree_of(file)))
        if any(name == module or name.startswith(f"{module}.") for name in names):
            found.add(name_of(file))
    return found


def test_there_is_a_house_to_look_at() -> None:
    assert len(FILES) > 30
    assert importers("emailimg") > {"emailimg/cli.py", "emailimg/pipeline.py"}
    assert "emailimg/tuning/proposals.py" in importers("optuna"), "imports inside functions count"


def test_the_library_does_not_import_what_is_built_on_it() -> None:
    for package in ("serve_app", "tune_jobs"):
        assert not {name for name in importers(package) if name.startswith("emailimg/")}


def test_one_file_talks_to_xgboost_ray() -> None:
    assert importers("xgboost_ray") == {"emailimg/boosting.py"}


@pytest.mark.parametrize("module", ["pickle", "cloudpickle", "joblib", "dill", "marshal", "shelve"])
def test_nothing_is_unpickled(module: str) -> None:
    loaders = {f"{module}.load", f"{module}.loads", f"{module}.Unpickler", f"{module}.open"}
    for file in FILES:
        tree = tree_of(file)
        assert not loaders & {name for name, _ in calls(tree)}, name_of(file)
        assert not loaders & set(imported(tree)), name_of(file)


def test_torch_and_numpy_load_plain_data_only() -> None:
    found = 0
    for file in FILES:
        for name, call in calls(tree_of(file)):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            if name == "torch.load":
                found += 1
                assert options.get("weights_only") == "True", name_of(file)
            if name in ("np.load", "numpy.load"):
                assert options.get("allow_pickle", "False") == "False", name_of(file)
            assert name != "yaml.load", f"{name_of(file)}: use yaml.safe_load"
    assert found > 0


def test_commands_of_a_shell_are_not_run() -> None:
    for file in FILES:
        for name, call in calls(tree_of(file)):
            assert name not in ("os.system", "eval", "exec"), name_of(file)
            shell = [keyword for keyword in call.keywords if keyword.arg == "shell"]
            assert not shell, name_of(file)


def test_every_file_says_what_it_is() -> None:
    for file in FILES:
        assert ast.get_docstring(tree_of(file)), f"{name_of(file)} has no docstring"


@pytest.mark.parametrize(
    "arguments",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_the_linters_have_no_complaint(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
