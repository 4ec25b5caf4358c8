"""Networks that read an age: one file each."""
