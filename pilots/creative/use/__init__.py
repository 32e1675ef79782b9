"""Right of the waist: a bundle and a seed in, seamless tiles out."""

from __future__ import annotations

OPTIONS = 'INPUT is a JSON file of settings, such as {"class": "brick", "size": 512, "seed": 1}'
