"""The commands of the command line: a module each, a package where there are many."""
