"""Many files: one row and one picture each, whatever happens to the others."""
