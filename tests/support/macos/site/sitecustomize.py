"""Read by each Python of the stand-in Mac at its start."""

import os
import sys

if "STAND_IN_MAC" in os.environ and sys.argv[:1] in ([], ["-c"]):
    from tests.support.macos.framework import install

    install()
