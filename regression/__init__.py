"""To come."""

if __name__ != "boneage.regression":
    raise ImportError(f"import boneage.regression, not {__name__}: that would make a second copy of every class")
