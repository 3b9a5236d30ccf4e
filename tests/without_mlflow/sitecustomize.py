"""Python as if MLflow were not installed, for processes with this folder in PYTHONPATH: loading it takes seconds.

Stages say once that nothing is logged, and go on, as with any store that cannot be reached.
"""

import sys

sys.modules["mlflow"] = None  # type: ignore[assignment]
