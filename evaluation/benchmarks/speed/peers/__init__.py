"""The same task by other libraries."""
