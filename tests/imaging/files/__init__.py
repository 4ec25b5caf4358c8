"""Image files as they come: each kind is made from one picture, and must be read as that picture or refused by name."""
