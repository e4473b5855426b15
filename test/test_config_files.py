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

"""What config/ names exists: parameters, topics, and files that parse."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from depth_anything_ros.config import (
    build,
    CameraConfig,
    EstimationConfig,
    NodeConfig,
    PipelineConfig,
    settings_of,
)
import pytest
import yaml

CONFIG = Path(__file__).parent.parent / 'config'
SHARED = (NodeConfig, EstimationConfig, PipelineConfig)


def parameters_in(file: Path) -> dict[str, Any]:
    """Return the parameters of a file, nested ones included as they are."""
    (node,) = yaml.safe_load(file.read_text()).values()
    return dict(node['ros__parameters'])


@pytest.mark.parametrize('name', ['depth_anything.yaml', 'multi_camera.yaml'])
def test_parameters_exist_and_are_valid(name: str) -> None:
    parameters = parameters_in(CONFIG / name)
    cameras = [parameters.pop(camera) for camera in parameters.get('cameras', ())] or [parameters]
    known = {s.name for c in (*SHARED, CameraConfig) for s in settings_of(c)}
    assert {name for p in (parameters, *cameras) for name in p} <= known
    for config in SHARED:
        build(config, parameters)
    for camera in cameras:
        build(CameraConfig, camera)


def topics_in(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    """Yield the strings below some keys of nested dictionaries and lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys and isinstance(item, str):
                yield item
            yield from topics_in(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from topics_in(item, keys)


def published_topics() -> set[str]:
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    from depth_anything_ros.node import topics

    return {t.name.lstrip('/') for t in (*topics.INPUTS, *topics.OUTPUTS)}


def test_rviz_shows_topics_that_exist() -> None:
    view = yaml.safe_load((CONFIG / 'depth_anything.rviz').read_text())
    displays = view['Visualization Manager']['Displays']
    shown = {d['Topic']['Value'] for d in displays if 'Topic' in d}
    assert {'local_grid', 'depth/points', 'scan', 'depth/color', 'image_raw'} <= shown
    assert shown <= published_topics()


def test_foxglove_shows_topics_that_exist() -> None:
    layout = json.loads((CONFIG / 'foxglove_layout.json').read_text())
    shown = set(topics_in(layout, ('imageTopic', 'topicToRender')))
    shown |= layout['configById']['3D!map']['topics'].keys()
    assert {topic.lstrip('/') for topic in shown} <= published_topics()
    panels = set(topics_in(layout['layout'], ('first', 'second')))
    assert panels == layout['configById'].keys()


def test_the_shared_memory_holds_large_images() -> None:
    profile = (CONFIG / 'fastdds_shared_memory.xml').read_text()
    (size,) = re.findall(r'<segment_size>(\d+)</segment_size>', profile)
    assert int(size) > 4 * 1920 * 1080 * 3


def nav2_layer(name: str) -> dict[str, Any]:
    """Return the first layer of an example's local costmap, with what is set beside the layers."""
    costmap = yaml.safe_load((CONFIG / 'nav2' / f'{name}.yaml').read_text())['local_costmap']
    parameters = costmap['local_costmap']['ros__parameters']
    return {**parameters, **parameters[parameters['plugins'][0]]}


def test_known_cells_are_free_only_where_free_is_more_likely() -> None:
    layer = nav2_layer('local_grid_static_layer')
    assert layer['trinary_costmap'] and layer['lethal_cost_threshold'] <= 50


def test_the_floor_clears_and_never_marks_whatever_the_layer_knows() -> None:
    layer = nav2_layer('points_voxel_layer')
    sources = [layer[name] for name in layer['observation_sources'].split()]
    assert all(s['min_obstacle_height'] > 0 for s in sources if s['marking'])
    assert all(s['min_obstacle_height'] < 0 for s in sources if s['clearing'])
    assert {s['topic'].lstrip('/') for s in sources} <= published_topics()


def test_the_scan_does_not_clear_what_the_camera_cannot_see() -> None:
    assert nav2_layer('scan_obstacle_layer')['scan']['raytrace_min_range'] > 0.5


@pytest.mark.parametrize('name', ['points_stvl', 'points_voxel_layer', 'scan_obstacle_layer'])
def test_nav2_is_told_when_nothing_comes_any_more(name: str) -> None:
    layer = nav2_layer(name)
    sources = [layer[source] for source in layer['observation_sources'].split()]
    assert all(source['expected_update_rate'] > 0 for source in sources if source['marking'])
