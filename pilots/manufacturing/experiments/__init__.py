"""Longer studies behind the pilot's settings. They may import the pilot, never the reverse."""
