"""Does the exported graph say what Prophet says, and how much sooner?"""
