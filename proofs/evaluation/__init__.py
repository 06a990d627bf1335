"""Twenty tasks of daily work, played by a model or by a script, and scored by what the sandbox recorded.

`python -m proofs.evaluation` prints the table; its options are in `__main__.py`, and `task.py` says what a task is.
"""
