"""The report of age errors."""
