"""The bytes of a credential as text. Windows keeps no encoding beside them, and the libraries don't agree on one.

The keyring library and keyring-rs write UTF-16, keytar and go-keyring UTF-8. The keyring library reads UTF-16 first and
UTF-8 only where that fails: UTF-8 of an even length is handed out as nonsense, without an error.
"""

from dataclasses import dataclass

UTF_16, UTF_8, UTF_16_MARKED, BYTES = "utf-16", "utf-8", "utf-16-bom", "bytes"
_MARK = b"\xff\xfe"


@dataclass(frozen=True, slots=True)
class Content:
    """What the bytes hold."""

    text: str
    """Bytes that are no text stand as surrogates (surrogateescape)."""
    encoding: str
    """`utf-16`, `utf-8`, `utf-16-bom` (with a mark of its byte order), or `bytes`: no text in any of these."""


def content_of(blob: bytes) -> Content:
    """The text that was meant.

    ASCII in UTF-16 has a zero in every second byte, and no credential has one in UTF-8, so the two can be told apart.
    """
    if blob.startswith(_MARK) and (marked := _strict(blob[2:], "utf-16-le")) is not None:
        return Content(marked, UTF_16_MARKED)
    plain = _strict(blob, "utf-8")
    if blob and plain is not None and all(each.isprintable() or each in "\r\n\t" for each in plain):
        return Content(plain, UTF_8)
    wide = _strict(blob, "utf-16-le")
    if wide is not None:
        return Content(wide, UTF_16)
    if plain is not None and "\0" not in plain:
        return Content(plain, UTF_8)
    return Content(blob.decode("utf-8", "surrogateescape"), BYTES)


def blob_of(text: str, encoding: str) -> bytes:
    """The bytes of a text, so that `content_of` of some bytes leads back to the very same bytes.

    Raises:
        UnicodeEncodeError: it can't be written so.
    """
    match encoding:
        case "utf-16":
            return text.encode("utf-16-le")
        case "utf-16-bom":
            return _MARK + text.encode("utf-16-le")
        case _:
            return text.encode("utf-8", "surrogateescape")


def seen_by_keyring(blob: bytes) -> str | None:
    """What the keyring library hands out of these bytes; None = it raises an error that no program expects."""
    wide = _strict(blob, "utf-16")
    return wide if wide is not None else _strict(blob, "utf-8")


def _strict(blob: bytes, encoding: str) -> str | None:
    try:
        return blob.decode(encoding)
    except UnicodeDecodeError:
        return None
