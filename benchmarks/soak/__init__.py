"""Does it stay right when it is killed, when the disk is full, when a file is broken, and does it keep to itself?

`make soak` counts; every count is one file here. FULL=1 makes the counts larger.
"""
