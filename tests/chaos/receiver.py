"""The systems behind the webhook output, one for each section: they do what docs/outputs.md asks, between faults."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from tests.receiver import Receiver, Reply, Request

KINDS: Final = ("500", "503", "429", "hangs", "hangs after taking", "closes", "closes after taking")
WAIT: Final = 2
"""Seconds that Retry-After asks for."""
_HANG: Final = 1.3  # seconds: more than the output waits


@dataclass
class FaultyReceiver:
    """``seed`` decides which request meets which fault; ``share`` of the tries do. ``hangs``: so many may hang; after
    each of these everything that goes to the system waits for some seconds.

    ``requests`` counts what came in, ``met`` the faults, ``hasty`` what came again sooner than Retry-After allowed.
    """

    seed: int = 0
    share: float = 0.0
    hangs: int = 1_000_000
    most: int = 2  # faults for one sequence of a page: the pause after a third would only make runs long
    down_until: float = 0.0
    requests: int = 0
    hasty: int = 0
    met: Counter[str] = field(default_factory=Counter)
    sections: defaultdict[str, Receiver] = field(default_factory=lambda: defaultdict(Receiver))
    _tries: Counter[str] = field(default_factory=Counter)
    _not_before: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            own = self.sections[request.path.split("/")[1]]
            fault = self._fault(request) if request.method == "POST" else ""
        return self._answer(own, request, fault)

    def _answer(self, own: Receiver, request: Request, fault: str) -> Reply:
        what, _, after = fault.partition(" ")
        if what.isdigit():
            return Reply(int(what), headers={"Retry-After": str(WAIT)} if what == "429" else {})
        answer = own(request) if after or not fault else Reply(500)
        own.seen.clear()  # whole pages
        if what == "hangs":
            time.sleep(_HANG)
        return Reply(200, b"x" * 1000, broken=10) if what == "closes" else answer

    def go_down(self, seconds: float) -> None:
        """Answer 502 to everything for so long."""
        self.down_until = time.monotonic() + seconds

    def _fault(self, request: Request) -> str:
        name, now = request.headers["idempotency-key"], time.monotonic()
        self.requests += 1
        self.hasty += now < self._not_before.get(name, 0.0)
        fault = "502" if now < self.down_until else self._drawn(name)
        if fault:
            self.met[fault] += 1
        if fault == "429" and request.headers["sectionwire-sequence"] != "0":  # an asset goes out with every page
            self._not_before[name] = now + WAIT
        return fault

    def _drawn(self, name: str) -> str:
        self._tries[name] += 1
        draw = random.Random(f"{self.seed}/{name}/{self._tries[name]}")
        if self._tries[name] > self.most or draw.random() >= self.share:
            return ""
        kind = draw.choice(KINDS)
        if kind.startswith("hangs"):
            if not self.hangs:
                return "500"
            self.hangs -= 1
        return kind

    def holds(self) -> dict[str, dict[str, Any]]:
        """What it has of each page and asset, by section and key."""
        held = {}
        for section, own in sorted(self.sections.items()):
            held |= {f"{section} {key}": page for key, page in own.pages.items()}
            held |= {f"{section} asset {name}": asset for name, asset in own.assets.items()}
        return held
