import numpy as np
import torch
from torch import nn

from boneage.regression import Recipe
from boneage.regression.training_loop import TrainingLoop, run_training


class _Fit(TrainingLoop):
    """Fits a line to points."""

    def compute_loss(self, batch, rng):
        places, values = batch
        noise = torch.from_numpy(rng.normal(0, 1e-3, places.shape).astype(np.float32))
        return (self.network(places + noise) - values).square().mean(), 1

    def validate_epoch(self):
        return None


def fit(**options):
    torch.manual_seed(0)
    line, places = nn.Linear(1, 1), torch.linspace(-1, 1, 16)[:, None]
    loop = _Fit(line, Recipe(epochs=30, batch_size=4, learning_rate=0.05), tuple(map(str, range(16))), 0)
    return line, run_training(loop, (places, 2 * places), stage="line", **options)


def test_any_loss_is_trained_on_and_its_course_is_returned():
    line, history = fit()
    assert len(history) == 30
    assert history[-1].loss < 0.1 * history[0].loss
    assert abs(float(line.weight.detach()) - 2) < 0.3
    assert not line.training


def test_progress_bears_the_name_of_the_stage():
    told = []
    fit(progress=lambda stage, part: told.append((stage, part)))
    assert told[-1] == ("line", 1.0)
