"""Every tooltip of the dock, in one place, so that the wording stays of one piece."""

from __future__ import annotations

TIPS = {
    "gene": "Colour the spots by a gene or by a column of the slide. Misspellings suggest the nearest names.",
    "observed": "Measured counts, scaled to the slide's median total count of a spot.",
    "baseline": "What the model expects of every spot as it is: the measurement with its noise removed.",
    "predicted": "What the model expects once the painted spots have become their target.",
    "change": "Log fold change from baseline to predicted. Red goes up, blue goes down, grey does not change.",
    "uncertainty": "Standard deviation of the predicted change: how unsure the model is of it.",
    "true change": "The true log fold change, known because this slide is simulated.",
    "clip": "Percentiles of the values at both ends of the colour scale. Outliers beyond them take the end colours.",
    "log": "Show changes as log2 or as natural logarithm. Saved files always hold natural logarithms.",
    "perturbation": "The column whose labels a what-if switches. Any column of labels will do: a pathologist's, say.",
    "tissue": "The column of tissue or niche. Effects are learned across tissues, and a border may hold them back.",
    "section": "The column that says which section or slide a spot is from. Sections never influence each other "
    "unless they are registered in z.",
    "continuous": "Numeric columns, such as time or dose, that the model uses.",
    "roles": "What each label means. Control labels influence no neighbour; unknown labels are never a state.",
    "registered": "Tick this only if all sections share one coordinate frame: effects then pass through z.",
    "um_per_unit": "How many µm one unit of the file's coordinates is. Visium spots are 100 µm apart.",
    "train": "Learn how states differ across this slide. It runs in the background; the window stays usable.",
    "stop": "Stop training and keep the best weights so far.",
    "n_genes": "How many of the most variable genes are modelled.",
    "also_genes": "Genes to model in any case, separated by commas.",
    "max_epochs": "Training stops before this when it no longer improves on hidden spots.",
    "seed": "The same seed repeats a training exactly.",
    "device": "Where training runs. Automatic takes an NVIDIA or Apple GPU if there is one.",
    "all_slides": "Train one model on all open slides.",
    "paint": "Drag over the slide to paint spots.  [ and ] change the size; Shift erases.",
    "erase": "Drag over the slide to erase painted spots.",
    "radius": "Radius of the brush.  [ makes it smaller, ] larger.",
    "undo": "Take the last stroke back (Ctrl+Z).",
    "redo": "Paint the last undone stroke again (Ctrl+Shift+Z).",
    "clear": "Erase all painted spots. Can be undone.",
    "target": "The state that the painted spots take.",
    "target_tissue": "The tissue that the painted spots take; as observed by default.",
    "ranking": "Genes whose sign is sure come first (false sign below 2.5 %), by how much they change at least; "
    "the others follow by that rate.",
    "start_afresh": "Forget what was painted, labelled and trained on this slide.",
}
