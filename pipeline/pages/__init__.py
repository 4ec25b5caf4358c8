"""HTML pages: one of a folder of assessed files, and one of each file."""
