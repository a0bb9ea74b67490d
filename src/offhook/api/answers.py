"""What is read from a request, and how an error answers one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from offhook.codec import loads
from offhook.errors import KINDS, LoginRefused, OffhookError, ProtocolError

STATUS = {2: 400, 3: 500, 4: 503, 5: 403, 6: 502, 7: 504, 8: 400}
"""HTTP status for each error's exit code; a login that is not accepted is 401."""
LONGEST_MESSAGE = 1 << 16


async def body_of(request: Request) -> dict[str, Any]:
    """Read a small JSON object. A form of another page cannot send this content type unasked."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProtocolError("reply_unreadable", source="content-type")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LONGEST_MESSAGE:
            raise ProtocolError("message_too_long", limit=LONGEST_MESSAGE)
    return loads(data)


async def refusal(_request: Request, error: Exception) -> Response:
    """Answer a request that raised one of our errors."""
    assert isinstance(error, OffhookError)  # noqa: S101 - the handler is registered for these only
    return refused(error)


def refused(error: OffhookError) -> Response:
    """Return the answer that tells an error."""
    status = 401 if isinstance(error, LoginRefused) else STATUS[error.exit_code]
    return JSONResponse({"error": error.to_json()}, status)


def status_of(kind: str) -> int:
    """Return the status for a branch of the tree of errors, by its name."""
    return STATUS[KINDS[kind].exit_code]
