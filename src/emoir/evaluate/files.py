"""Files: a comparison written to a folder, tables and pictures."""

from __future__ import annotations

from pathlib import Path

from emoir.evaluate.contact_sheet import retrieval_sheet
from emoir.evaluate.formats import FORMATS, predictions_csv
from emoir.evaluate.plots import save_plots
from emoir.evaluate.provenance import provenance
from emoir.evaluate.systems import SystemComparison

SUFFIXES = {"table": ".txt", "markdown": ".md", "csv": ".csv", "json": ".json", "latex": ".tex"}


def write_comparison(comparison: SystemComparison, folder: Path) -> list[Path]:
    """Write figures in every format, the first system's predictions, plots and the sheet of retrievals.

    Args:
        comparison: what was measured; its images are opened for the sheet.
        folder: made if absent; files of these names are replaced.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = " against ".join(system.name for system in comparison.systems)
    what = f"{names} on {comparison.table.name} ({len(comparison.table)} images)"
    notes = provenance(what, "95 % intervals by the delete-one jackknife")
    texts = {f"metrics{SUFFIXES[name]}": function(comparison) for name, function in FORMATS.items()}
    texts["metrics.md"] += f"\n\n{notes}"
    texts["metrics.txt"] += f"\n\n{notes}"
    texts["metrics.tex"] = f"% {notes}\n{texts['metrics.tex']}"
    texts["predictions.csv"] = predictions_csv(comparison).rstrip("\n")
    for name, text in texts.items():
        # A path need not be UTF-8.
        (folder / name).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    written = [folder / name for name in texts] + save_plots(comparison, folder)
    sheet = retrieval_sheet(comparison)
    if sheet is not None:
        sheet.save(folder / "retrievals.png")
        written.append(folder / "retrievals.png")
    return written
