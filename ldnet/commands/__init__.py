"""The command `ldnet`: a group in main.py, and a module for each of its commands. None imports torch before it runs."""
