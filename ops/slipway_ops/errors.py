"""What a person can mend: said in words, never as a traceback."""


class OperatorError(Exception):
    """What is wrong, where, and what to do; the command ends with exit code 1."""
