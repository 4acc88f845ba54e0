"""What a person can get wrong."""


class UsageError(ValueError):
    """A command cannot do what it was asked to do; the message says why and what to do."""
