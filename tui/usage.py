"""A wrong call, in words. Stands alone so that the quick commands need not load the argument parser."""


class UsageError(Exception):
    """The call is wrong; the text says what was expected. Ends in exit code 2."""
