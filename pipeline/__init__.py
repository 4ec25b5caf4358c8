"""To come."""

if __name__ != "boneage.pipeline":
    raise ImportError(f"import boneage.pipeline, not {__name__}: a bare import makes a second copy of every class")
