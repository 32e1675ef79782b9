"""A mistake that a person can mend, said in one sentence."""


class Fault(Exception):
    """What is wrong, where, the value, and the words that repair it. Shown without a traceback, exit code 2."""
