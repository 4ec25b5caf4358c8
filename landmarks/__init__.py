"""To come."""

if __name__ != "boneage.landmarks":
    raise ImportError(f"import boneage.landmarks, not {__name__}: a bare import makes a second copy of every class")
