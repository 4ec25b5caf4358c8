import numpy as np

from boneage.evaluation.benchmarks.memory import read_memory, reset_peak_memory


def test_the_peak_holds_what_was_taken_and_can_be_forgotten():
    before = read_memory("VmRSS")
    taken = np.ones(40_000_000)  # 305 MB
    del taken
    assert read_memory("VmHWM") > before + 250
    reset_peak_memory()
    assert 0 < read_memory("VmHWM") < before + 250
