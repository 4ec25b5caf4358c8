"""The localisation benchmark."""
