"""The age benchmark."""
