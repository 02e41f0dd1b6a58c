"""Connection URLs taken apart, their flaws named, and no password in anything that is shown."""

import dataclasses

import pytest

from diagnostics.connections.connection import passwords_in, read_connection
from diagnostics.connections.flaw import Flaw, Setting, flaws
from diagnostics.connections.form import Form
from diagnostics.connections.kind import kind_named, kinds
from diagnostics.secret import Scrubber, Secret

WORD = "Qx7" + "vB2" + "mK9"
POSTGRES = kinds()["postgres_url"]


def found(text: str, setting: Setting | None = None, name: str = "DATABASE_URL") -> list[Flaw]:
    connection = read_connection(text, kind_named(name))
    assert connection is not None, text
    return flaws(text, connection, setting or Setting())


def forms(text: str, setting: Setting | None = None, name: str = "DATABASE_URL") -> list[str]:
    return [str(each.form) for each in found(text, setting, name)]


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://app:{WORD}@db.example.com:5432/app",
        f"postgres://app:{WORD}@db.example.com/app?sslmode=require",
        f"postgres://app:{WORD}%40%2F%25@localhost:5433/app",
        f"postgres://app:{WORD}@[2001:db8::1]:5432/app",
        f"postgres://app:{WORD}@one,two:5433/app?target_session_attrs=any",
        "postgresql:///app?host=/var/run/postgresql",
        "postgresql://localhost/app",
        "postgres://postgres:postgres@localhost:5432/postgres",
        f"host=db user=app password={WORD} dbname=app",
        f"host=db user=app password='two {WORD}' dbname=app sslmode=require",
        f"mysql://app:{WORD}@db:3306/app",
        f"mysql://app:{WORD}@db:3306/app?ssl-mode=REQUIRED",
        f"mongodb://app:{WORD}@one:27017,two:27018/app?replicaSet=r&authSource=admin",
        f"mongodb+srv://app:{WORD}@cluster0.ab12c.mongodb.net/?retryWrites=true&w=majority&appName=x",
        "mongodb://localhost:27017",
        "redis://localhost:6379",
        f"redis://:{WORD}@cache:6379/0",
        f"rediss://default:{WORD}@x.upstash.io:6379",
    ],
)  # fmt: skip
def test_good_ones_have_no_flaw(text: str) -> None:
    assert forms(text) == []


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (f"postgre://app:{WORD}@db/app", "scheme"),
        (f"jdbc:postgresql://app:{WORD}@db/app", "scheme"),
        (f"mongo://app:{WORD}@db/app", "scheme"),
        (f"redis+ssl://app:{WORD}@db", "scheme"),
        (f"postgresql+asyncpg://app:{WORD}@db/app", "driver-scheme"),
        (f"postgres://app:{WORD}@db/app\n", "whitespace"),
        (f"postgres://app:{WORD}@db/ app", "whitespace"),
        (f'"postgres://app:{WORD}@db/app"', "quoted"),
        (f"mongodb://app:{WORD}@db/app?a=b&amp;w=1", "html"),
        (f"postgres://app:{WORD}/x@db/app", "unencoded"),
        (f"postgres://app:{WORD}#x@db/app", "unencoded"),
        (f"postgres://app:{WORD}?x@db/app", "unencoded"),
        (f"postgres://app:{WORD}@x/y@db/app", "unencoded"),
        (f"mongodb://app:{WORD}@x@db/app", "unencoded"),
        (f"mongodb://app:{WORD}:x@db/app", "unencoded"),
        (f"postgres://app:{WORD}@x@db/app", "at-sign"),
        (f"postgres://app@corp:{WORD}@db/app", "at-sign"),
        (f"mysql://app:{WORD}%@db/app", "percent"),
        (f"postgres://app:{WORD}", "unreadable"),
        (f"postgres://app:{WORD}#x", "unreadable"),
        (f"mysql://app:{WORD}@/app", "host-missing"),
        (f"postgres://app:{WORD}@db:54 32/app", "whitespace"),
        (f"postgres://app:{WORD}@db:5432l/app", "port"),
        (f"postgres://app:{WORD}@db:99999/app", "port"),
        (f"postgres://app:{WORD}@db:3306/app", "other-port"),
        (f"postgres://app:{WORD}@db:5423/app", "other-port"),
        (f"mongodb+srv://app:{WORD}@cluster0.ab12c.mongodb.net:27017/", "srv"),
        (f"mongodb+srv://app:{WORD}@a.b.c,d.e.f/", "srv"),
        (f"mongodb+srv://app:{WORD}@localhost/", "srv"),
        ("postgresql://user:password@host:5432/database", "placeholder"),
        ("postgresql://username:password@db.example.com/database", "placeholder"),
        ("mongodb+srv://app:<db_password>@cluster0.ab12c.mongodb.net/", "placeholder"),
        ("mongodb+srv://app:pw1234@cluster0.xxxxx.mongodb.net/", "placeholder"),
        (f"postgres://app:{WORD}@db/app?sslmode=required", "option-value"),
        (f"postgres://app:{WORD}@db/app?ssl_mode=require", "option"),
        (f"mongodb://app:{WORD}@db/app?authSuorce=admin", "option"),
        (f"postgres://app:{WORD}@db.example.com/app?sslmode=disable", "clear-text"),
        (f"redis://:{WORD}@cache.example.com:6379", "clear-text"),
        (f"redis://:{WORD}@x.upstash.io:6379", "tls-needed"),
        (f"postgres://app:{WORD}@ep-1.eu.neon.tech/app", "tls-needed"),
        (f"mongodb://app:{WORD}@db.example.com/app?tls=true&tlsInsecure=true", "unverified"),
        ("postgres://app@db.example.com/app", "no-password"),
        ("postgres://app:@db/app", "no-password"),
        (f"postgres://:{WORD}@db/app", "no-user"),
        (f"postgres://app:{WORD}@db", "no-database"),
        (f"host=db user=app password=two {WORD} dbname=app", "dsn"),
        (f"host=db username=app password={WORD} dbname=app", "option"),
    ],
)  # fmt: skip
def test_a_flaw_is_named_and_the_password_is_nowhere(text: str, form: str) -> None:
    named = found(text)
    assert named
    assert str(named[0].form) == form
    connection = read_connection(text, POSTGRES)
    shown = " ".join((connection.shown if connection else "", repr(connection), *map(str, named)))
    assert WORD not in shown


