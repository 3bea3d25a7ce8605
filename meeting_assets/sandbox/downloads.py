"""Download endpoints: JSON artifacts by token, media files by signed URL; requests with an API key are rejected."""

from http import HTTPStatus
from math import pi, sin
from struct import pack

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .fault_injection import file_label
from .objects import Objects
from .state import State
from .urls import ExpiredUrlError, ForgedUrlError, error_xml, expired_xml

SAMPLE_RATE_HZ = 16_000
PCM = b"".join(pack("<h", round(6000 * sin(2 * pi * 220 * n / SAMPLE_RATE_HZ))) for n in range(SAMPLE_RATE_HZ // 10))
"""A tone of 0.1 s: 16 kHz, mono, signed 16 bit, little endian."""
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2\x00\x00\x00\x08free\x00\x00\x00\x08mdat"
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + bytes(413)
FILES = {
    "raw": (PCM, "application/octet-stream"),
    "mp4": (MP4, "video/mp4"),
    "mp3": (MP3, "audio/mpeg"),
}


class Downloads:
    """Serves the signed URLs of one sandbox."""

    def __init__(self, state: State, objects: Objects) -> None:
        self._state = state
        self._objects = objects

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/download/{kind}", self._artifact),
                Route("/_workspace-sandbox/{path:path}", self._file),
            ]
        )

    async def _artifact(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        with self._state.lock:
            rejection = self._rejection(request)
            if rejection:
                return rejection
            try:
                artifact_id = self._state.url_signer.check_token(kind, request.query_params.get("token", ""))
            except ExpiredUrlError:
                return self._expired()
            except ForgedUrlError:
                return JSONResponse({"detail": "Invalid token."}, HTTPStatus.FORBIDDEN)
            artifact = self._state.world.artifact(artifact_id)
            if artifact.status.code == "deleted" or kind not in artifact.payloads:
                return JSONResponse({"detail": "Not found."}, HTTPStatus.NOT_FOUND)
            body = self._objects.payload(artifact, kind)
            self._state.stats.downloads_by_kind[kind] += 1
        return Response(body, media_type="application/json")

    async def _file(self, request: Request) -> Response:
        path = request.url.path
        with self._state.lock:
            rejection = self._rejection(request)
            if rejection:
                return rejection
            try:
                self._state.url_signer.check_file(path, request.query_params)
            except ExpiredUrlError:
                return self._expired()
            except ForgedUrlError:
                return _xml("SignatureDoesNotMatch", "The request signature does not match", 403)
            if self._state.world.artifact(path.split("/")[5]).status.code == "deleted":
                return _xml("NoSuchKey", "The specified key does not exist.", 404)
            self._state.stats.downloads_by_kind[file_label(path)[0]] += 1
        body, media_type = FILES[path.rpartition(".")[2]]
        return Response(body, media_type=media_type)

    def _rejection(self, request: Request) -> Response | None:
        if "authorization" not in request.headers:
            return None
        self._state.stats.downloads_with_authorization += 1
        return _xml("InvalidArgument", "Only one auth mechanism allowed", HTTPStatus.BAD_REQUEST)

    def _expired(self) -> Response:
        self._state.stats.expired += 1
        return Response(expired_xml(self._state.clock.now()), 403, media_type="application/xml")


def _xml(code: str, message: str, status: int) -> Response:
    return Response(error_xml(code, message), status, media_type="application/xml")
