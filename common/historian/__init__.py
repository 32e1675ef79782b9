"""What a plant's historian exports, to one row per machine and time. Right of the waist: numpy, pandas, pandera."""
