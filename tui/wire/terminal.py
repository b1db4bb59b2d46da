"""The characters that a terminal can show, by its locale."""

from __future__ import annotations

from collections.abc import Mapping


def is_ascii(environment: Mapping[str, str]) -> bool:
    """Return whether the locale rules out UTF-8. A locale without a codeset does; no locale does not."""
    language = environment.get("LANG", "")
    given = environment.get("LC_ALL") or environment.get("LC_CTYPE") or language
    if given == "C.UTF-8" and not environment.get("LC_ALL") and language in ("C", "POSIX"):
        given = language  # Python itself has set LC_CTYPE (PEP 538)
    codeset = given.lower().replace("-", "")
    return bool(given) and "utf8" not in codeset
