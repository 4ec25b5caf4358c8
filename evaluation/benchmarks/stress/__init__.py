"""How landmarks, ages and refusals stand up to changes of the picture."""
