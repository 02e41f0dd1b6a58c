"""'Broken since Tuesday 14:05, right after …': the sentence, and what it rests on."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from diagnostics.history import Condition, History
from diagnostics.history.story import Happening, Kind, changes, happenings, password_before, story_of
from diagnostics.history.telling import Told, tell, tell_change, tell_state
from diagnostics.history.times import mark, stamp, when, zone_of
from diagnostics.history.traces import of_configs, of_passwords
from diagnostics.host import Host
from diagnostics.model import Platform, Session, Status
from tests.support.histories import LOCKED, NOON, OK, REVOKED, UNCLEAR, every, history, one

KEY = "cursor:github#env.TOKEN"
STEP = timedelta(minutes=15)


def past(*states: Condition | None, step: timedelta = STEP) -> History:
    return history(every(step, [{KEY: each} if each else {} for each in states]))


def told(there: History, *seen: Happening) -> Told:
    story = story_of(there, KEY)
    assert story is not None
    return tell(story, happenings(there, KEY, story, seen), NOON, UTC)


def test_broken_since_the_first_round_that_found_it_so() -> None:
    said = told(past(OK, OK, LOCKED, LOCKED, LOCKED))
    assert said.headline == "Broken since today 11:30."
    assert said.lines == (
        "The keychain login is locked (link: permission, cause: keyring_locked).",
        "It was last in order today 11:15.",
    )


def test_right_after_what_mcp_doctor_did_then() -> None:
    deed = Happening(Kind.DEED, NOON - timedelta(minutes=32), "“Replace github_token” (done by mcp-doctor)")
    late = Happening(Kind.DEED, NOON, "“Something else” (done by mcp-doctor)")
    said = told(past(OK, OK, REVOKED, REVOKED, REVOKED), late, deed)
    assert (
        said.headline == "Broken since today 11:30, right after “Replace github_token” (done by mcp-doctor)."
    )
    assert said.beside == ("Tue 24 Nov 11:28  “Replace github_token” (done by mcp-doctor)",)


def test_rounds_that_could_not_find_out_leave_the_moment_open() -> None:
    said = told(past(OK, UNCLEAR, UNCLEAR, UNCLEAR, LOCKED, UNCLEAR, LOCKED))
    assert said.headline == (
        "Broken since some time between today 10:30 (in order) and today 11:30."
    )  # fmt: skip
    assert "3 rounds in between could not find out." in said.lines


def test_a_computer_that_was_off_leaves_the_moment_open() -> None:
    rounds = [*every(STEP, [{KEY: OK}] * 5, NOON - timedelta(hours=9)), one(9, NOON, {KEY: LOCKED})]
    said = told(history(rounds))
    assert "between today 03:00 (in order) and today 12:00" in said.headline
    assert "right after" not in said.headline
    assert "Nobody looked in between: the computer was off, or no monitor ran." in said.lines


def test_a_restart_between_the_rounds_is_told_with_its_time() -> None:
    rounds = [
        one(1, NOON - STEP * 2, {KEY: OK}, "b1"),
        one(2, NOON - STEP, {KEY: OK}, "b1"),
        one(3, NOON, {KEY: LOCKED}, "b2", since=120),
    ]
    said = told(history(rounds))
    assert said.headline == "Broken since today 12:00, right after the computer was restarted."
    assert said.beside == ("Tue 24 Nov 11:58  the computer was restarted",)


def test_what_broke_in_the_same_round_is_named_the_keychain_first() -> None:
    keys = [f"cursor:s{number}#env.T" for number in range(6)]
    before = {KEY: OK, "store:secret-service": OK, **dict.fromkeys(keys, OK), "cursor:fine#env.T": OK}
    after = {
        KEY: LOCKED,
        "store:secret-service": LOCKED,
        **dict.fromkeys(keys, LOCKED),
        "cursor:fine#env.T": OK,
    }
    said = told(history(every(STEP, [before, before, after])))
    assert said.headline.endswith("right after the keychain changed too: The keychain login is locked.")
    assert said.beside[1].endswith("in the same round: cursor:s0 env.T, cursor:s1 env.T, cursor:s2 env.T, cursor:s3 env.T and 2 more")  # fmt: skip


def test_the_end_of_a_credential_is_why_it_broke() -> None:
    ends = Condition(Status.OK, expires=NOON - timedelta(minutes=5))
    over = Condition(Status.FAIL, "token_expired", title="The token is over", expires=ends.expires)
    said = told(past(ends, ends, over))
    assert said.headline == "Broken since today 12:00, right after the credential's time was over."
    assert "The credential ended: today 11:55." in said.lines


def test_a_clock_that_was_set_is_told() -> None:
    rounds = [
        one(1, NOON - STEP * 2, {KEY: OK}),
        one(2, NOON - STEP, {KEY: OK}),
        one(3, NOON, {KEY: LOCKED}, clock="set ahead by 3 hours"),
    ]
    assert "the clock was set (set ahead by 3 hours)" in told(history(rounds)).beside[0]


def test_a_password_that_was_changed_days_before_a_keychain_stayed_locked_is_told() -> None:
    there, earlier = past(OK, OK, LOCKED), Happening(Kind.PASSWORD, NOON - timedelta(days=1), "changed")
    story = story_of(there, KEY)
    assert story is not None
    assert password_before(story, [earlier]) is earlier
    said = tell(story, (), NOON, UTC, earlier)
    assert any(
        "changed yesterday 12:00: a keychain that kept its old password" in each for each in said.lines
    )
    assert password_before(story, [Happening(Kind.PASSWORD, NOON - timedelta(days=9), "")]) is None
    other = story_of(past(OK, OK, REVOKED), KEY)
    assert other is not None
    assert password_before(other, [earlier]) is None


def test_another_reason_than_before_is_told() -> None:
    said = told(past(OK, LOCKED, LOCKED, REVOKED, UNCLEAR, REVOKED))
    assert said.headline == "Broken since today 11:00."
    assert "For this reason since today 11:30; before, for another one." in said.lines


@pytest.mark.parametrize(
    ("states", "headline"),
    [
        ((LOCKED, LOCKED), "Broken for as long as this history goes back (today 11:45)."),
        ((LOCKED, OK, OK), "In order since today 11:45."),
        ((OK, OK, UNCLEAR), "Could not be found out since today 12:00."),
        ((OK, None, None), "Not in the configs any more since today 11:45."),
        ((None, OK), "In order since today 12:00."),
        ((UNCLEAR, UNCLEAR), "Could not be found out for as long as this history goes back (today 11:45)."),
    ],
)
def test_every_state_has_its_sentence(states: tuple[Condition | None, ...], headline: str) -> None:
    assert told(past(*states)).headline == headline


def test_what_was_never_seen_has_no_story() -> None:
    assert story_of(past(OK), "other") is None
    assert story_of(history([]), KEY) is None


def test_the_changes_of_a_span_the_newest_first() -> None:
    there = past(OK, LOCKED, LOCKED, REVOKED, UNCLEAR, OK)
    said = [tell_change(each, NOON, UTC) for each in changes(there, KEY, NOON - timedelta(days=1), NOON)]
    assert said == [
        "Tue 24 Nov 12:00  unclear → ok",
        "Tue 24 Nov 11:45  broken → unclear: GitHub is down",
        "Tue 24 Nov 11:30  broken → broken: GitHub has revoked the token",
        "Tue 24 Nov 11:00  ok → broken: The keychain login is locked",
        "Tue 24 Nov 10:45  first seen: ok",
    ]
    assert len(changes(there, KEY, NOON - STEP * 2, NOON)) == 3


def test_a_history_says_how_old_it_is_and_what_is_wrong_with_it() -> None:
    there = past(OK, OK)
    assert tell_state(there, NOON, UTC) == ("2 rounds since today 11:45, the last one today 12:00.",)
    late = tell_state(there, NOON + timedelta(days=1), UTC)
    assert "`mcp-doctor monitor status`" in late[1]
    damaged = history(there.rounds, trouble="line 7 can't be read as a round of checks")
    assert "line 7 can't be read" in tell_state(damaged, NOON, UTC)[1]
    assert tell_state(history([], trouble="it is not a file"), NOON, UTC)[0].startswith("Part of the history")
    assert "still to come" in tell_state(there, NOON - timedelta(days=1), UTC)[1]


# ── times ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOON - timedelta(hours=1), "today 11:00"),
        (NOON - timedelta(hours=13), "yesterday 23:00"),
        (NOON - timedelta(days=6), "Wednesday 12:00"),
        (NOON - timedelta(days=7), "17 Nov 12:00"),
        (NOON - timedelta(days=400), "20 Oct 2025 12:00"),
        (NOON + timedelta(days=1), "25 Nov 12:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: datetime, said: str) -> None:
    assert when(moment, NOON, UTC) == said


def test_times_are_those_of_the_computers_zone_which_is_named_once() -> None:
    berlin = timezone(timedelta(hours=1), "CET")
    assert when(NOON - timedelta(hours=12, minutes=30), NOON, berlin) == "today 00:30"
    assert stamp(NOON, NOON, berlin) == "Tue 24 Nov 13:00"
    assert zone_of(NOON, NOON, berlin) == "Times are local: CET (UTC+01:00)."
    assert zone_of(NOON, NOON, UTC) == "Times are local: UTC."
    assert zone_of(NOON, NOON, timezone(timedelta(hours=-3, minutes=-30))) == "Times are local: UTC-03:30."


def test_both_names_of_a_zone_whose_clocks_were_changed_in_the_span() -> None:
    zoneinfo = pytest.importorskip("zoneinfo")
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    start, end = datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)
    assert zone_of(start, end, berlin) == "Times are local: CEST (UTC+02:00), then CET (UTC+01:00)."


def test_the_marks_below_a_row_fit_its_span() -> None:
    assert mark(NOON, timedelta(days=1), UTC) == "12:00"
    assert mark(NOON, timedelta(days=7), UTC) == "Tue 12:00"
    assert mark(NOON, timedelta(days=30), UTC) == "24 Nov"


# ── what the host shows ─────────────────────────────────────────────────────────────────────────────────────────


def test_files_tell_when_they_were_changed_and_absent_ones_nothing(tmp_path: Path) -> None:
    config = tmp_path / "mcp.json"
    config.write_text("{}")
    found = of_configs([config, config, tmp_path / "none.json"])
    assert list(found) == [config]
    assert "its config file was changed" in found[config].words


def test_the_list_of_passwords_is_looked_at_only_on_a_real_host(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/shadow").write_text("")
    host = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {}, root=tmp_path)
    assert [each.kind for each in of_passwords(host)] == [Kind.PASSWORD]
    sandbox = Host(Platform.LINUX, Session.LOCAL, tmp_path, tmp_path, {})
    assert of_passwords(sandbox) == ()
