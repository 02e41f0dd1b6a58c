"""The catalogue of scopes: it speaks of servers and providers that are known, and of scopes that exist."""

from diagnostics.catalog import names
from diagnostics.catalog.providers import catalogue
from diagnostics.catalog.scopes import needs_of, with_implied


def test_it_speaks_of_what_is_known() -> None:
    families = {each.family for each in catalogue().providers}
    for family in names("scopes"):
        assert family in families
        assert any(
            each.verify and each.verify.scopes for each in catalogue().providers if each.family == family
        )
    from diagnostics.catalog import read

    for family in names("scopes"):
        for need in read(f"scopes/{family}.toml")["needs"]:
            assert set(need["servers"]) <= set(names("servers"))


def test_a_scope_brings_what_it_includes() -> None:
    assert "public_repo" in with_implied(["repo"], "github")
    assert {"write:org", "read:org"} <= with_implied(["admin:org"], "github")
    assert "repo" not in with_implied(["public_repo"], "github")
    assert "read_repository" in with_implied(["api"], "gitlab")
    assert with_implied(["x"], "no-such-family") == {"x"}


def test_nothing_is_claimed_of_other_servers() -> None:
    assert needs_of("github", "github")
    assert needs_of("github", "slack") == ()
    assert needs_of("no-such", "github") == ()
    assert needs_of("github", "no-such") == ()
