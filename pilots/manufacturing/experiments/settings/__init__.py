"""Why the model settings are what they are: see README.md."""
