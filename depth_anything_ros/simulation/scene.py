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

"""A world as a MuJoCo model: meshes with metric textures and two lights, one with shadows."""

from __future__ import annotations

from depth_anything_ros.simulation.box_mesh import box_mesh
from depth_anything_ros.simulation.geometry import Solid, World
from depth_anything_ros.simulation.headless import mujoco
from depth_anything_ros.simulation.textures import make_texture
import numpy as np

VARIANTS = {'wall': 4, 'wood': 3, 'fabric': 2, 'metal': 2, 'carton': 4, 'picture': 4}
# Metres one repeat of a texture covers; the others are stretched once over every face.
REPEAT_M = {'floor': 1.6, 'ceiling': 2.4, 'wall': 1.5, 'wood': 0.9, 'fabric': 0.5, 'metal': 0.5}

NEAR_M, FAR_M = 0.02, 25.0


def build_model(world: World, width: int = 0, height: int = 0) -> mujoco.MjModel:
    """Return the MuJoCo model of a world, for renders of up to width by height pixels."""
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = max(width, 1), max(height, 1)
    # These two make a software renderer five times as fast as the defaults do.
    spec.visual.quality.shadowsize, spec.visual.quality.offsamples = 1024, 0
    spec.visual.map.znear, spec.visual.map.zfar = NEAR_M, FAR_M
    spec.stat.extent = 1.0
    rng = np.random.default_rng([world.seed, 1])
    variants = _add_materials(spec, rng)
    _add_plane(spec, world, 'floor', 0.0, [1, 0, 0, 0])
    _add_plane(spec, world, 'ceiling', world.height, [0, 1, 0, 0])
    for i, solid in enumerate(world.solids):
        _add_solid(spec, i, solid, variants)
    _add_lights(spec, rng, world)
    return spec.compile()


def _add_plane(
    spec: mujoco.MjSpec, world: World, material: str, z: float, quaternion: list[int]
) -> None:
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[world.length / 2 + 0.1, world.width / 2 + 0.1, 1],
        pos=[0, 0, z],
        quat=quaternion,
        material=material,
    )


def _add_materials(spec: mujoco.MjSpec, rng: np.random.Generator) -> dict[str, int]:
    """Add a texture and a material for every surface and variant; return the variants of each."""
    variants = {'floor': 0, 'ceiling': 0, 'trim': 1, 'bright': 1, **VARIANTS}
    for surface, count in variants.items():
        for variant in range(max(count, 1)):
            name = f'{surface}{variant}' if count else surface
            pixels = make_texture(rng, surface)
            texture = spec.add_texture(
                name=name,
                type=mujoco.mjtTexture.mjTEXTURE_2D,
                nchannel=3,
                width=pixels.shape[1],
                height=pixels.shape[0],
            )
            texture.data = pixels.tobytes()
            material = spec.add_material(
                name=name,
                texrepeat=[1.0 if count else 1 / REPEAT_M[surface]] * 2,
                texuniform=not count,  # on a mesh it would scale by the mesh's thickness too
                specular=rng.uniform(0, 0.3),
                shininess=rng.uniform(0, 0.5),
                emission=0.5 if surface == 'bright' else 0.0,
            )
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    return variants


def _add_solid(spec: mujoco.MjSpec, index: int, solid: Solid, variants: dict[str, int]) -> None:
    material = f'{solid.surface}{solid.variant % variants[solid.surface]}'
    yaw = [np.cos(solid.yaw / 2), 0, 0, np.sin(solid.yaw / 2)]
    if solid.shape == 'cylinder':
        radius, _, half = solid.half_size
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            size=[radius, half, 0],
            pos=solid.center,
            quat=yaw,
            material=material,
        )
        return
    vertices, texcoords, faces = box_mesh(solid.half_size, REPEAT_M.get(solid.surface))
    spec.add_mesh(
        name=f'box{index}',
        uservert=vertices.ravel(),
        usertexcoord=texcoords.ravel(),
        userface=faces.ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=f'box{index}',
        pos=solid.center,
        quat=yaw,
        material=material,
    )


def _add_lights(spec: mujoco.MjSpec, rng: np.random.Generator, world: World) -> None:
    spec.visual.headlight.ambient = [rng.uniform(0.3, 0.5)] * 3
    spec.visual.headlight.diffuse = [rng.uniform(0.05, 0.25)] * 3
    spec.visual.headlight.specular = [0.05] * 3
    for shadow, strength in ((True, rng.uniform(0.35, 0.7)), (False, rng.uniform(0.1, 0.35))):
        tint = np.clip(strength * rng.uniform(0.85, 1.1, 3), 0, 1)
        slant = rng.uniform(-0.9, 0.9, 2)
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            castshadow=shadow,
            pos=[0, 0, world.height],
            dir=[*slant, -1.0],
            diffuse=tint,
            specular=[0.1] * 3,
            ambient=[0, 0, 0],
        )
