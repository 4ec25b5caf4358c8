import json
import math

import pytest

from boneage.evaluation.reports.basis import count_hands, describe_phantoms, write_json


@pytest.mark.parametrize(
    ("ids", "note"),
    [
        (["1", "2"], ""),
        (["phantom0001"], ", all of them phantoms (synthetic)"),
        (["phantom0001", "2"], ", 1 of them phantoms (synthetic)"),
    ],
)
def test_phantoms_are_counted(ids, note):
    assert describe_phantoms(count_hands(ids)) == note


def test_what_is_no_number_is_null(tmp_path):
    write_json(tmp_path / "s.json", {"a": math.nan, "b": [1.5, math.inf], "c": {"d": (2,)}})
    assert json.loads((tmp_path / "s.json").read_text()) == {"a": None, "b": [1.5, None], "c": {"d": [2]}}
