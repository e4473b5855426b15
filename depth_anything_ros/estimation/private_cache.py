# Copyright 2026 The depth_anything_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Files that only their owner may write: written whole, read back only if nobody touched them."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
import stat
import tempfile

from depth_anything_ros.estimation.backend import BackendError

LOG = logging.getLogger(__name__)
DIGEST_SUFFIX = '.sha256'


class UntrustedFileError(BackendError):
    """A cached file that somebody else owns or could have written."""


class WriteError(BackendError):
    """A file or folder that cannot be written; the message names it and the reason."""


def cache_folder(kind: str) -> Path:
    """
    Return the user's cache folder for a kind of file, made with mode 0700 where missing.

    Raise WriteError where it cannot be made.
    """
    root = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    folder = root / 'depth_anything_ros' / kind
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f'the cache {folder} cannot be made ({error.strerror}): set XDG_CACHE_HOME to a '
            'folder that you may write'
        ) from error
    return folder


def check_writable(path: Path) -> None:
    """Raise WriteError where a file cannot be written there: ask before the work it is for."""
    if path.is_dir():
        raise WriteError(f'{path} is a folder: name a file')
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise WriteError(f'{path} cannot be written: {error.strerror}') from error


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all; WriteError where it cannot be."""
    try:
        _write_whole(path, data, mode)
    except OSError as error:
        raise WriteError(f'{path} cannot be written: {error.strerror or error}') from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file (mode 0600) and its digest beside it."""
    _check_owned(path.parent)
    write_whole(path, data, 0o600)
    digest = hashlib.sha256(data).hexdigest()
    write_whole(_digest_path(path), digest.encode(), 0o600)


def keep_private(path: Path, data: bytes) -> None:
    """Write a file that can be made again as `write_private` does; warn where it cannot be."""
    try:
        write_private(path, data)
    except WriteError as error:
        LOG.warning('it is made anew each time: %s', error)


def read_private(path: Path) -> bytes | None:
    """
    Return what `write_private` wrote, None where it is missing, truncated or altered.

    Raise UntrustedFileError where the file, or its folder, is another user's or others may write.
    """
    _check_owned(path.parent)
    if not path.exists() or not _digest_path(path).exists():
        return None
    for checked in (path, _digest_path(path)):
        _check_owned(checked)
    data = path.read_bytes()
    intact = hashlib.sha256(data).hexdigest().encode() == _digest_path(path).read_bytes()
    return data if intact else None


def remove_private(path: Path) -> None:
    """Remove a file and its digest."""
    path.unlink(missing_ok=True)
    _digest_path(path).unlink(missing_ok=True)


def _write_whole(path: Path, data: bytes, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix='.' + path.name)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _digest_path(path: Path) -> Path:
    return path.with_name(path.name + DIGEST_SUFFIX)


def _check_owned(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise UntrustedFileError(f'{path} is a link: remove it')
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UntrustedFileError(
            f'{path} belongs to another user or others may write it: '
            f'remove it, or chown and chmod it to be yours alone'
        )
