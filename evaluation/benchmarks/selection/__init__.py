"""The benchmark of selection: whether choosing which hands to annotate saves annotations."""
