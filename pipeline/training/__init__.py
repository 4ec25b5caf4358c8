"""Training localisers and age models from annotated hands."""
