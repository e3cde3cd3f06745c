"""Objectives from names and from files."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from latentbo.errors import InputError
from latentbo.objectives.loading import load_objective


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="assay.py"):
        file = tmp_path / name
        file.write_text(textwrap.dedent(text))
        return file

    return write_file


LENGTHS = """
    def lengths(smiles):
        return [len(text) or None for text in smiles]
    """


def test_a_built_in_name():
    assert load_objective("qed")(["CC(=O)Oc1ccccc1C(=O)O", "no"]) == [pytest.approx(0.550122, abs=1e-6), None]


def test_a_function_in_a_file(write):
    assert load_objective(f"{write(LENGTHS)}:lengths")(["CC", "", "CCO"]) == [2, None, 3]


def test_a_relative_path(write, monkeypatch):
    monkeypatch.chdir(write(LENGTHS).parent)
    assert load_objective("assay.py:lengths")(["CC"]) == [2]


def test_a_path_with_a_colon(write, tmp_path):
    (tmp_path / "C:").mkdir()
    assert load_objective(f"{write(LENGTHS, 'C:/assay.py')}:lengths")(["CC"]) == [2]


def test_a_callable_object_and_a_dataclass_in_the_file(write):
    file = write(
        """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Scaled:
            factor: float
            def __call__(self, smiles):
                return [self.factor * len(text) for text in smiles]

        twice = Scaled(2.0)
        """
    )
    assert load_objective(f"{file}:twice")(["CCO"]) == [6.0]


def test_two_files_of_one_name_stay_apart(write, tmp_path):
    for folder, factor in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        write(
            f"K = {factor}\ndef score(smiles):\n    return [K * len(x) for x in smiles]\n",
            f"{folder}/assay.py",
        )
    one, two = (load_objective(f"{tmp_path / folder}/assay.py:score") for folder in ("one", "two"))
    assert (one(["CC"]), two(["CC"])) == ([2], [4])


def test_a_file_that_changed_is_read_again(write):
    spec = f"{write('def score(smiles): return [1.0]')}:score"
    assert load_objective(spec)(["C"]) == [1.0]
    write("def score(smiles): return [22.0]")
    assert load_objective(spec)(["C"]) == [22.0]


def test_an_unknown_name():
    with pytest.raises(InputError, match="unknown objective 'qde': did you mean 'qed'"):
        load_objective("qde")


@pytest.mark.parametrize("spec", ["assay.py", "assay.py:", "assay:score", ":score", "assay.txt:score"])
def test_neither_a_name_nor_a_file_with_a_function(spec):
    with pytest.raises(InputError, match=r"an objective such as 'path/to/file\.py:name' was expected, not"):
        load_objective(spec)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"no file at .*none\.py"):
        load_objective(f"{tmp_path}/none.py:score")


def test_a_missing_function_is_answered_with_the_nearest(write):
    with pytest.raises(InputError, match=r"unknown name in .*assay\.py 'length': did you mean 'lengths'"):
        load_objective(f"{write(LENGTHS)}:length")


def test_what_cannot_be_called(write):
    with pytest.raises(InputError, match=r"assay\.py:lengths must be a function .* not list"):
        load_objective(f"{write('lengths = [1]')}:lengths")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1 / 0", ZeroDivisionError),
        ("def broken(:", SyntaxError),
        ("import no_such_module_anywhere", ModuleNotFoundError),
        ("import sys; sys.exit(3)", SystemExit),
    ],
)
def test_a_file_that_raises_is_reported_with_its_cause(write, text, kind):
    before = set(sys.modules)
    with pytest.raises(InputError, match=rf"assay\.py cannot be imported: {kind.__name__}") as caught:
        load_objective(f"{write(text)}:score")
    assert isinstance(caught.value.__cause__, kind)
    assert set(sys.modules) == before  # no half of a module is left behind


def test_a_users_own_objective_needs_no_rdkit(write):
    code = f"""
        import sys
        from latentbo.objectives.loading import load_objective
        assert load_objective({f"{write(LENGTHS)}:lengths"!r})(["CC"]) == [2]
        sys.exit("rdkit" in sys.modules)
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
