"""What each check asks, for formats that tell of checks as well as of findings."""

from collections.abc import Collection, Mapping


def questions(checks: Collection[str]) -> Mapping[str, str]:
    """The questions of these checks, by id; of those that are not known (a newer doctor's) none.

    In: ids of checks, of the doctor about itself too.
    """
    from diagnostics.check import all_checks

    known = {each.id: each.question for each in all_checks()}
    if any(each not in known for each in checks):
        from diagnostics.itself.questions import questions as about_itself

        known |= {each.id: each.question for each in about_itself()}
    return {each: known[each] for each in checks if each in known}
