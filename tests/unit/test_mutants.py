"""Each mutant changes code that exists."""

import pytest

from tests.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_mutant_changes_the_file_that_it_names(mutant: Mutant) -> None:
    is_there = mutant.before in (ROOT / mutant.file).read_text()
    assert is_there, f"{mutant.file} no longer contains {mutant.before!r}. Update the mutant in tests/mutants.py."
    assert mutant.after != mutant.before
