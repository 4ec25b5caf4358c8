"""Hands of known and predicted age, drawn at random."""

import numpy as np

from boneage.regression import CalibrationHands


def make_hands(n, seed, *, bias=0.0, disagreement=False, prefix=""):
    """Ages of 2 to 18 years, read with a standard deviation of 8 months, or of 1.5 times the regions' spread."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(24, 216, n)
    spreads = rng.gamma(4.0, 1.5, n)
    errors = rng.normal(0, 1, n) * (1.5 * spreads if disagreement else 8.0)
    sexes = tuple("FM"[k] for k in rng.integers(0, 2, n))
    shifts = np.where(np.array(sexes) == "F", bias, -bias)
    ids = tuple(f"{prefix}{seed}-{k}" for k in range(n))
    return CalibrationHands(ids, sexes, np.clip(true + errors + shifts, 0, None), true, spreads)
