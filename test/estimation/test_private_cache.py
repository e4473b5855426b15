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

from pathlib import Path

from depth_anything_ros.estimation.private_cache import (
    cache_folder,
    check_writable,
    keep_private,
    read_private,
    remove_private,
    UntrustedFileError,
    write_private,
    write_whole,
    WriteError,
)
import pytest


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return cache_folder('engines') / 'small.engine'


def test_what_is_written_is_read_and_only_the_owner_may(path):
    write_private(path, b'engine')
    assert read_private(path) == b'engine'
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_missing_file_is_none(path):
    assert read_private(path) is None
    write_private(path, b'engine')
    remove_private(path)
    assert read_private(path) is None


@pytest.mark.parametrize('altered', [b'engin', b'enginE', b''])
def test_a_truncated_or_altered_file_is_none(path, altered):
    write_private(path, b'engine')
    path.write_bytes(altered)
    assert read_private(path) is None


def test_a_file_without_its_digest_is_none(path):
    write_private(path, b'engine')
    Path(f'{path}.sha256').unlink()
    assert read_private(path) is None


@pytest.mark.parametrize('mode', [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(path, mode):
    write_private(path, b'engine')
    path.chmod(mode)
    with pytest.raises(UntrustedFileError, match='others may write it'):
        read_private(path)


def test_a_folder_that_others_may_write_is_refused(path):
    path.parent.chmod(0o777)
    with pytest.raises(UntrustedFileError, match='others may write it'):
        write_private(path, b'engine')


def test_a_file_of_another_user_is_refused(path, monkeypatch):
    write_private(path, b'engine')
    monkeypatch.setattr('os.getuid', lambda: path.stat().st_uid + 1)
    with pytest.raises(UntrustedFileError, match='belongs to another user'):
        read_private(path)


def test_a_link_is_refused(path, tmp_path):
    write_private(path, b'engine')
    path.rename(tmp_path / 'elsewhere')
    path.symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(UntrustedFileError, match='is a link'):
        read_private(path)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    write_whole(path, b'old')

    def fail(_):
        raise OSError('disk full')

    monkeypatch.setattr('os.fsync', fail)
    with pytest.raises(WriteError, match=r'small\.engine cannot be written: disk full'):
        write_whole(path, b'new')
    assert path.read_bytes() == b'old'
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_kept_is_a_warning(path, monkeypatch, caplog):
    def fail(_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.fsync', fail)
    keep_private(path, b'engine')
    assert 'small.engine cannot be written: No space left on device' in caplog.text
    assert read_private(path) is None


def test_a_cache_that_cannot_be_made_says_what_to_set(tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    with pytest.raises(WriteError, match=r'file/depth_anything_ros/engines.*XDG_CACHE_HOME'):
        cache_folder('engines')


def test_whether_a_file_can_be_written_is_known_before(path):
    check_writable(path)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(WriteError, match='No such file or directory'):
        check_writable(path / 'x')
    with pytest.raises(WriteError, match='is a folder'):
        check_writable(path.parent)
