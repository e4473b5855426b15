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

"""The TensorRT seam cannot run here, so its use of the bindings is checked statically."""

import ast
import json
import os
from pathlib import Path
import re
import subprocess
import sys

from depth_anything_ros.estimation import tensorrt_backend
import pytest

SEAM = Path(tensorrt_backend.__file__).with_name('tensorrt_engine.py')
NAMES = Path(sys.prefix) / 'tensorrt-names'
STUB = NAMES / 'tensorrt_bindings' / 'tensorrt.pyi'
MISUSES = {
    'execute_async_v3(self._stream.handle)': 'execute_async_v2([], self._stream.handle)',
    'set_timing_cache(cache, False)': 'set_timing_cache(cache)',
    'set_tensor_address(name, int(memory))': 'set_tensor_address(int(memory), name)',
}
"""A removed method, a missing argument, swapped arguments."""

REMOVED_IN_11 = ('EXPLICIT_BATCH', 'platform_has_fast_fp16', 'set_output_type', 'supports_model')

pytestmark = pytest.mark.skipif(
    not STUB.exists(), reason='needs the stubs beside the environment: make test installs them'
)


@pytest.fixture(scope='module')
def pyright_errors(tmp_path_factory):
    """Return pyright's messages on the seam and on one with misuses; pycuda has no stubs."""
    pytest.importorskip('pyright')
    planted = tmp_path_factory.mktemp('pyright') / 'planted.py'
    source = SEAM.read_text()
    for right, wrong in MISUSES.items():
        assert right in source
        source = source.replace(right, wrong)
    planted.write_text(source)
    command = [sys.executable, '-m', 'pyright', '--outputjson', '--pythonpath', sys.executable]
    environment = {**os.environ, 'PYRIGHT_PYTHON_GLOBAL_NODE': '0', 'PYTHONPATH': str(NAMES)}
    run = subprocess.run(
        [*command, str(SEAM), str(planted)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = {SEAM: [], planted: []}
    for entry in json.loads(run.stdout)['generalDiagnostics']:
        if entry['severity'] == 'error' and 'pycuda' not in entry['message']:
            found[Path(entry['file'])].append(entry['message'])
    return found[SEAM], found[planted]


def names_of_tensorrt():
    """Return what the seam uses of the bindings: its attributes that the stubs define."""
    defined = set(re.findall(r'^\s*(?:def|class)? ?(\w+)\b[:(]', STUB.read_text(), re.MULTILINE))
    tree = ast.parse(SEAM.read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return used & defined


def test_the_seam_uses_tensorrt_10_as_its_stubs_say(pyright_errors):
    assert pyright_errors[0] == []


def test_planted_misuse_is_found(pyright_errors):
    messages = '\n'.join(pyright_errors[1])
    assert 'execute_async_v2' in messages
    assert 'ignore_mismatch' in messages
    assert '"name" of type "str"' in messages


def test_the_seam_uses_enough_of_tensorrt_for_these_checks_to_mean_something():
    assert names_of_tensorrt() >= {'build_serialized_network', 'execute_async_v3', 'OnnxParser'}


def test_every_name_is_still_there_in_tensorrt_11():
    binary = STUB.with_suffix('.so').read_bytes()
    missing = [name for name in names_of_tensorrt() if name.encode() not in binary]
    assert missing == []
    removed = [name for name in REMOVED_IN_11 if re.search(rb'\0%s\0' % name.encode(), binary)]
    assert removed == [], 'the check would not notice a removed name'
