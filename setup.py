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

"""Install as a ROS 2 package with colcon, or with pip and extras where there is no ROS."""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = 'depth_anything_ros'
SHARE = f'share/{PACKAGE}'


def shared(folder: str) -> list[tuple[str, list[str]]]:
    """Return data_files entries that install a folder, whole, below share/."""
    folders = [Path(folder), *(path for path in sorted(Path(folder).rglob('*')) if path.is_dir())]
    return [
        (
            f'{SHARE}/{path.as_posix()}',
            [str(file) for file in sorted(path.iterdir()) if file.is_file()],
        )
        for path in folders
    ]


setup(
    name=PACKAGE,
    version='0.1.0',
    description='Metric depth, clouds, a virtual scan and a local grid from ordinary cameras',
    license='Apache-2.0',
    maintainer='The depth_anything_ros authors',
    maintainer_email='maintainers@depth-anything-ros.invalid',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['demo_model/*', 'replay/*.html']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (SHARE, ['package.xml']),
        *shared('launch'),
        *shared('config'),
        *shared('demo'),
    ],
    zip_safe=False,
    python_requires='>=3.10',
    install_requires=[
        'setuptools',
        'numpy',
        'numba',
        'opencv-python-headless>=4.7',
        'rich',
        'typer>=0.9',
    ],
    extras_require={
        'ros': [
            'ros-kilted-diagnostic-msgs',
            'ros-kilted-lifecycle-msgs',
            'ros-kilted-nav-msgs',
            'ros-kilted-rclpy',
            'ros-kilted-rmw-fastrtps-cpp',
            'ros-kilted-rosgraph-msgs',
            'ros-kilted-sensor-msgs',
            'ros-kilted-std-srvs',
        ],
        'cpu': ['openvino>=2025.0'],
        'tensorrt': ['tensorrt>=10.0,<12', 'pycuda'],
        'export': [
            'huggingface-hub',
            'nncf>=3.0',
            'onnx',
            'onnxruntime',
            'onnxscript',
            'openvino>=2025.0',
            'safetensors',
            'torch>=2.6',
            'transformers>=5.20',
        ],
        'sim': ['mujoco>=3.2'],
        'replay': ['mcap', 'rosbags>=0.11.9,<0.12'],
        'test': ['hypothesis', 'pytest>=7', 'pyyaml'],  # colcon test looks here for pytest
        'dev': [
            'hypothesis',
            'import-linter',
            'mypy',
            'onnx',
            'pyright[nodejs]',
            'pyyaml',
            'pytest',
            'ruff',
        ],
    },
    entry_points={
        'console_scripts': [
            'depth_anything_node = depth_anything_ros.node.main:main',
            'depth-anything-ros = depth_anything_ros.cli:app',
        ],
    },
)
