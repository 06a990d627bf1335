"""Proxies and certificates of the environment, as a company has them: a real process, a real proxy, real TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.process import served
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
        (True, True, "the proxy of the environment did not let it through"),
    ],
    ids=["trusted", "not trusted", "refused by the proxy"],
)
async def test_a_proxy_and_a_certificate_of_the_environment_are_used_and_a_doubt_is_told(
    uru: Uru, authority: trustme.CA, tmp_path: Path, is_trusted: bool, refuses: bool, said: str | None
) -> None:
    roots = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(str(roots))
    key = uru.key().text
    async with proxied(uru, authority, refuses=refuses) as (address, proxy):
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
        assert uru.sandbox.requests == []
