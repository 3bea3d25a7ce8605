"""Download endpoints: JSON artifacts by token, media files by signed URL; requests with an API key are rejected."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .media.response import MediaResponse
from .objects import Objects
from .state import State
from .urls import MEDIA_PREFIX, ExpiredUrlError, ForgedUrlError, error_xml, expired_xml, file_label


class Downloads:
    """Serves the signed URLs of one sandbox."""

    def __init__(self, state: State, objects: Objects) -> None:
        self._state = state
        self._objects = objects

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/download/{kind}", self._artifact),
                Route(MEDIA_PREFIX + "{path:path}", self._file),
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

    async def _file(self, request: Request) -> Response | MediaResponse:
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
            artifact = self._state.world.artifact(path.split("/")[5])
            try:
                content = self._state.media.content(artifact, path.rpartition("/")[2])
            except KeyError:
                content = None
            if content is None or artifact.status.code == "deleted":
                return _xml("NoSuchKey", "The specified key does not exist.", 404)
            if request.method == "GET":
                self._state.stats.downloads_by_kind[file_label(path)[0]] += 1
        return MediaResponse(content)

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
