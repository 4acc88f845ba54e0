"""The sandbox behaves as AWS does, as far as AWS documents it."""
