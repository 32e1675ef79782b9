"""What the three pilots share. Nothing here knows a sector."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime >= 1.29 phones home unless told before its import
