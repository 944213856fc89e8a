"""Configure nbgrader for a class folder, in two lines of its nbgrader_config.py.

    from autograder.config import configure
    configure(c, __file__)

All of nbgrader's commands then work there unmodified, and grade with the judge.
"""

import os
import sys
from pathlib import Path

from nbgrader.apps import AutogradeApp
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, LimitOutput, SaveCells
from traitlets.config import Application, Config

from .exchange.collecting import Collect, Extractor, FileCollector, ReleaseFeedback
from .gradebook.preprocessors import JudgeCells, Rebuild, SaveVerdicts, SubmissionExporter
from .gradebook.revising import SaveChangedCells
from .submissions import intake


def configure(config: Config, config_file: str | os.PathLike, course_id: str = "finetuning") -> None:
    """Set up nbgrader for the folder of `config_file`; settings made after this call win."""
    folder = Path(config_file).resolve().parent
    _put_on_path(Path(sys.executable).parent)  # nbgrader calls alembic by name, also when no environment is active
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.course_id = course_id
    config.CourseDirectory.max_file_size = config.CourseDirectory.max_dir_size = 2_000_000  # kilobytes: adapters
    config.Exchange.root = str(folder / "exchange")
    config.Exchange.cache = str(folder / "exchange" / "cache")
    config.ExchangeFactory.collect = Collect
    config.ExchangeFactory.release_feedback = ReleaseFeedback
    config.ZipCollectApp.extractor_plugin = Extractor
    config.ZipCollectApp.collector_plugin = FileCollector
    config.ZipCollectApp.force = True  # the extractor has decided what may replace what
    config.ZipCollectApp.log_level = "ERROR"  # the extractor's table says more, in fewer lines
    config.GenerateAssignment.preprocessors = [
        SaveChangedCells if step is SaveCells else step for step in GenerateAssignment().preprocessors
    ]
    config.ClassFolderPreprocessor.class_folder = config.SubmissionExporter.class_folder = str(folder)
    config.Autograde.exporter_class = SubmissionExporter
    config.SubmissionExporter.optimistic_validation = True  # once, behind all steps, and not behind each
    config.Autograde.pre_convert_hook = intake.prepare
    config.Autograde.sanitize_preprocessors = [Rebuild, CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [JudgeCells, LimitOutput, SaveVerdicts, AssignLatePenalties]
    if Application.initialized() and isinstance(Application.instance(), AutogradeApp):
        intake.complete(folder)


def _put_on_path(folder: Path) -> None:
    if str(folder) not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
