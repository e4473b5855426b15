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

from __future__ import annotations

from dataclasses import dataclass, field

from depth_anything_ros.config import (
    build,
    CameraConfig,
    EstimationConfig,
    NodeConfig,
    PipelineConfig,
    RULES,
    setting,
    SettingError,
    settings_of,
)
import pytest


@dataclass(frozen=True)
class Inner:
    depth_m: float = setting(1.0, 'a depth', unit='m', minimum=0.0, maximum=10.0)
    names: tuple[str, ...] = setting(('a',), 'some names')


@dataclass(frozen=True)
class Outer:
    count: int = setting(3, 'a count', minimum=1)
    mode: str = setting('fast', 'a mode', choices=('fast', 'slow'), dynamic=False)
    is_on: bool = setting(True, 'a switch')
    place: tuple[float, ...] = setting(
        (0.0, 0.0), 'a place', unit='m', minimum=-5.0, maximum=5.0, length=2
    )
    share: float = setting(0.5, 'any number')
    outline: tuple[float, ...] = setting((), 'an outline', is_polygon=True)
    inner: Inner = field(default_factory=Inner)


def test_settings_are_found_in_nested_classes() -> None:
    assert [s.name for s in settings_of(Outer)] == [
        'count',
        'mode',
        'is_on',
        'place',
        'share',
        'outline',
        'depth_m',
        'names',
    ]


def test_values_reach_their_class_and_others_keep_their_defaults() -> None:
    config = build(Outer, {'depth_m': 2, 'names': ['x', 'y'], 'foreign': 1})
    assert config == Outer(inner=Inner(2.0, ('x', 'y')))
    assert isinstance(config.inner.depth_m, float)


@pytest.mark.parametrize(
    'name, value, words',
    [
        ('count', 1.5, 'a whole number'),
        ('count', True, 'a whole number'),
        ('count', 0, 'at least 1, not 0'),
        ('depth_m', 'far', 'a number'),
        ('depth_m', 11.0, 'at most 10 m'),
        ('depth_m', float('nan'), 'finite, not nan'),
        ('depth_m', float('inf'), 'finite, not inf'),
        ('share', float('-inf'), 'finite, not -inf'),
        ('mode', 'other', 'one of fast, slow'),
        ('is_on', 1, 'true or false'),
        ('names', 'a', 'a list of texts'),
        ('names', [1], 'a list of texts'),
        ('place', [1.0], '2 numbers, not 1'),
        ('place', [1.0, 6], 'at most 5 m, not 6'),
        ('place', [-6.0, 1.0], 'at least -5 m, not -6'),
        ('place', [1.0, float('nan')], 'finite, not nan'),
        ('outline', [0.0, 0.0, 1.0, 1.0, float('inf'), 0.0], 'finite, not inf'),
        ('outline', [0.0, 0.0, 1.0, 1.0], 'three corners or more'),
        ('outline', [0.0, 0.0, 1.0, 1.0, 2.0, 0.0, 5.0], 'three corners or more'),
    ],
)
def test_wrong_values_are_refused_by_name(name: str, value: object, words: str) -> None:
    with pytest.raises(SettingError, match=words) as caught:
        build(Outer, {name: value})
    assert name in str(caught.value)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(SettingError, match=r'count must be.*mode must be'):
        build(Outer, {'count': 0, 'mode': ''})


@pytest.mark.parametrize('low, high', RULES)
def test_settings_that_contradict_each_other(low: str, high: str) -> None:
    declared = {s.name: s for s in settings_of(PipelineConfig)}
    both = max(declared[high].minimum, declared[low].minimum)
    with pytest.raises(SettingError, match=f'{low} .* must be less than {high}'):
        build(PipelineConfig, {high: both, low: both})


@pytest.mark.parametrize('config', [NodeConfig, CameraConfig, EstimationConfig, PipelineConfig])
def test_defaults_are_valid(config: type) -> None:
    assert build(config, {s.name: s.default for s in settings_of(config)}) == config()


def test_names_are_unique() -> None:
    classes = (NodeConfig, CameraConfig, EstimationConfig, PipelineConfig)
    names = [s.name for c in classes for s in settings_of(c)]
    assert len(names) == len(set(names))


def test_every_number_of_every_setting_has_bounds() -> None:
    classes = (NodeConfig, CameraConfig, EstimationConfig, PipelineConfig)
    numeric = [
        s for c in classes for s in settings_of(c) if s.kind in (int, float, tuple[float, ...])
    ]
    assert [s.name for s in numeric if s.minimum is None or s.maximum is None] == []
