"""What the functions of the copy workflow share."""

__version__ = "1.0.0"
