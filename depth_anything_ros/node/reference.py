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

"""
Write docs/reference from the code, so that it cannot say anything else.

`python -m depth_anything_ros.node.reference docs/reference`
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import inspect
from pathlib import Path
import sys
from typing import Any, get_args, get_type_hints

from depth_anything_ros import config
from depth_anything_ros.config import CameraConfig, EstimationConfig, NodeConfig, Setting
from depth_anything_ros.node import diagnostics, topics
from depth_anything_ros.node.topics import Topic
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

GENERATED = '<!-- Made by `python -m depth_anything_ros.node.reference`: change the code. -->'


def write(folder: Path) -> None:
    """Write every page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding='utf-8')


def pages() -> dict[str, str]:
    """Return the text of every page by file name."""
    return {
        'parameters.md': _page('Parameters', _parameters()),
        'topics.md': _page('Topics and services', _topics()),
        'diagnostics.md': _page('Diagnostics', _diagnostics()),
    }


def _page(title: str, blocks: Iterable[str]) -> str:
    return '\n\n'.join((f'# {title}', GENERATED, *blocks)) + '\n'


def _parameters() -> Iterable[str]:
    yield (
        'Every one of them can be given at start. Those marked *at run time* can also be changed '
        'while the node runs; the others while it is unconfigured. A value that is out of its '
        'range or contradicts another is refused with the reason. A whole number may stand for a '
        'number. The `qos_overrides` of every topic are parameters too.'
    )
    for config_class in (NodeConfig, CameraConfig, EstimationConfig, *_stages()):
        settings = list(config.settings_of(config_class))
        yield f'## {config_class.__name__.removesuffix("Config")}'
        yield inspect.getdoc(config_class) or ''
        yield _table(
            ('parameter', 'default', 'unit', 'values', 'at run time', ''),
            [_parameter(setting) for setting in settings],
        )
    yield '## Together'
    yield '\n'.join(f'- `{low}` < `{high}`' for low, high in config.RULES)


def _stages() -> list[type[Any]]:
    return list(get_type_hints(config.PipelineConfig).values())


def _parameter(setting: Setting) -> tuple[str, ...]:
    return (
        f'`{setting.name}`',
        f'`{_yaml(setting.default)}`',
        setting.unit,
        _values(setting),
        'yes' if setting.dynamic else '',
        setting.description,
    )


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f'[{", ".join(map(_yaml, value))}]'
    return str(value) if value != '' else "''"


def _values(setting: Setting) -> str:
    if setting.choices:
        return ', '.join(f'`{choice}`' for choice in setting.choices)
    words = {bool: '`true`, `false`', str: 'text', int: 'integer', float: 'number'}
    if setting.kind in words:
        return _range(setting) or words[setting.kind]
    items = f'{setting.length or "list of"} {words[get_args(setting.kind)[0]]}s'
    return ', '.join(filter(None, (items, _range(setting))))


def _range(setting: Setting) -> str:
    if setting.minimum is None:
        return ''
    if setting.maximum is None:
        return f'from {setting.minimum:g}'
    return f'{setting.minimum:g} … {setting.maximum:g}'


def _topics() -> Iterable[str]:
    yield (
        'Names are relative, so a namespace and remappings apply. With more than one name in '
        '`cameras`, those *per camera* are prefixed, as `front/image_raw`. A camera wider than '
        '100° is split: what belongs to an image is then below `view_0/`, `view_1/` …, in frames '
        '`<frame>_view_0` …. Nothing is computed for a topic without a subscriber, and nothing at '
        'all where none has one. Stamps are those of the images.'
    )
    for title, table in (('In', topics.INPUTS), ('Out', topics.OUTPUTS)):
        yield f'## {title}'
        rows = [_topic(topic) for topic in table]
        yield _table(('topic', 'type', 'per camera', 'QoS', ''), rows)
    yield '## Services'
    rows = [(f'`{s.name}`', f'`{_type(s.kind)}`', s.description) for s in topics.SERVICES]
    lifecycle = ('`~/change_state` …', '`lifecycle_msgs/srv`', 'the lifecycle of managed nodes')
    yield _table(('service', 'type', ''), [*rows, lifecycle])


def _topic(topic: Topic) -> tuple[str, ...]:
    return (
        f'`{topic.name}`',
        f'`{_type(topic.kind)}`',
        'yes' if topic.per_camera else '',
        _qos(topic.qos),
        topic.description,
    )


def _type(message: Any) -> str:
    package, kind, *_ = message.__module__.split('.')
    return f'{package}/{kind}/{message.__name__}'


def _qos(qos: QoSProfile) -> str:
    reliability = 'reliable' if qos.reliability == ReliabilityPolicy.RELIABLE else 'best effort'
    latched = qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
    return f'{reliability}, {"transient local, " * latched}depth {qos.depth}'


def _diagnostics() -> Iterable[str]:
    yield inspect.getdoc(diagnostics) or ''
    yield '## Causes of drops'
    yield _table(
        ('cause', ''), [(f'`{cause}`', text) for cause, text in diagnostics.CAUSES.items()]
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


if __name__ == '__main__':
    write(Path(sys.argv[1]))
