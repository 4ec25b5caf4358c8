from typing import get_args

import pytest

from boneage.cli.age import select as age_select
from boneage.cli.landmarks import select as landmarks_select
from boneage.pipeline.selection import AGE_STRATEGIES, LANDMARK_STRATEGIES


@pytest.mark.parametrize(
    ("command", "strategies"), [(age_select, AGE_STRATEGIES), (landmarks_select, LANDMARK_STRATEGIES)]
)
def test_the_commands_offer_every_strategy_there_is(command, strategies):
    assert get_args(command.Strategy) == strategies
