"""`mcp-doctor advise`: which way of keeping credentials suits this host, from what is found here. Asks no network."""

import json
import shutil
import sys

from tui.arguments import Call


def run(call: Call) -> int:
    """Writes the advice in the asked format. Out: 0, whatever it says."""
    from diagnostics.advice import rendering
    from diagnostics.advice.fact import Said
    from diagnostics.advice.gathering import facts_of
    from diagnostics.advice.judgement import judge
    from tui.commands import check

    context = check.looked(check.session_of(call))
    advice = judge(facts_of(context, Said(call.extra["team"], call.extra["sso"])))
    match call.extra["format"]:
        case "json":
            told = json.dumps(rendering.to_json(advice), indent=2, ensure_ascii=False) + "\n"
        case "markdown":
            told = rendering.markdown(advice)
        case _:
            told = rendering.text(advice, shutil.get_terminal_size((80, 24)).columns)
    sys.stdout.write(told)
    return 0
