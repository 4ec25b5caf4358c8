"""What was found and read, drawn on the hand."""
