"""Volumes: headers, reading, writing, orientation."""
