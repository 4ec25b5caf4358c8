import pickle
from pathlib import Path

import pytest

from boneage.imaging import errors


def kinds_of(base):
    return [kind for child in base.__subclasses__() for kind in (child, *kinds_of(child))]


@pytest.mark.parametrize("kind", kinds_of(errors.FileError))
def test_errors_of_files_travel_between_processes_and_name_the_file(kind):
    error = pickle.loads(pickle.dumps(kind("a/b.png", "is broken")))
    assert type(error) is kind
    assert str(error) == "a/b.png: is broken"
    assert (error.path, error.reason) == (Path("a/b.png"), "is broken")


@pytest.mark.parametrize("kind", [errors.InvalidInput, errors.TrainingDiverged])
def test_other_errors_travel_too_and_are_what_python_calls_them(kind):
    error = pickle.loads(pickle.dumps(kind("no hand has an age")))
    assert type(error) is kind
    assert str(error) == "no hand has an age"
    assert isinstance(error, ValueError if kind is errors.InvalidInput else FloatingPointError)
