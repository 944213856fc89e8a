"""Play a whole class (placeholder while this module is being written)."""


def register(subparsers):
    """Add the command to the command line."""