def test_a_password_in_an_address_that_can_not_be_read_is_not_shown_in_part() -> None:
    for text in (f"postgres://app:{WORD}", f"mysql://a:b@c@d:{WORD}?x=y@z#@"):
        connection = read_connection(text)
        assert connection is not None
        assert WORD not in connection.shown


def test_localhost_in_a_container() -> None:
    setting = Setting(in_container=True)
    assert forms(f"postgres://app:{WORD}@localhost/app", setting) == ["localhost-in-container"]
    assert forms(f"postgres://app:{WORD}@db/app", setting) == []


def test_a_placeholder_in_a_stored_address() -> None:
    text = "postgres://app:${DB_PASSWORD}@db/app"
    assert forms(text, Setting(is_stored=True)) == ["unexpanded"]
    assert forms(text) == []


def test_the_password_that_is_kept_elsewhere_is_not_missed() -> None:
    assert forms("postgres://app@db.example.com/app", Setting(has_password_elsewhere=True)) == []


def test_what_is_no_connection_url() -> None:
    for text in ("https://example.com", "postgres", "", "/var/lib/postgres", "a=b"):
        assert read_connection(text, POSTGRES) is None


def test_the_scrubber_leaves_the_address_and_takes_the_password() -> None:
    scrubber = Scrubber([Secret(f"postgresql://app:{WORD}%40x@db.example.com:5432/app")])
    said = scrubber.scrub(f"can't reach postgresql://app:{WORD}%40x@db.example.com:5432/app as {WORD}@x")
    assert WORD not in said
    assert "postgresql://app:" in said
    assert "@db.example.com:5432/app" in said


def test_a_short_password_is_scrubbed_where_it_stands() -> None:
    scrubber = Scrubber([Secret("redis://default:pw1@cache:6379")])
    assert "pw1" not in scrubber.scrub("connecting to redis://default:pw1@cache:6379")


def test_an_address_with_a_second_secret_is_scrubbed_as_a_whole() -> None:
    text = f"postgres://app:{WORD}@db/app?sslpassword={WORD[::-1]}"
    assert WORD[::-1] not in Scrubber([Secret(text)]).scrub(f"said {text}")


def test_all_forms_of_a_password() -> None:
    assert [each.reveal() for each in passwords_in(f"redis://:{WORD}%21@h")] == [f"{WORD}%21", f"{WORD}!"]


def test_every_form_is_an_outcome_with_words() -> None:
    from diagnostics.catalog.wording import wording

    assert {f"format.connection-url.{each}" for each in Form} <= set(wording())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("postgres_url", "postgresql://db.example.com/app?user=ada&password={}"),
        ("postgres_url", "host=db.example.com user=ada password={}"),
    ],
)
def test_no_part_of_a_connection_keeps_a_password_as_text(kind: str, text: str) -> None:
    value = "-".join(["correct", "horse", "battery"])
    connection = read_connection(text.format(value), kinds()[kind])
    assert connection is not None
    assert connection.password == Secret(value)
    assert value not in str(dataclasses.asdict(dataclasses.replace(connection, password=None)))
