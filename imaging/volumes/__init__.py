"""Volumes: headers, files, orientation."""
