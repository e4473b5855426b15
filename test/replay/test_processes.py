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

from depth_anything_ros.replay.processes import ProcessError, ProcessGroup
import pytest

SLEEP = ('timeit', '-n1', '-r1', '-s', 'import time', 'time.sleep(60)')


def test_failure_is_reported_with_the_last_line_of_its_log(tmp_path: Path) -> None:
    with ProcessGroup(tmp_path) as processes:
        processes.start('sleeper', *SLEEP)
        processes.start('bad', 'json.tool', str(tmp_path / 'nothing.json'))
        with pytest.raises(ProcessError, match=r'the bad failed: .*nothing\.json'):
            processes.wait(20)


def test_leaving_ends_all_processes(tmp_path: Path) -> None:
    with ProcessGroup(tmp_path) as processes:
        process = processes.start('sleeper', *SLEEP)
        assert process.return_code is None
    assert process.return_code is not None


def test_errors_in_the_log_are_found(tmp_path: Path) -> None:
    lines = ['INFO] [1.0] [node]: fine', 'ERROR] [1.0] [node]: no such model']
    lines += [f'WARN] [1.0] [node]: {text}' for text in ('late', 'too late')]
    code = '; '.join(f"print('[{line}')" for line in lines)
    with ProcessGroup(tmp_path) as processes:
        process = processes.start('node', 'timeit', '-n1', '-r1', code)
        while process.return_code is None:
            processes.wait(0.05)
        assert process.logged_errors == ['no such model']
        assert process.last_warning == 'too late'
        assert str(process.error('oh')) == f'oh: no such model (see {tmp_path / "node.log"})'


@pytest.mark.parametrize(
    ('distribution', 'local', 'family'),
    [
        ('humble', ('ROS_LOCALHOST_ONLY', '1'), 'FASTRTPS'),
        ('jazzy', ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST'), 'FASTRTPS'),
        ('kilted', ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST'), 'FASTDDS'),
    ],
)
def test_every_distribution_stays_on_this_machine_and_reads_the_profile(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    distribution: str,
    local: tuple[str, str],
    family: str,
) -> None:
    monkeypatch.setenv('ROS_DISTRO', distribution)
    monkeypatch.setenv('FASTRTPS_DEFAULT_PROFILES_FILE', 'another.xml')
    environment = ProcessGroup(tmp_path).environment
    assert local in environment.items()
    (variable,) = (key for key in environment if key.endswith('_DEFAULT_PROFILES_FILE'))
    assert variable.startswith(family)
    assert Path(environment[variable]).name == 'fastdds_shared_memory.xml'
