import pytest
from jinja2 import UndefinedError

from boneage.pipeline.pages.templating import render_template


def test_a_value_that_a_template_lacks_is_a_fault():
    with pytest.raises(UndefinedError):
        render_template("hand.svg")
