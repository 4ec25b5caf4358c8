"""Run the examples in the docstrings."""

import doctest
import importlib

import pytest

from tests.conftest import ROOT

MODULES = sorted(
    ".".join(("boneage", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for folder in ("imaging", "landmarks", "regression", "evaluation", "pipeline", "cli")
    for path in (ROOT / folder).rglob("*.py")
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_show(name):
    import numpy as np

    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"np": np}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0
