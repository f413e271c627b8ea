"""Devices, threads, versions and memory: what the rest of the project asks about torch."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

import torch

_PACKAGES = ("napari-concert", "torch", "numpy", "scipy", "anndata", "napari")


def available_devices() -> list[str]:
    """Return the devices that can train here, fastest first.

    Apple's GPUs (MPS) are not among them: they have no double precision, which the solves need.
    """
    return ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]


def resolve_device(name: str = "auto") -> str:
    """Return the device to use: the fastest for ``auto``, else the named one if this machine has it.

    Raises
    ------
    ValueError
        If the named device is not available.
    """
    devices = available_devices()
    if name == "auto":
        return devices[0]
    if name == "mps":
        raise ValueError("device 'mps' has no double precision, which this model needs; use 'auto' or 'cpu'")
    if name not in devices:
        raise ValueError(f"device {name!r} is not available here (found: {', '.join(devices)}); use 'auto'")
    return name


def describe_device(name: str) -> str:
    """Return a device in words, with its model where the driver tells it."""
    if name == "cuda":
        return f"CUDA · {torch.cuda.get_device_name(0)}"
    count = torch.get_num_threads()
    return f"CPU · {count} thread{'s' if count > 1 else ''}"


def set_threads(count: int | None = None) -> int:
    """Use ``count`` threads; by default all cores but one, so that a window on the same machine stays responsive."""
    chosen = count or max(1, (os.cpu_count() or 2) - 1)
    torch.set_num_threads(chosen)
    return chosen


def machine() -> dict[str, str | int]:
    """Return what of this machine the last digits of a result depend on."""
    return {"platform": platform.platform(), "threads": torch.get_num_threads()}


def peak_memory_bytes() -> int:
    """Return the largest resident memory of this process so far, in bytes (0 where the platform does not tell)."""
    try:
        import resource
    except ImportError:  # Windows has no resource module
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def versions() -> dict[str, str]:
    """Return the versions of what a result depends on."""
    return {"python": platform.python_version(), **_package_versions()}


@cache
def _package_versions() -> Mapping[str, str]:
    """Return the versions of packages; they are read from files, which every what-if would do anew."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return MappingProxyType(found)
