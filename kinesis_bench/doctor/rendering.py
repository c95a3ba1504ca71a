"""Whether a frame can be drawn off screen, which `replay` needs; scoring draws nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator

from kinesis_bench.doctor.check import Check
from kinesis_bench.doctor.child import look_apart

WAYS = ("egl", "osmesa", "glfw")
"""Values of MUJOCO_GL, in the order in which they are tried; the last needs a display."""

VARIABLE = "MUJOCO_GL"

REMEDY = "apt install libegl1 libgl1-mesa-dri  (or libosmesa6, then export MUJOCO_GL=osmesa)"

WIDTH, HEIGHT = 64, 48

SCENE = """
<mujoco>
  <worldbody>
    <light pos="0 0 3"/>
    <geom type="sphere" size="0.3" rgba="0.9 0.2 0.1 1"/>
  </worldbody>
</mujoco>
"""


def rendering() -> Iterator[Check]:
    """One check: the way that is set, else the first that draws a frame in a process of its own."""
    given = os.environ.get(VARIABLE, "").lower()
    failed: dict[str, str] = {}
    for way in dict.fromkeys([given, *WAYS] if given else WAYS):
        check = look_apart("rendering", way, environment={VARIABLE: way})[0]
        if check.mark == "ok":
            yield _drawn(way, given, check.says, failed)
            return
        failed[way] = check.says
    says = "; ".join(f"{way}: {why}" for way, why in failed.items())
    yield Check("rendering", "missing", f"no frame can be drawn ({says})", REMEDY)


def look() -> Iterator[Check]:
    """Draw one frame the way that MUJOCO_GL says."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, HEIGHT, WIDTH) as renderer:
        renderer.update_scene(data)
        picture = renderer.render()
    mark = "ok" if picture.std() > 1 else "broken"
    says = f"{WIDTH} x {HEIGHT} frame drawn" if mark == "ok" else "the frame is empty"
    yield Check("rendering", mark, says)  # type: ignore[arg-type]


def _drawn(way: str, given: str, says: str, failed: dict[str, str]) -> Check:
    if not failed:
        return Check("rendering", "ok", f"{says} off screen by {way}")
    first, why = next(iter(failed.items()))
    use = f"export {VARIABLE}={way}"
    if given:
        return Check("rendering", "broken", f"{VARIABLE}={given} does not draw ({why})", use)
    return Check("rendering", "ok", f"{says} by {way}; {first} does not ({why})", use)
