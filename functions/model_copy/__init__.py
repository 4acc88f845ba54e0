"""What the functions of the copy workflow share."""
