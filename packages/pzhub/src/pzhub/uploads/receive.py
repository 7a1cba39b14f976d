"""Receive uploads: stream to the staging folder, count on the way, refuse what is too large.

The refusal is kept on the request and raised by `staged_upload`, because the body may be
parsed by middleware (which looks for a CSRF token) where an exception would be a server error.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from pathlib import Path
from typing import Any, Final, NoReturn

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from pzhub.core.errors import InvalidError, TooLargeError
from pzhub.uploads.services.quota import largest_file_of_anybody, too_large
from pzhub.uploads.services.staged import StagedFile, staging_path

#: A body up to this many times the limit is read to its end, so that the sender
#: sees the refusal rather than a broken connection; a larger one is cut off.
_DRAIN_FACTOR: Final = 4
#: Attribute of a request whose upload was refused while it arrived.
REFUSAL: Final = "upload_refusal"


class StagedUpload(UploadedFile[bytes]):
    """An uploaded file in the staging folder; closing it removes it unless it was registered.

    It is not open: what reads it opens ``staged.path``.
    """

    def __init__(self, staged: StagedFile, content_type: str | None, field: str) -> None:
        super().__init__(name=staged.name, content_type=content_type, size=staged.size)
        self.staged, self.field_name = staged, field

    def temporary_file_path(self) -> str:
        """Return where the bytes lie, as Django's own temporary files do."""
        return str(self.staged.path)

    def close(self) -> None:
        """Remove the staged file; a registered one is elsewhere by now."""
        self.staged.discard()


class _Arrival:
    """A staged file while its bytes arrive; closing it early leaves nothing."""

    def __init__(self) -> None:
        self.path, self.digest, self.size = staging_path(), hashlib.sha256(), 0
        self._writer = self.path.open("xb", buffering=0)

    def write(self, piece: bytes) -> None:
        self._writer.write(piece)
        self.digest.update(piece)
        self.size += len(piece)

    def finish(self) -> None:
        os.fsync(self._writer.fileno())
        self._writer.close()

    def close(self) -> None:
        if not self._writer.closed:
            self._writer.close()
            self.path.unlink(missing_ok=True)


class LimitedUploadHandler(FileUploadHandler):
    """Writes each file of a form to the staging folder and stops at the size limit."""

    chunk_size = 1 << 20
    file: _Arrival  # closed by the parser when it stops early

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._limit = largest_file_of_anybody()
        self._body_bytes = 0

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *_: Any) -> None:  # noqa: N803
        """Note how much is announced."""
        self._body_bytes = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open a fresh staged file."""
        super().new_file(*args, **kwargs)
        self.file = _Arrival()
        # A connection that breaks off leaves the handler to the garbage collector.
        weakref.finalize(self, self.file.close)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Append a piece, unless the file has become too large."""
        if self.file.size + len(raw_data) > self._limit:
            self._refuse()
        self.file.write(raw_data)

    def _refuse(self) -> NoReturn:
        refusal = too_large(Path(self.file_name or "the file").name, self._limit)
        setattr(self.request, REFUSAL, refusal)
        raise StopUpload(connection_reset=self._body_bytes > _DRAIN_FACTOR * self._limit)

    def file_complete(self, file_size: int) -> StagedUpload:
        """Bring the bytes to disk and hand the staged file on."""
        done = self.file
        done.finish()
        staged = StagedFile(done.path, self.file_name or "", done.size, done.digest.hexdigest())
        return StagedUpload(staged, self.content_type, self.field_name or "")

    def upload_interrupted(self) -> None:
        """Leave nothing of a file whose sender went away."""
        self.file.close()


def staged_upload(request: HttpRequest, field: str = "file") -> StagedFile:
    """Return the uploaded file of a form field.

    Parameters
    ----------
    request
        Django's request, or REST framework's around it.
    field
        Name of the form field.

    Raises
    ------
    TooLargeError
        If the file was over the limit.
    InvalidError
        If the form has no such file.
    """
    upload = request.FILES.get(field)
    inner = getattr(request, "_request", request)
    refusal = getattr(inner, REFUSAL, None)
    if isinstance(refusal, TooLargeError):
        raise refusal
    if not isinstance(upload, StagedUpload):
        message = "Choose a file: the form sent none."
        raise InvalidError(message, fields={field: [message]})
    return upload.staged
