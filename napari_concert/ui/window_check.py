"""Ask Qt and OpenGL what they can do; run as a process of its own by ``doctor``, since Qt may end its process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def check() -> Iterator[dict[str, Any]]:
    """Yield what is found, step by step: Qt's binding, its platform, OpenGL's version."""
    try:
        import qtpy
        from qtpy.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
    except Exception as error:  # noqa: BLE001 - qtpy has its own errors, which need qtpy to be named
        yield {"problem": f"Qt can't be loaded: {' '.join(str(error).split())}"}
        return
    yield {"qt": f"{qtpy.API_NAME} {qtpy.QT_VERSION}"}
    application = QGuiApplication([])
    yield {"platform": str(application.platformName())}
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if context.create() and context.makeCurrent(surface):
        major, minor = context.format().version()
        context.doneCurrent()
        yield {"opengl": f"{major}.{minor}"}
    else:
        yield {"problem": "no OpenGL context can be made; check the graphics driver"}


if __name__ == "__main__":
    for found in check():
        print(json.dumps(found), flush=True)
