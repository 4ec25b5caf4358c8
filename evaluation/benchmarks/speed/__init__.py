"""What training and locating cost."""
