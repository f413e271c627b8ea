"""A trained model in a folder: weights as safetensors, everything else as JSON. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from napari_concert.model.config import ModelConfig
from napari_concert.model.data import Vocabulary
from napari_concert.model.network import ConcertNetwork

FORMAT = 6
RECORD, WEIGHTS = "model.json", "weights-{}.safetensors"


def save(folder: Path, network: ConcertNetwork, record: dict[str, Any]) -> None:
    """Write a model: weights under a name of their own, then the record that names them, then old weights are removed.

    A crash or a full disk at any moment leaves the old model or the new one.

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        weights, text = Path(scratch) / "weights", Path(scratch) / RECORD
        save_file(_stored(network), weights)
        digest = file_hash(weights)
        kept = folder / WEIGHTS.format(digest[:16])
        full = {
            "format": FORMAT,
            "weights": kept.name,
            "weights_sha256": digest,
            "model_hash": network_hash(network),
            "vocabulary": network.vocabulary.to_json(),
            "config": network.config.to_json(),
            **record,
        }
        text.write_text(json.dumps(full, indent=1, allow_nan=False), encoding="utf-8")
        weights.replace(kept)
        text.replace(folder / RECORD)
    for old in set(folder.glob(WEIGHTS.format("*"))) - {kept}:
        old.unlink(missing_ok=True)


def load(folder: Path) -> tuple[ConcertNetwork, dict[str, Any]]:
    """Return the network and the record of a saved model.

    Raises
    ------
    ValueError
        If the folder holds no model, or a damaged one; the message says what was found.
    """
    record = _read_record(folder)
    weights = folder / Path(record["weights"]).name
    try:
        if file_hash(weights) != record["weights_sha256"]:
            raise ValueError(f"{weights} is not the file that {RECORD} belongs to; train and save the model again")
        state = load_file(weights)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{weights} can't be read ({error}); train and save the model again") from error
    try:
        known = {field.name for field in fields(ModelConfig)}
        config = ModelConfig(**{k: v for k, v in record["config"].items() if k in known})
        network = ConcertNetwork(Vocabulary.from_json(record["vocabulary"]), config)
        network.load_state_dict(state)
    except (AttributeError, KeyError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"the model in {folder} does not fit this version ({reason}); train it again") from error
    return network, record


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def network_hash(network: ConcertNetwork) -> str:
    """Return the SHA-256 of all learned numbers, in hex: the same before saving and after loading.

    Records call it ``model_hash``, those of predictions too.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(_stored(network).items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _stored(network: ConcertNetwork) -> dict[str, Tensor]:
    """Return the tensors to store; a covariance needs no more than single precision."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    state["covariance"] = state["covariance"].float()
    return state


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(
            f"{folder} holds no trained model ({RECORD} is missing); give the folder of a saved one"
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} can't be read ({error}); train and save the model again") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = record.get("format") if isinstance(record, dict) else None
        raise ValueError(f"{path} has format {found!r}; this version reads {FORMAT}. Train the model again")
    missing = [name for name in ("weights", "weights_sha256", "vocabulary", "config") if name not in record]
    if missing:
        raise ValueError(f"{path} is incomplete ({', '.join(missing)} missing); train and save the model again")
    return record
