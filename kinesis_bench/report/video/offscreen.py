"""OpenGL without a window."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from kinesis_bench.errors import InputError

KINDS = ("egl", "osmesa", "glfw")
"""What MuJoCo can draw off screen with, as MUJOCO_GL names them."""

_REMEDY = {
    "egl": "install it (Debian, Ubuntu: apt install libegl1 libgl1-mesa-dri), or osmesa (apt install "
    "libosmesa6) and set MUJOCO_GL=osmesa",
    "osmesa": "install it (Debian, Ubuntu: apt install libosmesa6), or set MUJOCO_GL=egl",
    "glfw": "set MUJOCO_GL=egl, which needs no display",
}


def has_display() -> bool:
    """Whether there is a screen to open a window on."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def choose() -> str:
    """What to draw with: MUJOCO_GL where it is set, else glfw where there is a display, else EGL.

    Sets MUJOCO_GL, which MuJoCo reads when it is first imported.

    Raises:
        InputError: MUJOCO_GL names nothing that can draw.
    """
    kind = os.environ.get("MUJOCO_GL", "").lower() or ("glfw" if has_display() else "egl")
    if kind not in KINDS:
        raise InputError("MUJOCO_GL", f"is {kind!r}", f"give one of {', '.join(KINDS)}, or leave it unset")
    os.environ["MUJOCO_GL"] = kind
    return kind


def require_opengl() -> None:
    """Fail early where nothing can be drawn.

    Raises:
        InputError: there is no OpenGL of the chosen kind on this machine.
    """
    open_context(8, 8).free()


def open_context(width: int, height: int) -> Any:
    """An OpenGL context that is current in this thread; call its ``free`` when done.

    Raises:
        InputError: there is no OpenGL of the chosen kind on this machine.
    """
    kind = choose()
    try:
        context = import_module(f"mujoco.{kind}").GLContext(width, height)
        context.make_current()
    except Exception as error:  # a missing library shows as an error of many kinds
        said = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InputError("rendering", f"no OpenGL through {kind} ({said})", _REMEDY[kind]) from error
    return context
