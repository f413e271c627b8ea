"""Step 2: train, save and load a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from magicgui.widgets import CheckBox, ComboBox, LineEdit, SpinBox
from psygnal import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_concert.session import TrainingSettings
from napari_concert.session.training import DEVICES, LIMITS
from napari_concert.ui.asking import MODELS, Asking
from napari_concert.ui.plots import LossPlot
from napari_concert.ui.reach_words import lines
from napari_concert.ui.remote_field import RemoteField
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, form, heading, note, say

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.session import Session, TrainingState

NO_MODEL = "No model yet. The defaults are sensible: press Train."
ENDINGS = {"done": "converged", "stopped": "stopped early, best weights kept", "failed": "failed"}


class ModelPanel(QWidget):
    """One button to train; what was learned; save and load."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.settings = SettingsForm()
        self.train = button("Train", self._train_or_stop, TIPS["train"])
        self.train.setObjectName("concert_train")
        self.train.setMinimumHeight(32)
        self.progress, self.plot = note(kind="quiet"), LossPlot()
        self.about, self.problem, self.notes = note(), note(kind="error"), note(kind="warning")
        self.reach = note(kind="quiet")
        self.save = button("Save model…", self._save)
        self.load = button("Load model…", self._load)
        self._lay_out()
        follow(self, session.slide_changed, self._on_slide)
        follow(self, session.slides_changed, self._on_slide)
        follow(self, session.model_changed, self._on_model)
        follow(self, session.training_changed, self._on_training)
        self._on_slide()
        self._on_training()

    def _lay_out(self) -> None:
        layout = column(self)
        layout.addWidget(self.settings)
        layout.addWidget(self.train)
        layout.addWidget(self.progress)
        layout.addWidget(self.plot)
        layout.addWidget(heading("Model in use"))
        for part in (self.about, self.problem, self.notes, self.reach):
            layout.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self.save)
        row.addWidget(self.load)
        row.addStretch()
        layout.addLayout(row)
        layout.addStretch()

    def _train_or_stop(self) -> None:
        state = self.session.training
        if state is not None and state.is_running:
            self.session.stop_training()
        else:
            self.session.train(self.settings.value())

    def _on_slide(self) -> None:
        self.settings.offer_all(len(self.session.workspaces) > 1)
        has_slide = self.session.slide is not None
        for part in (self.train, self.load):
            part.setEnabled(has_slide)
        self._on_model()

    def _on_training(self) -> None:
        state = self.session.training
        running = state is not None and state.is_running
        self.train.setText("Stop and keep the best so far" if running else "Train")
        self.train.setToolTip(TIPS["stop" if running else "train"])
        self.settings.setEnabled(not running)
        epochs = state.epochs if state is not None else []
        self.plot.setVisible(bool(epochs))
        self.plot.show_epochs(epochs)
        say(self.progress, "" if state is None else _progress(state))

    def _on_model(self) -> None:
        model = self.session.model
        self.save.setEnabled(model is not None)
        say(self.about, NO_MODEL if model is None else about(model, self.session.model_name))
        problem = self.session.model_problem
        say(self.problem, f"Not used on this slide: {problem}." if problem else "")
        say(self.notes, "" if model is None else "\n".join((*model.notes, *model.learned.findings())))
        say(self.reach, lines(self.session.reaches))

    def _save(self) -> None:
        folder = Asking(self.session, self, MODELS).save("Save the model as a folder", "concert-model")
        if folder:
            self.session.save_model(folder)

    def _load(self) -> None:
        folder = Asking(self.session, self, MODELS).open_folder("Load a model's folder")
        if folder:
            self.session.load_model(folder)


class SettingsForm(QWidget):
    """The settings of a training; magicgui makes the fields.

    Attributes
    ----------
    changed
        Emitted when a field has another value.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.n_genes = _number("n_genes", "Genes")
        self.also = LineEdit(label="Also these", tooltip=TIPS["also_genes"])
        self.epochs, self.seed = _number("max_epochs", "Epochs"), _number("seed", "Seed")
        self.device = ComboBox(label="Device", choices=DEVICES, tooltip=TIPS["device"])
        self.everything = CheckBox(text="train on all open slides together", tooltip=TIPS["all_slides"])
        self.remote = RemoteField()
        fields = form()
        for part in (self.n_genes, self.also, self.epochs, self.seed, self.device):
            fields.addRow(part.label, part.native)
        fields.addRow(self.everything.native)
        fields.addRow(self.remote)
        self.setLayout(fields)
        for part in (self.n_genes, self.epochs, self.seed, self.device, self.everything):
            part.changed.connect(lambda _: self.changed.emit())
        self.remote.address.textChanged.connect(lambda _: self.changed.emit())

    def offer_all(self, several: bool) -> None:
        """Offer to train on all open slides where there are several."""
        self.everything.native.setVisible(several)

    def value(self) -> TrainingSettings:
        """Return what is chosen."""
        also = tuple(name.strip() for name in self.also.value.replace(";", ",").split(",") if name.strip())
        return TrainingSettings(
            n_genes=self.n_genes.value,
            also_genes=also,
            max_epochs=self.epochs.value,
            seed=self.seed.value,
            device=self.device.value,
            all_slides=bool(self.everything.value),
            scheduler=self.remote.value,
        )

    def lasting(self) -> TrainingSettings:
        """Return what is chosen for any slide: genes to model in any case are those of one."""
        return replace(self.value(), also_genes=())

    def set_lasting(self, settings: TrainingSettings) -> None:
        """Fill in what is chosen for any slide."""
        self.n_genes.value, self.epochs.value = settings.n_genes, settings.max_epochs
        self.seed.value, self.device.value = settings.seed, settings.device
        self.everything.value, self.remote.value = settings.all_slides, settings.scheduler


def _number(name: str, label: str) -> SpinBox:
    """Return the field of a number of :class:`TrainingSettings`."""
    low, high = LIMITS[name]
    return SpinBox(label=label, value=getattr(TrainingSettings(), name), min=low, max=high, tooltip=TIPS[name])


def _progress(state: TrainingState) -> str:
    where = " · ".join(part for part in (state.device, f"seed {state.settings.seed}") if part)
    latest = state.latest
    if latest is None:
        return f"{where} · {state.doing} …" if state.is_running else f"{where} · {state.status}"
    doing = ENDINGS.get(state.status, f"at most {latest.seconds_left:.0f} s left")
    return f"{where} · epoch {latest.index} · {latest.seconds:.0f} s · {doing}"


def about(model: Concert, name: str) -> str:
    """Return what a model is, in two lines."""
    states = ", ".join(model.states) or "no perturbation"
    history = model.history
    kept = history.loc[history["kept"], "heldout_loss"]
    loss = f" · hidden-spot loss {kept.iloc[0]:.4f} nats per spot and gene" if kept.notna().any() else ""
    return f"{name or 'trained'} · {len(model.genes):,} genes · states: {states}\n{len(history)} epochs{loss}"
