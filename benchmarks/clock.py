"""Time as the scenarios see it: the machine's, or one that a test moves."""

from __future__ import annotations

import threading
import time

SPIN = 200e-6  # s; a sleeping thread wakes 60 to 150 µs late on Linux, so the last part is waited out awake


class Clock:
    """Seconds of the machine's monotonic clock."""

    now = staticmethod(time.perf_counter)

    def sleep_until(self, moment: float) -> None:
        """Return at `moment`, a microsecond late at most on a core of its own.

        The end of the wait passes awake, without `sleep(0)`: that takes 65 µs (the kernel's timer slack). A thread
        whose model call has just ended gets Python's lock within the interpreter's switch interval all the same.
        """
        rest = moment - time.perf_counter() - SPIN
        if rest > 0:
            time.sleep(rest)
        while time.perf_counter() < moment:
            pass

    def leave(self) -> None:
        """A thread says that it will not wait again; only a clock that is moved by hand needs to know."""


class FakeClock:
    """Seconds that pass only when everybody waits: a test of queues whose answer can be worked out by hand.

    threads  how many threads will wait on it; time jumps to the earliest moment once all of them do
    """

    def __init__(self, threads: int = 1):
        self.threads, self._now, self._waiting = threads, 0.0, []
        self._turn = threading.Condition()

    def now(self) -> float:
        return self._now

    def sleep_until(self, moment: float) -> None:
        with self._turn:
            if self.threads <= 1:  # nobody to wait for
                self._now = max(moment, self._now)
                return
            me = (max(moment, self._now), threading.get_ident(), object())
            self._waiting.append(me)
            self._jump()
            self._turn.wait_for(lambda: me not in self._waiting)

    def sleep(self, seconds: float) -> None:
        self.sleep_until(self._now + seconds)

    def leave(self) -> None:
        """A thread says that it will not wait again."""
        with self._turn:
            self.threads -= 1
            self._jump()

    def _jump(self) -> None:
        if self._waiting and len(self._waiting) >= self.threads:
            first = min(self._waiting, key=lambda entry: entry[0])
            self._waiting.remove(first)
            self._now = max(self._now, first[0])
            self._turn.notify_all()
