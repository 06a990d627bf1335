"""HTML pages that are returned instead of an API response."""

from __future__ import annotations

APPLICATION = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Uru</title>
<script type="module" src="/assets/index.js"></script></head>
<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div></body></html>
"""

CHALLENGE = """\
<!DOCTYPE html>
<html lang="en-US"><head><title>Just a moment...</title><meta name="robots" content="noindex,nofollow"></head>
<body><h1>Checking your browser</h1><p>Enable JavaScript and cookies to continue</p>
<form id="challenge-form" method="POST"></form></body></html>
"""


def express(method: str, path: str) -> str:
    """The page that Express returns for an unknown route."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>Cannot {method} {path}</pre>\n</body>\n</html>\n"
    )


def gateway(status: int, reason: str) -> str:
    return (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
