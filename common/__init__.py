"""What the three pilots share. Nothing here knows a sector."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime >= 1.29 phones home unless told before its import
# Small fits: a second thread mostly waits, and on a busy machine the fit takes up to 20 times longer.
os.environ.setdefault("OMP_NUM_THREADS", "1")
