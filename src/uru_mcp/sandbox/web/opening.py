"""Opens the sign-in link in the browser without exposing its code in the process list."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from .visit import Site

_REDIRECT = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}"><title>Uru sandbox</title></head>
<body><p><a href="{url}">Open the sandbox</a></p></body></html>
"""


def link_to(site: Site, url: str) -> str:
    """A link that signs a browser in, once and within ten minutes; `url` is the sandbox's address."""
    return f"{url}/app/enter?code={site.sessions.new_link_code()}"


@contextmanager
def opened_in_browser(link: str) -> Iterator[bool]:
    """Open the link; yields whether a browser was found.

    Other users of the machine can read the command lines of programs. So the browser opens a file that only its owner
    can read, which redirects to the link; the file exists until the end of the block.
    """
    with TemporaryDirectory(prefix="uru-sandbox-") as directory:
        file = Path(directory) / "open.html"
        file.touch(mode=0o600)
        file.write_text(_REDIRECT.format(url=escape(link)), "utf-8")
        yield webbrowser.open(file.as_uri())
