"""Concert: set up, train, save, load, predict."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self
from weakref import WeakKeyDictionary

import pandas as pd

from napari_concert.concert.checks import (
    another_slide,
    check_slides,
    device_of,
    mismatches,
    missing_pairs,
    moved,
    notes,
    seen_pairs,
    unseen,
)
from napari_concert.concert.dataset import Scale, arrays_of, check_targets, intervene, vocabulary_of
from napari_concert.concert.genes import choose_genes
from napari_concert.concert.imputing import Imputing
from napari_concert.concert.learned import Learned
from napari_concert.concert.observed import Observed
from napari_concert.concert.record import as_told, history_of, provenance_of, record_of, trained_with
from napari_concert.errors import ConcertError
from napari_concert.model import checkpoint
from napari_concert.model.config import Epoch, ModelConfig
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.training import prepare, train
from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide


class Concert(Imputing):
    """The CONCERT model of one or several slides.

    Parameters
    ----------
    slides
        Slides to learn from; their ``columns`` say what is perturbation, tissue, section and continuous.
    n_genes, also_genes
        Highly variable genes to model, and genes to model in any case.
    seed
        Draws the hidden spots and the MLPs' start. The same seed repeats a training.
    device
        "auto" takes CUDA where there is one, else the CPU.
    config
        Size of the model and of its fit.

    Raises
    ------
    ConcertError
        If there is no usable spot or gene, or the device is not available.

    Examples
    --------
    >>> model = Concert(napari_concert.read("slide.h5ad")).train()        # doctest: +SKIP
    >>> model.predict(WhatIf((spots, {"perturbation": "Jak2"}))).gene("Cxcl10").change   # doctest: +SKIP
    """

    def __init__(
        self,
        slides: Slide | Sequence[Slide],
        *,
        n_genes: int = 2000,
        also_genes: Sequence[str] = (),
        seed: int = 0,
        device: str = "auto",
        config: ModelConfig | None = None,
    ) -> None:
        self.slides: tuple[Slide, ...] = (slides,) if isinstance(slides, Slide) else tuple(slides)
        check_slides(self.slides, n_genes)
        self.seed, self.device = seed, device_of(device)
        self.settings: dict[str, Any] = {"n_genes": n_genes, "also_genes": list(also_genes)}
        self.config = config or ModelConfig()
        self.scale = Scale(float(self.slides[0].pitch), self.slides[0].units.name)
        genes = choose_genes(self.slides, n_genes, also_genes)
        self.vocabulary = vocabulary_of(self.slides, genes)
        self.columns = asdict(self.slides[0].columns)
        self.um_per_unit, self.registered = as_told(self.slides[0])
        self.seen_pairs = seen_pairs(self.slides)
        self.is_trained = False
        self._network: ConcertNetwork | None = None
        self._learned: Learned | None = None
        self._epochs: list[Epoch] = []
        self._observed: WeakKeyDictionary[Slide, Observed] = WeakKeyDictionary()
        self.hash = ""

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: ``train_loss``, ``heldout_loss`` (nats per spot and gene), ``seconds``, ``kept``.

        ``kept`` marks the epoch whose weights the model has.
        """
        return history_of(self._epochs)

    @property
    def learned(self) -> Learned:
        """What was learned: scopes, effects of states, what can be told from place, findings in plain words.

        Raises
        ------
        ConcertError
            If the model is not trained.
        """
        if self._learned is None:
            self._learned = Learned(self.network, self.scale)
        return self._learned

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before trusting this model, in plain words."""
        return tuple(notes(self.slides, self.vocabulary))

    def training(self, max_epochs: int | None = None) -> Generator[Epoch, None, None]:
        """Train; yield an :class:`Epoch` at least every half second or so. Closing the generator cancels.

        A cancelled training keeps its best weights so far, and the model is usable.

        Raises
        ------
        ConcertError
            If ``max_epochs`` is below 1, or the model was loaded without slides.
        """
        limit = self.config.max_epochs if max_epochs is None else max_epochs
        if limit < 1:
            raise ConcertError(f"Training needs at least one epoch; got {limit}.")
        if not self.slides:
            raise ConcertError("There is nothing to train on: this model was loaded without slides; give load() some.")
        arrays = arrays_of(self.slides, self.vocabulary, self.scale)
        trainer, epochs = prepare(arrays, self.vocabulary, self.config, self.seed, self.device), list[Epoch]()
        try:
            for epoch in train(trainer, limit):
                if epoch.fraction == 1:
                    epochs.append(epoch)
                yield epoch
        finally:
            self._adopt(trainer.network, epochs, trained_with(self, limit))

    def _adopt(self, network: ConcertNetwork, epochs: list[Epoch], settings: dict[str, Any]) -> None:
        self._network, self.vocabulary = network.cpu().double().eval(), network.vocabulary
        self._epochs, self.settings, self.is_trained = epochs, {**settings, "epochs": len(epochs)}, True
        self._observed.clear()
        self._learned = None
        self.hash = checkpoint.network_hash(self._network)

    def train(self, max_epochs: int | None = None, on_epoch: Callable[[Epoch], None] | None = None) -> Self:
        """Train to the end; ``on_epoch`` is called with every record."""
        for epoch in self.training(max_epochs):
            if on_epoch is not None:
                on_epoch(epoch)
        return self

    def save(self, folder: str | Path) -> None:
        """Save into a folder: weights as safetensors, the rest as JSON.

        Raises
        ------
        ConcertError
            If the model is not trained, or the folder can't be written.
        """
        try:
            checkpoint.save(Path(folder), self.network, record_of(self, self._epochs))
        except OSError as error:
            raise ConcertError(
                f"The model can't be saved in {folder}: {error.strerror}. Choose a folder you can write."
            ) from error

    @classmethod
    def load(cls, folder: str | Path, slides: Slide | Sequence[Slide] | None = None) -> Self:
        """Load a saved model; with slides, check that it fits them.

        Raises
        ------
        ConcertError
            If the folder holds no usable model, or the model does not fit a slide.
        """
        try:
            network, record = checkpoint.load(Path(folder))
        except ValueError as error:
            raise ConcertError(str(error)) from error
        model = cls.__new__(cls)
        model.slides = () if slides is None else (slides,) if isinstance(slides, Slide) else tuple(slides)
        try:
            model._take_up(network, record)  # noqa: SLF001 - of this class
        except (IndexError, KeyError, TypeError) as error:
            raise ConcertError(f"The model in {folder} is incomplete ({error!r}); train and save it again.") from error
        for slide in model.slides:
            model._require_fit(slide)  # noqa: SLF001 - of this class
        return model

    def _take_up(self, network: ConcertNetwork, record: Mapping[str, Any]) -> None:
        """Become the model that was saved."""
        self.vocabulary, self.config = network.vocabulary, network.config
        self.scale = Scale(record["pitch"], record["unit"])
        self.um_per_unit, self.registered = record["um_per_unit"], record["registered"]
        self.seed, self.device, self.columns = record["training"]["seed"], "cpu", record["columns"]
        self.seen_pairs = {(pair[0], pair[1]) for pair in record["seen_pairs"]}
        self._observed = WeakKeyDictionary()
        self._adopt(network, [Epoch.from_json(epoch) for epoch in record["history"]], record["training"])

    @property
    def network(self) -> ConcertNetwork:
        """The trained network.

        Raises
        ------
        ConcertError
            If the model is not trained.
        """
        if self._network is None:
            raise ConcertError("The model is not trained yet; call train() first, or load a saved model.")
        return self._network

    def mismatches(self, slide: Slide) -> list[str]:
        """Return what keeps this model from being used on a slide, in plain words; empty if nothing does."""
        found = mismatches(slide, self.vocabulary, self.scale, self.columns)
        return [*found, *moved(slide, self.settings.get("slides", ()))]

    def _require_fit(self, slide: Slide) -> None:
        if found := self.mismatches(slide):
            raise ConcertError(f"The model does not fit {slide.name}: {'; '.join(found)}")

    def predict(self, what_if: WhatIf, slide: Slide | None = None) -> Prediction:
        """Predict a what-if on a slide (the first one by default): what the painted spots become, and what it does.

        Cell state and position are held, the perturbation is swapped; an empty what-if gives the denoised baseline.

        Raises
        ------
        ConcertError
            If the model is not trained or does not fit the slide, or a target is not one that it knows.
        """
        slide = self._slide(slide)
        what_if.check(slide.n_spots)
        observed = self._observe(slide, what_if)
        intervened = intervene(observed.arrays, slide, what_if, self.vocabulary)
        said, record = self.extrapolations(what_if, slide), provenance_of(self, what_if, slide)
        missing = missing_pairs(what_if, slide, self.seen_pairs, self.columns)
        doubted = frozenset(str(state) for state, _ in missing)
        return observed.prediction(slide, observed.spots.swapped(intervened), what_if, said, record, doubted)

    def cell_state(self, slide: Slide | None = None) -> pd.DataFrame:
        """Return the latent cell state of a slide (the first one by default): what what-ifs hold.

        Returns
        -------
        DataFrame
            Indexed by spot, NaN where not modelled: ``spatial_1`` …, smooth over the tissue, and ``intrinsic_1`` …, of
            single spots; each has mean 0 and variance 1 before it is inferred.

        Raises
        ------
        ConcertError
            If the model is not trained or does not fit the slide.
        """
        slide = self._slide(slide)
        return self._observe(slide, WhatIf()).cell_state(slide.spot_names)

    def _slide(self, slide: Slide | None) -> Slide:
        if slide is None and not self.slides:
            raise ConcertError("Which slide? Give predict() or impute() one; this model was loaded without.")
        return self.slides[0] if slide is None else slide

    def _observe(self, slide: Slide, what_if: WhatIf) -> Observed:
        """Return what was inferred from a slide's observed states: once, and not for a what-if that can't be told."""
        if slide not in self._observed:
            self._require_fit(slide)
            check_targets(what_if, slide, self.vocabulary)
            self._observed[slide] = Observed.infer(
                self.network, slide, self.scale, trained_on=self.is_trained_on(slide)
            )
        return self._observed[slide]

    def is_trained_on(self, slide: Slide) -> bool:
        """Whether a slide is one that the model was trained on, by its spots and their counts in any order."""
        return slide.contents in {each["slide_contents"] for each in self.settings["slides"]}

    def extrapolations(self, what_if: WhatIf, slide: Slide | None = None) -> tuple[str, ...]:
        """Return where a what-if asks for more than was measured: an unseen pair of state and tissue, another slide."""
        slide = self._slide(slide)
        elsewhere = () if self.is_trained_on(slide) else another_slide(what_if, self.settings["slides"])
        return tuple(dict.fromkeys((*unseen(what_if, slide, self.seen_pairs, self.columns), *elsewhere)))
