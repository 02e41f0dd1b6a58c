"""What may be wrong with the form of a connection URL."""

from enum import StrEnum


class Form(StrEnum):
    """What may be wrong. The value is the outcome's name."""

    SCHEME = "scheme"
    DRIVER_SCHEME = "driver-scheme"
    WHITESPACE = "whitespace"
    QUOTED = "quoted"
    HTML = "html"
    UNEXPANDED = "unexpanded"
    PLACEHOLDER = "placeholder"
    UNREADABLE = "unreadable"
    UNENCODED = "unencoded"
    AT_SIGN = "at-sign"
    PERCENT = "percent"
    DSN = "dsn"
    HOST_MISSING = "host-missing"
    PORT = "port"
    OTHER_PORT = "other-port"
    SRV = "srv"
    CONTAINER = "localhost-in-container"
    OPTION_VALUE = "option-value"
    OPTION = "option"
    CLEAR_TEXT = "clear-text"
    TLS_NEEDED = "tls-needed"
    UNVERIFIED = "unverified"
    NO_PASSWORD = "no-password"  # noqa: S105 - the name of an outcome
    NO_USER = "no-user"
    NO_DATABASE = "no-database"


WARNINGS = {
    Form.DRIVER_SCHEME, Form.AT_SIGN, Form.OTHER_PORT, Form.OPTION, Form.CLEAR_TEXT, Form.TLS_NEEDED,
    Form.UNVERIFIED, Form.NO_PASSWORD, Form.NO_USER, Form.NO_DATABASE,
}  # fmt: skip
"""Those that a driver or a server may take."""
