"""To come."""

if __name__ != "boneage.regression":
    raise ImportError(f"import boneage.regression, not {__name__}: a bare import makes a second copy of every class")
