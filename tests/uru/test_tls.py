"""Proxies and certificates of the environment, as a company has them: a real process, a real proxy, real TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.process import SYSTEM, ran, served
from tests.world import Uru
from uru_mcp.sandbox.serve import serving

NAME = "uru.example.invalid"  # which only the proxy knows
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


class Proxy:
    """A proxy that has the service behind it, where the service speaks TLS. `seen` is what was said to the proxy."""

    def __init__(self, service: str, tls: ssl.SSLContext, *, refuses: bool) -> None:
        self.seen: list[bytes] = []
        self._service = urlsplit(service)
        self._tls = tls
        self._refuses = refuses

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.seen.append(await reader.readuntil(b"\r\n\r\n"))
            if self._refuses:
                writer.write(REFUSED)
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._tls)
            service = await asyncio.open_connection(self._service.hostname, self._service.port)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(pump(reader, service[1]))
                tasks.create_task(pump(service[0], writer))
        except OSError:
            pass  # the client does not trust the certificate
        finally:
            writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied(uru: Uru, authority: trustme.CA, *, refuses: bool = False) -> AsyncIterator[tuple[str, Proxy]]:
    """The address of a proxy with the sandbox behind it, under a certificate of that authority."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(tls)
    async with serving(uru.sandbox) as url:
        proxy = Proxy(url, tls, refuses=refuses)
        server = await asyncio.start_server(proxy.answer, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", proxy


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize(
    ("is_trusted", "refuses", "said"),
    [
        (True, False, None),
        (False, False, "its TLS certificate could not be verified"),
        (True, True, "it wants a user name and a password (407)"),
        (True, "jo:secret", "it refused the login (user name and password) that is set there (407)"),
    ],
    ids=["trusted", "not trusted", "refused by the proxy", "a wrong password"],
)
async def test_a_proxy_and_a_certificate_of_the_environment_are_used_and_a_doubt_is_told(
    uru: Uru, authority: trustme.CA, tmp_path: Path, is_trusted: bool, refuses: bool | str, said: str | None
) -> None:
    roots = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(str(roots))
    key = uru.key().text
    async with proxied(uru, authority, refuses=bool(refuses)) as (address, proxy):
        address = address.replace("//", f"//{refuses}@") if isinstance(refuses, str) else address
        company = {"HTTPS_PROXY": address, **({"SSL_CERT_FILE": str(roots)} if is_trusted else {})}
        async with served(URU_API_KEY=key, URU_PROXY_URL=f"https://{NAME}", **company) as claude:
            await claude.initialize("2025-11-25")
            report = (await claude.call("uru_whoami"))["structuredContent"]

    assert proxy.seen[0].startswith(f"CONNECT {NAME}:443".encode())
    assert key.encode() not in b"".join(proxy.seen), "the proxy is told where to, and nothing else"
    if said is None:
        assert report["state"] == "ready"
    else:
        assert report["problems"][0]["code"] == "unavailable"
        assert said in report["problems"][0]["message"]
        assert "secret" not in json.dumps(report)
        assert uru.sandbox.requests == []


KEY = "uru_test_0123456789"
REFUSING = "http://jo:secret@127.0.0.1:1"
NOWHERE = "http://jo:se/cr@t@nowhere.invalid:3128"
BLAMED: list[tuple[dict[str, str], str, str]] = [
    ({"HTTPS_PROXY": REFUSING}, "the proxy of HTTPS_PROXY (127.0.0.1:1): the connection was refused", "HTTPS_PROXY"),
    ({"https_proxy": "127.0.0.1:1"}, "the proxy of https_proxy (127.0.0.1:1)", "https_proxy"),
    ({"ALL_PROXY": "http://x.invalid:3128"}, "the proxy of ALL_PROXY (x.invalid:3128): the proxy's name", "ALL_PROXY"),
    ({"all_proxy": REFUSING}, "the proxy of all_proxy (127.0.0.1:1)", "all_proxy"),
    ({"HTTPS_PROXY": "socks5://jo:secret@127.0.0.1:1"}, "package socksio is missing", 'pip install "httpx2[socks]"'),
    ({"HTTPS_PROXY": "socks4://jo:secret@h:1"}, "the proxy of HTTPS_PROXY (h:1)", "Set HTTPS_PROXY"),
    ({"HTTPS_PROXY": "http://jo:secret@h:port"}, "the proxy of HTTPS_PROXY (h:port)", "Set HTTPS_PROXY"),
    ({"HTTPS_PROXY": "http://jo:secret@h:99999"}, "(h:99999) is not one that can be used", "Set HTTPS_PROXY"),
    ({"all_proxy": f"http://{'h' * 64}.example:80"}, "is not one that can be used", "Set all_proxy"),
    ({"HTTPS_PROXY": "http://:80"}, "(:80) is not one that can be used", "Set HTTPS_PROXY"),
    ({"HTTPS_PROXY": NOWHERE}, "the proxy of HTTPS_PROXY (nowhere.invalid:3128)", "HTTPS_PROXY"),
    ({"HTTPS_PROXY": REFUSING, "NO_PROXY": "example.invalid"}, "its name cannot be resolved", "URU_PROXY_URL"),
    ({"HTTPS_PROXY": REFUSING, "no_proxy": "*"}, "its name cannot be resolved", "URU_PROXY_URL"),
    ({"HTTP_PROXY": REFUSING}, "its name cannot be resolved", "URU_PROXY_URL"),
    ({"SSL_CERT_FILE": "/nowhere.pem"}, "SSL_CERT_FILE (/nowhere.pem)", "PEM"),
    ({"SSL_CERT_FILE": "/dev/null"}, "SSL_CERT_FILE (/dev/null)", "PEM"),
]


@pytest.mark.parametrize(("variables", "said", "fix"), BLAMED)
def test_what_the_environment_sets_for_the_network_is_named_where_it_is_in_the_way(
    variables: dict[str, str], said: str, fix: str
) -> None:
    environ = {name: value for name, value in SYSTEM.items() if not name.lower().endswith("_proxy")}
    environ |= {"URU_API_KEY": KEY, "URU_PROXY_URL": f"https://{NAME}", **variables}
    answer = ran("whoami", "--json", environ=environ)
    (problem,) = json.loads(answer.stdout)["problems"]
    assert said in problem["message"]
    assert fix in problem["fix"]
    assert ("URU_PROXY_URL" in problem["fix"]) == (fix == "URU_PROXY_URL"), "it is Uru's address, and no proxy"
    assert not any(secret in answer.stdout + answer.stderr for secret in ("secret", "se/cr", "jo:"))
