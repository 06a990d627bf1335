"""The twenty tasks, by what they are about; each with the script that does it with the least number of calls."""

from __future__ import annotations

from proofs.evaluation.tasks.acting import ACTING
from proofs.evaluation.tasks.approving import APPROVING
from proofs.evaluation.tasks.editing import EDITING
from proofs.evaluation.tasks.injections import INJECTIONS
from proofs.evaluation.tasks.reading import READING
from proofs.evaluation.tasks.refusals import REFUSALS

TASKS = (*READING, *ACTING, *APPROVING, *EDITING, *REFUSALS, *INJECTIONS)
