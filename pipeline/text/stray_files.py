"""Files beside data that nobody means: a pattern finds them only if it asks for them."""

import re
from pathlib import Path

# Editors, downloads and checksums leave files whose names begin as the data's do.
STRAY = re.compile(
    r"(~|#|\.(swp|swo|bak|old|orig|tmp|temp|part|partial|filepart|crdownload|download|aria2|md5|sha\d+|asc|sig|dvc))$",
    re.IGNORECASE,
)


def is_stray(path: Path, pattern: str) -> bool:
    """Whether a pattern finds a hidden file, a backup, a part of a download or a checksum, without asking for it."""
    hidden = any(part.startswith(".") for part in path.parts) and "/." not in f"/{pattern}"
    return hidden or bool(STRAY.search(path.name) and not STRAY.search(pattern))
