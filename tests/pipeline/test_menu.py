"""What ``boneage.pipeline`` offers, and what importing it costs."""

import subprocess
import sys

import boneage.pipeline as menu


def test_importing_the_pipeline_does_not_load_torch():
    code = (
        "import sys, boneage.pipeline as menu\n"
        "print(sorted({'torch', 'numba', 'lightning', 'scipy', 'matplotlib'} & set(sys.modules)))\n"
        "menu.BoneAgePipeline\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True"], done.stderr


def test_every_name_of_the_menu_can_be_imported():
    assert {"BoneAgePipeline", "Assessment", "load_pipeline", "predict_files", "train_localiser"} <= set(menu.__all__)
    assert all(callable(getattr(menu, name)) for name in menu.__all__)
    assert set(menu.__all__) <= set(dir(menu))
