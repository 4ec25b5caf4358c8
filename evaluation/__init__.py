"""To come."""

if __name__ != "boneage.evaluation":
    raise ImportError(f"import boneage.evaluation, not {__name__}: that would make a second copy of every class")
