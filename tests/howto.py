"""The code of the pages "How to add a …", run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

HOWTO = Path(__file__).parents[1] / "docs" / "howto"
LONGEST = 60


def code_of(page: str, longest: int = LONGEST) -> ModuleType:
    """What the Python blocks of a page define, in a module of their own."""
    blocks = re.findall(r"```python\n(.*?)```", (HOWTO / page).read_text(encoding="utf-8"), re.DOTALL)
    code = "\n".join(blocks)
    assert 0 < len(code.splitlines()) <= longest, page
    module = ModuleType(Path(page).stem.replace("-", "_"))
    # Dataclasses look up the module that they are defined in.
    import sys

    sys.modules[module.__name__] = module
    exec(compile(code, page, "exec"), module.__dict__)
    return module
