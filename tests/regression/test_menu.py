"""What ``boneage.regression`` offers, and what importing parts of it costs."""

import subprocess
import sys

import boneage.regression as menu


def test_cropping_does_not_load_torch():
    code = (
        "import sys\n"
        "from boneage.regression import AgeEstimate, CropSpec, RegionStack\n"
        "print('torch' in sys.modules)\n"
        "from boneage.regression import AgeRegressor\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_every_name_of_the_menu_can_be_imported():
    assert {"AgeRegressor", "CropSpec", "RegionStack", "AgeEstimate", "PRESETS"} <= set(menu.__all__)
    assert all(getattr(menu, name) is not None for name in menu.__all__)
    assert set(menu.__all__) <= set(dir(menu))
