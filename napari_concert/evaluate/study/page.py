"""A study as one page for the browser, with nothing loaded from elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from napari_concert.errors import ConcertError
from napari_concert.evaluate.methods import MODEL, TRUTH
from napari_concert.evaluate.study.definitions import SCORES
from napari_concert.evaluate.study.job import Job, Record
from napari_concert.evaluate.study.ranks import average_ranks, frame, mean_scores, ranks_by_score
from napari_concert.evaluate.tasks import Task, build
from napari_concert.slide import Slide

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; margin: .6rem 0 1rem; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #e2e2e2; text-align: right; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
tr.model { font-weight: 600; background: #f1f5fb; } tr.truth { color: #8a5a00; font-style: italic; }
p.note { border-left: 3px solid #a3000b; padding-left: .8rem; } .quiet { color: #666; font-size: .9rem; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; } code { overflow-wrap: anywhere; }
"""


def page(done: Sequence[Record], report: dict[str, Any]) -> str:
    """Return the page's HTML.

    Parameters
    ----------
    report
        The same as JSON values.
    """
    body = "\n".join(_body(done, report))
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    head = f"<head>{head}<title>{_title(report)}</title></head>"
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n{body}\n</body></html>\n'


def _title(report: dict[str, Any]) -> str:
    return escape("Tasks on " + (", ".join(slide["name"] for slide in report["slides"]) or "no slide"))


def _body(done: Sequence[Record], report: dict[str, Any]) -> Iterator[str]:
    scores = frame(done)
    yield f"<h1>{_title(report)}</h1>"
    yield f'<p class="note">{escape(report["what"])}</p>'
    if report["done"] < report["asked"]:
        yield f"<p>Not complete: {report['done']} of {report['asked']} tasks are done.</p>"
    yield from _results(scores, report) if len(scores) else ("<p>Nothing was scored.</p>",)
    yield from _places(done)
    yield from _cases(done)
    yield from _definitions(report)
    yield from _provenance(report)


def _results(scores: pd.DataFrame, report: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Who is best</h2>"
    yield "<ul>" + "".join(f"<li>{escape(said)}</li>" for said in report["verdicts"]) + "</ul>"
    yield "<h3>Average rank, 1 is best</h3>"
    yield _figure_of_ranks(average_ranks(scores))
    yield _table(average_ranks(scores), 1)
    means, by_score = mean_scores(scores), ranks_by_score(scores)
    for task in dict.fromkeys(scores["task"]):
        yield f"<h2>Task: {escape(str(task))}</h2>"
        yield _figure_of_scores(scores[scores["task"] == task])
        yield "<h3>Mean scores</h3>"
        yield _table(means.loc[task].rename(columns=_titles()), 3)
        yield "<h3>Average ranks by score</h3>"
        yield _table(by_score.loc[task].rename(columns=_titles()), 1)


def _titles() -> dict[str, str]:
    return {name: each.title for name, each in SCORES.items()}


def _table(table: pd.DataFrame, digits: int) -> str:
    head = "<tr><th>method</th>" + "".join(f"<th>{escape(str(name))}</th>" for name in table) + "</tr>"
    rows = [
        f'<tr class="{ {MODEL: "model", TRUTH: "truth"}.get(str(method), "plain") }"><td>{escape(str(method))}</td>'
        + "".join(f"<td>{'–' if pd.isna(value) else f'{value:.{digits}f}'}</td>" for value in row)
        + "</tr>"
        for method, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _cases(done: Sequence[Record]) -> Iterator[str]:
    yield "<h2>Tasks</h2><ul>"
    for record in done:
        job = record.job
        name = f"{record.slide or job.file.path}, {job.kind}, {job.size} spots, seed {job.seed}"
        failed = "".join(f" {method} failed: {why}" for method, why in record.failed.items())
        yield f"<li>{escape(f'{name}: {record.said or record.reason}{failed}')}</li>"
    yield "</ul>"


def _places(done: Sequence[Record]) -> Iterator[str]:
    """Yield a map of the first task of each kind, where its slide can still be read."""
    firsts = {record.job.kind: record.job for record in reversed(done) if record.scores}
    placed = list(_placed(list(firsts.values())[::-1]))
    if placed:
        yield "<h2>Where they lie</h2>" + _figure_of_places(placed)


def _placed(jobs: Sequence[Job]) -> Iterator[tuple[Slide, Task]]:
    for job in jobs:
        with suppress(ConcertError):
            slide = job.file.read()
            yield slide, build(slide, job.kind, job.size, job.seed)


def _definitions(report: dict[str, Any]) -> Iterator[str]:
    yield "<h2>What the numbers are</h2>"
    yield f"<p>{escape(report['intervals'])}</p><table><tr><th>score</th><th>unit</th><th>what</th></tr>"
    for each in report["definitions"].values():
        words = (each["title"], f"{each['unit']}; {'higher' if each['higher'] else 'lower'} is better", each["what"])
        yield "<tr>" + "".join(f'<td style="text-align:left">{escape(word)}</td>' for word in words) + "</tr>"
    yield "</table>"


def _provenance(report: dict[str, Any]) -> Iterator[str]:
    yield f'<h2>Provenance</h2><p class="quiet"><code>{escape(report["command"])}</code><br>'
    yield f"napari-concert {escape(report['version'])}; "
    yield escape("; ".join(f"{name} {version}" for name, version in report["versions"].items()))
    yield "</p>"


def _figure_of_ranks(table: pd.DataFrame) -> str:
    from napari_concert.figures.ranking import rank_chart

    figure = Figure(figsize=(6.4, 0.6 + 0.28 * len(table)), layout="constrained")
    rank_chart(figure.add_subplot(), table, MODEL)
    return _svg(figure)


def _figure_of_scores(scores: pd.DataFrame) -> str:
    """Draw every score of one task: a dot with its interval for each case and method."""
    from napari_concert.figures.ranking import score_chart

    names = [name for name in SCORES if name in set(scores["score"])]
    rows = -(-len(names) // 3)
    figure = Figure(figsize=(10.5, rows * (0.9 + 0.24 * scores["method"].nunique())), layout="constrained")
    for i, name in enumerate(names):
        part = scores[scores["score"] == name]
        title = f"{SCORES[name].title} ({'higher' if SCORES[name].higher else 'lower'} is better)"
        score_chart(figure.add_subplot(rows, 3, i + 1), part, title, MODEL, is_first=i % 3 == 0)
    return _svg(figure)


def _figure_of_places(placed: Sequence[tuple[Slide, Task]]) -> str:
    from napari_concert.figures.tasks import task_map

    figure = Figure(figsize=(3.4 * len(placed), 3.9), layout="constrained")
    for i, (slide, task) in enumerate(placed):
        question = task.question
        core = question.scored[:0] if question.is_switched else question.scored
        parts = {"like the reference": question.like, "switched": question.patch, "scored": core}
        parts |= {"reference, hidden": task.reference, "origin, hidden": task.origin}
        title = f"{question.kind}: {question.source} → {question.target}"
        task_map(figure.add_subplot(1, len(placed), i + 1), slide, parts, title)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return a figure as SVG to stand within a page; its text stays text."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    text = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "napari-concert"}):
        FigureCanvasSVG(figure)
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
