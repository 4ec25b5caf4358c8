"""Outlines of ossification centres and joints: the network, their names, their measures."""
