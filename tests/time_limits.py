"""How long a test waits for what must happen: so long that only what hangs takes longer, also beside a busy machine.

A promise about time is not measured with the clock on the wall. It is measured in processor time, or against something
that would take far longer than this.
"""

from __future__ import annotations

WITHIN = 120.0  # seconds; pytest's own limit for one test is above it
FOREVER = 600.0  # seconds that a service takes which is not to be waited for
