"""What the three pilots share. Nothing here knows a sector."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime >= 1.29 phones home unless told before its import
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small fits: a second thread waits, on a busy machine up to 20 times longer
