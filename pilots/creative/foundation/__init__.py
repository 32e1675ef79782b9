"""Text-to-image models that a user already has: read from a local folder, made periodic, exported, drawn with.

No library here may ask the network or tell it anything: said before any of them is imported, for they read it then.
"""

import os

os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TRANSFORMERS_OFFLINE="1",
    DISABLE_TELEMETRY="YES",
    DO_NOT_TRACK="1",
    DIFFUSERS_VERBOSITY="critical",  # their advice is for their developers; what goes wrong here is raised
    TRANSFORMERS_VERBOSITY="critical",
)
