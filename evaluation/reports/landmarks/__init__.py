"""The report of landmark errors."""
