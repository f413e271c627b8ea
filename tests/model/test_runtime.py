"""What the machine offers."""

from __future__ import annotations

import platform

import pytest
import torch

from napari_concert.model import runtime


def test_auto_takes_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert runtime.available_devices() == ["cuda", "cpu"]
    assert runtime.resolve_device() == "cuda"
    assert runtime.resolve_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert runtime.resolve_device() == "cpu"
    with pytest.raises(ValueError, match=r"'cuda' is not available here \(found: cpu\); use 'auto'"):
        runtime.resolve_device("cuda")


def test_apple_gpus_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match=r"no double precision.*use 'auto' or 'cpu'"):
        runtime.resolve_device("mps")


def test_devices_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100")
    assert runtime.describe_device("cuda") == "CUDA · NVIDIA H100"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert runtime.describe_device("cpu") == "CPU · 3 threads"


def test_the_machine_in_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert runtime.machine() == {"platform": platform.platform(), "threads": 3}


def test_threads_leave_a_core_to_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        monkeypatch.setattr("os.cpu_count", lambda: 4)
        assert runtime.set_threads() == torch.get_num_threads() == 3
        monkeypatch.setattr("os.cpu_count", lambda: 1)
        assert runtime.set_threads() == 1
        assert runtime.set_threads(2) == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_peak_memory_is_in_bytes() -> None:
    if platform.system() == "Windows":
        pytest.skip("Windows does not tell")
    assert 50e6 < runtime.peak_memory_bytes() < 1e12


def test_versions_name_what_a_result_depends_on() -> None:
    found = runtime.versions()
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert {"python", "numpy", "napari-concert"} <= set(found)
