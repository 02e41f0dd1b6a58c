"""`/usr/bin/codesign -d` of the stand-in Mac: says on standard error how a program is signed."""

import sys

from tests.support.macos.state import Mac

sys.stderr.write(
    f"Executable={sys.argv[-1]}\nCDHash={Mac.here().cdhash(sys.argv[-1])}\nTeamIdentifier=not set\n"
)
