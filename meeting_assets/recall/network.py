"""Connections of all HTTP clients: proxies and certificate authorities from the environment, time-outs, failures.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY   http://, https://, socks5:// or socks5h:// URLs; lower-case names work as well
    NO_PROXY                             hosts to reach directly, separated by commas or blanks: `*`, domains with their
                                         subdomains, addresses, networks such as fd07::/16; each with an optional port
    SSL_CERT_FILE, SSL_CERT_DIR          certificate authorities that replace those of certifi

httpx reads these variables too, but its constructor raises errors of other libraries: for networks and IPv6 brackets in
NO_PROXY, for SOCKS without `socksio`, for missing certificate files. Here NO_PROXY never raises, and all other errors
name their variable.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from urllib.request import getproxies

import httpx

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.urls import LOOPBACK

DEFAULT_PORTS = MappingProxyType({"http": 80, "https": 443})
SOCKS = frozenset({"socks5", "socks5h"})
PROXY_SCHEMES = frozenset({"http", "https"}) | SOCKS
# The pool's time-out is off: waiting for a free connection is no failure of the API.
TIMEOUT = httpx.Timeout(30.0, connect=10.0, pool=None)
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=32)

try:
    from socksio import ProtocolError
except ImportError:
    SOCKS_ERRORS: tuple[type[Exception], ...] = ()
else:
    SOCKS_ERRORS = (ProtocolError,)
    """Errors of SOCKS proxies that httpx does not translate."""

_HOST = re.compile(r"[a-z0-9._:-]+", re.IGNORECASE)
_ENTRY = re.compile(r"(?:(?P<scheme>[a-z]+)://)?(?P<host>\[[^]]*\](?:/\d+)?|[^\[\]]*?)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class DirectHosts:
    """One entry of NO_PROXY: a network or a domain, optionally limited to a scheme or a port."""

    host: str | IPv4Network | IPv6Network
    scheme: str | None = None
    port: int | None = None

    def covers(self, url: httpx.URL) -> bool:
        """True if the entry applies to a URL."""
        if self.scheme not in {None, "all", url.scheme}:
            return False
        if self.port not in {None, url.port or DEFAULT_PORTS.get(url.scheme)}:
            return False
        if isinstance(self.host, str):
            return any(_is_within(name, self.host) for name in (url.host, url.raw_host.decode()))
        try:
            return ip_address(url.host.partition("%")[0]) in self.host
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Proxies:
    """Proxies by URL scheme, and the hosts that are reached without a proxy."""

    by_scheme: dict[str, httpx.Proxy]
    direct: tuple[DirectHosts, ...]

    @classmethod
    def from_environment(cls) -> Proxies:
        """Reads the proxies from the environment.

        Raises:
            SettingsError: a variable names no valid proxy.
        """
        variables = getproxies()
        # A sandbox on this machine is never reached through a proxy.
        direct = tuple(direct_hosts(",".join([*sorted(LOOPBACK), variables.get("no", "")])))
        by_scheme = {}
        for scheme in DEFAULT_PORTS:
            name = scheme if variables.get(scheme) else "all"
            if url := variables.get(name, "").strip():
                by_scheme[scheme] = _proxy(url, _variable(name))
        return cls(by_scheme, direct)

    def proxy_for(self, url: httpx.URL) -> httpx.Proxy | None:
        """The proxy for a URL; None for a direct connection."""
        proxy = self.by_scheme.get(url.scheme)
        return None if proxy is None or any(each.covers(url) for each in self.direct) else proxy


class EnvironmentTransport(httpx.AsyncBaseTransport):
    """Sends each request directly or through the proxy for its URL."""

    def __init__(self, proxies: Proxies, certificates: ssl.SSLContext) -> None:
        self._proxies = proxies
        self._certificates = certificates
        self._transports: dict[httpx.URL | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = self._proxies.proxy_for(request.url)
        url = proxy.url if proxy else None
        transport = self._transports.get(url)
        if transport is None:
            transport = httpx.AsyncHTTPTransport(verify=self._certificates, limits=LIMITS, proxy=proxy)
            self._transports[url] = transport
        try:
            return await transport.handle_async_request(request)
        except SOCKS_ERRORS:
            raise httpx.ProxyError("The SOCKS proxy broke its protocol.") from None

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()


def certificates() -> ssl.SSLContext:
    """The trusted certificate authorities.

    Raises:
        SettingsError: SSL_CERT_FILE or SSL_CERT_DIR names no usable file or folder.
    """
    if file := os.environ.get("SSL_CERT_FILE"):
        return _certificates_of_file(file)
    if folders := os.environ.get("SSL_CERT_DIR"):
        if not any(Path(each).is_dir() and os.access(each, os.R_OK | os.X_OK) for each in folders.split(os.pathsep)):
            raise SettingsError(f"SSL_CERT_DIR names no readable folder: {folders}. Correct it or unset it.")
        return ssl.create_default_context(capath=folders)
    return httpx.create_ssl_context(trust_env=False)


def direct_hosts(no_proxy: str) -> Iterator[DirectHosts]:
    """Parses NO_PROXY; entries that name no host are skipped.

    >>> [str(each.host) for each in direct_hosts("*.Example.com, [::1],fd07::/16, 10.1.2.3/8,,*")]
    ['example.com', '::1/128', 'fd07::/16', '10.0.0.0/8', '*']
    """
    for text in re.split(r"[,\s]+", no_proxy.lower()):
        if network := _network(text):
            yield DirectHosts(network)
        elif (entry := _ENTRY.fullmatch(text)) and (host := entry["host"].replace("[", "").replace("]", "")):
            domain = host if host == "*" else host.removeprefix("*").strip(".")
            if domain:
                yield DirectHosts(
                    _network(host) or domain, entry["scheme"], int(entry["port"]) if entry["port"] else None
                )


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_within(name: str, domain: str) -> bool:
    return domain == "*" or f".{name.lower().rstrip('.')}".endswith(f".{domain}")


def _proxy(url: str, variable: str) -> httpx.Proxy:
    """Parses a proxy URL, which errors do not quote: it may contain a password."""
    advice = "Set it to a URL such as http://HOST:PORT or socks5h://HOST:PORT, or unset it."
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
    except (httpx.InvalidURL, ValueError):
        proxy = None
    if proxy is None or not _is_valid(proxy.url):
        raise SettingsError(f"{variable} names no valid proxy. {advice}")
    if proxy.url.scheme in SOCKS and not SOCKS_ERRORS:
        raise SettingsError(
            f"{variable} names a SOCKS proxy, for which the package socksio is missing. "
            "Install it with `pip install 'httpx[socks]'`, or name an HTTP proxy."
        )
    return proxy


def _is_valid(url: httpx.URL) -> bool:
    has_host = _HOST.fullmatch(url.raw_host.decode()) is not None
    return has_host and url.scheme in PROXY_SCHEMES and (url.port is None or 0 < url.port < 65_536)


def _variable(name: str) -> str:
    """The variable that sets a proxy; the lower-case variable has precedence."""
    names = (f"{name}_proxy", f"{name.upper()}_PROXY")
    return next((each for each in names if os.environ.get(each)), "The system's proxy setting")


def _certificates_of_file(file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        cause = "it holds no certificates in PEM format"
    except OSError as error:
        cause = (error.strerror or type(error).__name__).lower()
    raise SettingsError(f"SSL_CERT_FILE names {file}, which cannot be used: {cause}. Correct it or unset it.")


def failure_cause(error: Exception) -> str:
    """Describes a failed request by the class of its error: the error's own text may contain parts of the URL."""
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error})"
    if isinstance(error, httpx.ProxyError):
        return "the proxy refused the connection"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "the URL is invalid"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"no response in time ({type(error).__name__})"
    return f"the response broke off ({type(error).__name__})"
