"""A saved model: bit-equal when read back, plain words when damaged, never half of it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from napari_concert.model import checkpoint
from napari_concert.model.network import ConcertNetwork


def _network(case: Callable[..., Any], seed: int = 0) -> ConcertNetwork:
    network = case(n_continuous=1).network(seed)
    network.covariance.copy_(torch.randn(network.covariance.shape, dtype=torch.float64).float())
    return network.eval()


@pytest.fixture
def saved(case: Callable[..., Any], tmp_path: Path) -> tuple[Path, ConcertNetwork]:
    """Return a folder with a model, and the model."""
    network = _network(case)
    checkpoint.save(tmp_path / "model", network, {"seed": 3, "columns": {"tissue": None}})
    return tmp_path / "model", network


def _weights(folder: Path) -> Path:
    return next(folder.glob("*.safetensors"))


def test_round_trip_is_bit_equal(saved: tuple[Path, ConcertNetwork]) -> None:
    folder, network = saved
    found, record = checkpoint.load(folder)
    assert (record["seed"], record["columns"]) == (3, {"tissue": None})
    assert (found.vocabulary, found.config) == (network.vocabulary, network.config)
    assert record["model_hash"] == checkpoint.network_hash(network)
    assert record["weights_sha256"] == checkpoint.file_hash(_weights(folder))
    for name, tensor in network.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name
        assert found.state_dict()[name].dtype == tensor.dtype
    assert checkpoint.network_hash(found) == checkpoint.network_hash(network)


def test_the_folder_holds_safetensors_and_json_alone(saved: tuple[Path, ConcertNetwork]) -> None:
    files = sorted(path.name for path in saved[0].iterdir())
    assert [name.rpartition(".")[2] for name in files] == ["json", "safetensors"]
    json.loads((saved[0] / "model.json").read_text(), parse_constant=pytest.fail)
    assert set(load_file(_weights(saved[0]))) == set(saved[1].state_dict())


def test_nothing_is_unpickled(saved: tuple[Path, ConcertNetwork], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("load", "loads"):
        monkeypatch.setattr(pickle, name, lambda *_, **__: pytest.fail("unpickled"))
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch.load"))
    checkpoint.load(saved[0])


def test_saving_again_replaces_the_model(saved: tuple[Path, ConcertNetwork], case: Callable[..., Any]) -> None:
    other = _network(case, seed=9)
    checkpoint.save(saved[0], other, {})
    assert len(list(saved[0].iterdir())) == 2
    assert torch.equal(checkpoint.load(saved[0])[0].weights, other.weights)


@pytest.mark.parametrize("moment", ["weights", "record"])
def test_a_failure_in_the_middle_leaves_the_old_model(
    saved: tuple[Path, ConcertNetwork], case: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    replace, folder = Path.replace, saved[0]

    def fails(self: Path, target: Path) -> Path:
        if ("model.json" in str(target)) == (moment == "record"):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(folder, _network(case, seed=9), {})
    monkeypatch.undo()
    found, record = checkpoint.load(folder)
    assert torch.equal(found.weights, saved[1].weights)
    assert record["seed"] == 3
    checkpoint.save(folder, saved[1], {"seed": 4})
    assert len(list(folder.iterdir())) == 2  # what the failure left is gone


def test_weights_of_another_model_are_refused(
    saved: tuple[Path, ConcertNetwork], case: Callable[..., Any], tmp_path: Path
) -> None:
    checkpoint.save(tmp_path / "other", _network(case, seed=9), {})
    _weights(saved[0]).write_bytes(_weights(tmp_path / "other").read_bytes())
    with pytest.raises(ValueError, match=r"not the file that model\.json belongs to"):
        checkpoint.load(saved[0])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: _weights(folder).unlink(), "can't be read"),
        (lambda folder: _weights(folder).write_bytes(b""), "not the file"),
        (lambda folder: (folder / "model.json").unlink(), "no trained model"),
        (lambda folder: (folder / "model.json").write_text("{"), "can't be read"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff\xfe\x00"), "can't be read"),
        (lambda folder: (folder / "model.json").write_text("[1]"), "format None"),
        (lambda folder: _rewrite(folder, format=99), "format 99; this version reads 6"),
        (lambda folder: _rewrite(folder, weights_sha256=None), "incomplete|not the file"),
        (lambda folder: _rewrite(folder, vocabulary={"genes": []}), "does not fit this version"),
        (lambda folder: _rewrite(folder, vocabulary=None), "does not fit this version"),
        (lambda folder: _rewrite(folder, config={"spatial_factors": 7}), "does not fit this version"),
        (lambda folder: _rewrite(folder, weights="../../elsewhere.safetensors"), "can't be read"),
    ],
)
def test_damage_is_named_in_one_line(
    saved: tuple[Path, ConcertNetwork], damage: Callable[[Path], Any], message: str
) -> None:
    damage(saved[0])
    with pytest.raises(ValueError, match=message) as caught:
        checkpoint.load(saved[0])
    assert "\n" not in str(caught.value)
    assert "train" in str(caught.value).lower() or "give the folder" in str(caught.value)


def _rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_truncated_weights_with_a_matching_hash_are_refused(saved: tuple[Path, ConcertNetwork]) -> None:
    weights = _weights(saved[0])
    weights.write_bytes(weights.read_bytes()[:-100])
    _rewrite(saved[0], weights_sha256=checkpoint.file_hash(weights))
    with pytest.raises(ValueError, match="can't be read"):
        checkpoint.load(saved[0])


def test_settings_of_a_later_version_are_passed_over(saved: tuple[Path, ConcertNetwork]) -> None:
    record = json.loads((saved[0] / "model.json").read_text())
    _rewrite(saved[0], config={**record["config"], "of_tomorrow": 1})
    assert checkpoint.load(saved[0])[0].config == saved[1].config


def test_no_folder_no_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no trained model"):
        checkpoint.load(tmp_path / "nothing")


def test_the_hash_is_that_of_the_numbers(case: Callable[..., Any]) -> None:
    network = _network(case)
    before = checkpoint.network_hash(network)
    network.weights[0, 0] += 1e-12
    assert checkpoint.network_hash(network) != before
