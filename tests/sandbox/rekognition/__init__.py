"""The sandbox's Rekognition keeps the rules that AWS documents, and has a switch for each one that it does not."""
