"""Benchmarks: localisers, age models, and what they cost beside their peers."""
