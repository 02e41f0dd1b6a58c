"""What the screen is told, from findings as they come."""

from pathlib import Path

from diagnostics.model import ClientFile, Stage, Status
from tests.support.fake_session import checks, finding, server, session
from tests.tui import scenes
from tui.board import STORE_ROW, Board, Link
from tui.messages import Asked


def board_of(tmp_path: Path) -> Board:
    board = Board()
    fake = scenes.locked_out(tmp_path)
    board.begin(1, fake.look(), 8)
    board.take(fake.findings)
    board.end()
    return board


def test_a_stores_finding_counts_for_every_server_that_uses_the_keychain(tmp_path: Path) -> None:
    board = board_of(tmp_path)
    assert board.state(scenes.GITHUB.id) is Status.FAIL
    assert board.state(scenes.LINEAR.id) is Status.FAIL
    assert board.state(scenes.WEATHER.id) is Status.WARN
    assert board.broken_stage(scenes.LINEAR.id) is Stage.PERMISSION


def test_worst_comes_first(tmp_path: Path) -> None:
    board = board_of(tmp_path)
    assert [row.title for row in board.rows()] == ["github", "linear", "weather"]
    board.take([finding(Stage.START, Status.FAIL, "It does not start", scenes.WEATHER)])
    assert board.counts() == {Status.FAIL: 3}


def test_the_search_reads_names_clients_and_states(tmp_path: Path) -> None:
    board = board_of(tmp_path)
    assert [row.title for row in board.rows("CURSOR")] == ["linear"]
    assert [row.title for row in board.rows("broken")] == ["github", "linear"]
    assert [row.title for row in board.rows("broken git")] == ["github"]
    assert board.rows("nothing like it") == []


def test_a_broken_file_without_servers_has_a_row_of_its_own(tmp_path: Path) -> None:
    file = ClientFile("cursor", Path("/home/ada/.cursor/mcp.json"), "user", Status.FAIL)
    fake = session(tmp_path, files=(file,))
    board = Board()
    board.begin(1, fake.look(), 8)
    board.take([finding(Stage.CONFIG, Status.FAIL, "Not JSON", subject=str(file.path), path=str(file.path))])
    (row,) = board.rows()
    assert (row.title, row.place) == ("mcp.json", "cursor")
    assert board.broken_stage(row.key) is Stage.CONFIG


def test_a_files_finding_counts_for_its_servers(tmp_path: Path) -> None:
    path = str(scenes.GITHUB.path)
    board = board_of(tmp_path)
    board.take([finding(Stage.CONFIG, Status.FAIL, "Readable by others", subject=path, path=path)])
    assert board.broken_stage(scenes.GITHUB.id) is Stage.CONFIG
    assert board.broken_stage(scenes.LINEAR.id) is Stage.PERMISSION


def test_the_keychain_has_a_row_where_no_server_uses_it(tmp_path: Path) -> None:
    board = Board()
    board.begin(1, session(tmp_path).look(), 8)
    assert board.rows() == []
    board.take([scenes.LOCKED])
    assert [row.key for row in board.rows()] == [STORE_ROW]


def test_links_wait_until_they_are_asked(tmp_path: Path) -> None:
    board = Board()
    board.begin(1, scenes.locked_out(tmp_path).look(), 8)
    board.take([Asked(3, Stage.BACKEND, "Is there a keychain?", 1)])
    links = {link.stage: link for link in board.links(scenes.GITHUB.id)}
    assert links[Stage.REFERENCE].status is Status.SKIP  # passed, and nothing was said about it
    assert links[Stage.BACKEND].asking
    assert links[Stage.BACKEND].status is None
    assert links[Stage.LOOKUP].status is None
    assert not links[Stage.LOOKUP].asking


def test_asking_some_checks_again_keeps_the_other_answers(tmp_path: Path) -> None:
    board = board_of(tmp_path)
    again = frozenset(each.id for each in checks() if each.stage in {Stage.PERMISSION, Stage.LOOKUP})
    board.begin(2, scenes.locked_out(tmp_path).look(), 2, again)
    links = {link.stage: link for link in board.links(scenes.GITHUB.id)}
    assert links[Stage.CONFIG].status is Status.OK
    assert links[Stage.PERMISSION].status is None
    assert links[Stage.START].status is Status.SKIP


def test_asking_one_server_again_keeps_the_others(tmp_path: Path) -> None:
    other = server("other")
    fake = session(tmp_path, (scenes.GITHUB, other), [finding(Stage.START, Status.OK, "It starts", other)])
    board = Board()
    board.begin(1, fake.look(), 8)
    board.take(fake.findings)
    board.begin(2, fake.look(), 1, frozenset({"start.example"}), frozenset({scenes.GITHUB.id}))
    assert board.state(other.id) is Status.OK


def test_a_command_that_is_there_but_was_not_started_is_no_green_link(tmp_path: Path) -> None:
    board = board_of(tmp_path)
    there = finding(Stage.START, Status.OK, "The command is there", scenes.WEATHER, check="start.command")
    board.take(
        [there, finding(Stage.START, Status.SKIP, "Not started", scenes.WEATHER, check="start.handshake")]
    )
    assert board.links(scenes.WEATHER.id)[-1].status is Status.SKIP
    assert board.links(scenes.WEATHER.id)[-1].words == "Not started"
    board.take([finding(Stage.START, Status.OK, "It answers", scenes.WEATHER, check="start.handshake")])
    assert board.links(scenes.WEATHER.id)[-1].status is Status.OK


def test_why_nothing_was_asked_is_told_in_few_words() -> None:
    link = Link(
        Stage.VALIDITY,
        Status.SKIP,
        False,
        (finding(Stage.VALIDITY, Status.SKIP, "Not asked: …", scenes.GITHUB, outcome="runner.offline"),),
    )
    assert link.words == "not asked: --offline was given"


def test_servers_of_one_name_are_told_apart(tmp_path: Path) -> None:
    twins = [server("github"), server("github", "cursor"), server("linear", "cursor")]
    board = Board()
    board.begin(1, session(tmp_path, twins).look(), 3)
    assert [board.shares_its_name(row) for row in board.rows()] == [True, True, False]


def test_what_is_said_of_the_whole_server_comes_before_its_fields(tmp_path: Path) -> None:
    board = board_of(tmp_path)
    field = finding(
        Stage.REFERENCE, Status.WARN, "Of a field", scenes.WEATHER, check="reference.a", reference="env.X"
    )
    whole = finding(Stage.REFERENCE, Status.WARN, "Of the server", scenes.WEATHER, check="reference.b")
    board.take([field, whole])
    link = board.links(scenes.WEATHER.id)[1]
    titles = [each.title for each in link.findings]
    assert titles.index("Of the server") < titles.index("Of a field")
