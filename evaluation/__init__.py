"""How far off predictions are: metrics, figures, reports, and the benchmarks that compare ways to them."""

if __name__ != "boneage.evaluation":
    raise ImportError(f"import boneage.evaluation, not {__name__}: that would make a second copy of every class")
