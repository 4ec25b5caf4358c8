"""Model files and results on disk."""
