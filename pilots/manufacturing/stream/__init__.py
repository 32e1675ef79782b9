"""One new row at a time: the state of a machine and its new row in, its next state and the bundle's answers out."""
