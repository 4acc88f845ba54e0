"""What the functions of the copy workflow share."""

import gc

__version__ = "1.0.0"

# A cold start creates many objects and hardly any garbage. Looking for garbage with Python's default threshold takes a
# twentieth of its time.
gc.set_threshold(100_000)
