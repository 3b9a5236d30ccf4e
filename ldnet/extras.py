"""What only some uses of ldnet need, and `pip install ldnet` leaves out."""

from importlib.util import find_spec

from ldnet.errors import InputError


def require(extra: str, use: str, *modules: str) -> None:
    """Raise InputError, which says what to install, unless all modules of the extra that `use` needs are there."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise InputError(f"{use} needs {', '.join(missing)}: pip install 'ldnet[{extra}]'")
