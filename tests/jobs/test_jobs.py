from __future__ import annotations

import threading
import time

import pytest

from napari_concert.jobs import InlineJobs, Jobs


class Record:
    """Callbacks that note what was called, with what, and in which thread."""

    def __init__(self):
        self.calls, self.threads = [], set()

    def __getattr__(self, name):
        if not name.startswith("on_"):
            raise AttributeError(name)

        def note(*args):
            self.calls.append((name, *args))
            self.threads.add(threading.current_thread())

        return note

    @property
    def all(self):
        return {name: getattr(self, name) for name in ("on_progress", "on_done", "on_error", "on_cancel")}

    @property
    def endings(self):
        return [call for call in self.calls if call[0] != "on_progress"]


@pytest.fixture
def jobs():
    made = Jobs()
    yield made
    assert made.shutdown(5.0)


@pytest.fixture
def record():
    return Record()


class Gate:
    """Work that says when it has begun and ends when it is let go."""

    def __init__(self):
        self.begun, self.go, self.closed_in = threading.Event(), threading.Event(), None

    def function(self):
        self.begun.set()
        assert self.go.wait(10)
        return "result"

    def steps(self):
        try:
            self.begun.set()
            for i in range(1000):
                yield i
                self.go.wait(0.01)
            return "result"
        finally:
            self.closed_in = threading.current_thread()


def test_work_runs_in_its_own_thread_and_its_result_arrives_in_the_waiting_one(jobs, record):
    jobs.submit("a", threading.current_thread, **record.all)
    assert not jobs.is_idle
    assert record.calls == []
    assert jobs.wait(10)
    [(name, worker)] = record.calls
    assert name == "on_done"
    assert worker is not threading.current_thread()
    assert worker.daemon
    assert record.threads == {threading.current_thread()}


def test_nothing_is_delivered_before_the_main_thread_asks(jobs, record):
    jobs.submit("a", lambda: 1, **record.all)
    time.sleep(0.1)
    assert record.calls == []
    jobs.drain()
    assert record.calls == [("on_done", 1)]
    assert jobs.is_idle


def test_a_generator_reports_progress_in_order_and_then_its_result(jobs, record):
    def count():
        yield 1
        yield 2
        return "end"

    jobs.submit("a", count, **record.all)
    assert jobs.wait(10)
    assert record.calls == [("on_progress", 1), ("on_progress", 2), ("on_done", "end")]


def test_lanes_run_beside_each_other_and_a_lane_in_order(jobs, record):
    gate = Gate()
    jobs.submit("long", gate.function, lane="train", **record.all)
    assert gate.begun.wait(10)
    for i in range(3):
        jobs.submit("short", lambda i=i: i, lane="predict", **record.all)
    assert not jobs.wait(0.2)
    assert record.calls == [("on_done", 0), ("on_done", 1), ("on_done", 2)]
    gate.go.set()
    assert jobs.wait(10)
    assert record.calls[-1] == ("on_done", "result")


@pytest.mark.parametrize("kind", ["function", "generator"])
def test_an_error_arrives_as_itself_and_the_lane_goes_on(jobs, record, kind):
    error = ValueError("bad")

    def fail():
        raise error

    def fail_later():
        yield 1
        raise error

    jobs.submit("a", fail if kind == "function" else fail_later, **record.all)
    jobs.submit("b", lambda: "next", **record.all)
    assert jobs.wait(10)
    assert record.endings == [("on_error", error), ("on_done", "next")]


def test_an_error_in_a_callback_reaches_the_main_thread_and_the_count_stays_right(jobs):
    jobs.submit("a", lambda: 1, on_done=lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs.wait(10)
    assert jobs.is_idle


# -- cancelling -------------------------------------------------------------------------------------------------------


def test_cancel_closes_a_generator_in_its_own_thread(jobs, record):
    gate = Gate()
    job = jobs.submit("train", gate.steps, **record.all)
    assert gate.begun.wait(10)
    assert jobs.cancel("train")
    assert job.is_cancelled
    assert jobs.wait(10)
    assert record.endings == [("on_cancel",)]
    assert gate.closed_in.name == "concert-work"
    assert not jobs.cancel("train")


def test_no_progress_arrives_after_cancel(jobs, record):
    gate = Gate()
    jobs.submit("train", gate.steps, **record.all)
    assert gate.begun.wait(10)
    time.sleep(0.05)
    jobs.cancel()
    assert jobs.wait(10)
    assert record.calls == [("on_cancel",)]


def test_the_result_of_a_cancelled_function_is_dropped(jobs, record):
    gate = Gate()
    jobs.submit("a", gate.function, **record.all)
    assert gate.begun.wait(10)
    jobs.cancel("a")
    gate.go.set()
    assert jobs.wait(10)
    assert record.calls == [("on_cancel",)]


def test_a_result_that_waits_for_delivery_can_still_be_cancelled(jobs, record):
    job = jobs.submit("a", lambda: 1, **record.all)
    time.sleep(0.1)
    job.cancel()
    assert jobs.wait(10)
    assert record.calls == [("on_cancel",)]


def test_cancel_by_name_leaves_the_others(jobs, record):
    gate = Gate()
    jobs.submit("keep", gate.function, **record.all)
    jobs.submit("drop", lambda: 1, **record.all)
    assert [job.name for job in jobs.active()] == ["keep", "drop"]
    assert jobs.cancel("drop")
    assert [job.name for job in jobs.active()] == ["keep"]
    gate.go.set()
    assert jobs.wait(10)
    assert record.endings == [("on_done", "result"), ("on_cancel",)]


def test_a_delayed_job_that_is_cancelled_ends_at_once(jobs, record):
    jobs.submit("a", lambda: 1, delay=30, **record.all)
    start = time.monotonic()
    jobs.cancel("a")
    assert jobs.wait(10)
    assert time.monotonic() - start < 5
    assert record.calls == [("on_cancel",)]


# -- the latest wins --------------------------------------------------------------------------------------------------


def test_of_many_requests_the_running_and_the_waiting_ones_go_stale(jobs, record):
    gate, ran = Gate(), []
    jobs.submit("predict", gate.function, latest=True, **record.all)
    assert gate.begun.wait(10)
    for i in range(5):
        jobs.submit("predict", lambda i=i: ran.append(i) or i, latest=True, **record.all)
    gate.go.set()
    assert jobs.wait(10)
    assert ran == [4]
    assert [call for call in record.calls if call[0] == "on_done"] == [("on_done", 4)]
    assert record.calls.count(("on_cancel",)) == 5
    assert jobs.generation("predict") == 6
    assert jobs.generation("other") == 0


def test_latest_leaves_jobs_of_other_names(jobs, record):
    jobs.submit("a", lambda: "a", **record.all)
    jobs.submit("b", lambda: "b", latest=True, **record.all)
    assert jobs.wait(10)
    assert record.calls == [("on_done", "a"), ("on_done", "b")]


def test_delay_holds_work_back_so_that_a_newer_request_replaces_it(jobs, record):
    ran = []
    start = time.monotonic()
    for i in range(10):
        jobs.submit(
            "predict", lambda i=i: ran.append((i, time.monotonic() - start)), latest=True, delay=0.1, **record.all
        )
        time.sleep(0.01)
    assert jobs.wait(10)
    [(which, when)] = ran
    assert which == 9
    assert when >= 0.19


# -- delivery and the end ---------------------------------------------------------------------------------------------


def test_results_go_through_the_given_deliverer():
    delivered, record = [], Record()
    jobs = Jobs(deliver=delivered.append)
    jobs.submit("a", lambda: 1, **record.all)
    end = time.monotonic() + 10
    while not delivered and time.monotonic() < end:
        time.sleep(0.005)
    assert record.calls == []
    assert not jobs.wait(0.05)
    delivered.pop()()
    assert record.calls == [("on_done", 1)]
    assert jobs.wait(1, pump=lambda: None)
    assert jobs.shutdown()


def test_a_deliverer_that_is_gone_does_not_stop_the_worker(caplog):
    def gone(_):
        raise RuntimeError("the window is closed")

    jobs = Jobs(deliver=gone)
    jobs.submit("a", lambda: 1)
    jobs.submit("b", lambda: 2)
    assert jobs.wait(10)
    assert "could not be delivered" in caplog.text
    assert jobs.shutdown()


def test_wait_pumps_until_its_time_is_up(jobs):
    gate, pumped = Gate(), []
    jobs.submit("a", gate.function)
    assert not jobs.wait(0.05, pump=lambda: pumped.append(1))
    assert len(pumped) > 2
    gate.go.set()
    assert jobs.wait(10)


def test_shutdown_cancels_closes_and_calls_nothing_more(record):
    jobs, gate = Jobs(), Gate()
    jobs.submit("train", gate.steps, **record.all)
    jobs.submit("later", lambda: 1, **record.all)
    assert gate.begun.wait(10)
    assert jobs.shutdown(5.0)
    assert gate.closed_in is not None
    jobs.drain()
    assert record.calls == []
    assert jobs.is_idle
    assert jobs.wait(1)


def test_shutdown_keeps_its_timeout_when_work_does_not_stop(record):
    jobs, gate = Jobs(), Gate()
    jobs.submit("stubborn", gate.function, **record.all)
    assert gate.begun.wait(10)
    start = time.monotonic()
    assert not jobs.shutdown(0.2)
    assert 0.15 < time.monotonic() - start < 1.5
    gate.go.set()
    jobs.drain()
    assert record.calls == []


def test_what_is_submitted_after_shutdown_does_not_run(record):
    jobs = Jobs()
    jobs.submit("before", lambda: 1)
    jobs.shutdown()
    jobs.submit("after", lambda: 1, **record.all)
    jobs.submit("after", lambda: 1, lane="new", **record.all)
    assert jobs.wait(1)
    assert record.calls == []


# -- without threads --------------------------------------------------------------------------------------------------


def test_inline_work_is_done_before_submit_returns(record):
    jobs = InlineJobs()

    def count():
        yield threading.current_thread()
        return "end"

    jobs.submit("a", count, delay=60, **record.all)
    jobs.submit("b", lambda: 1 / 0, **record.all)
    assert record.calls[:2] == [("on_progress", threading.current_thread()), ("on_done", "end")]
    assert [type(value) for _, value in record.calls[2:]] == [ZeroDivisionError]
    assert jobs.is_idle
    assert jobs.wait(0)


def test_inline_work_can_be_cancelled_by_its_callback(record):
    jobs, gate = InlineJobs(), Gate()
    jobs.submit("a", gate.steps, on_progress=lambda i: i == 3 and jobs.cancel("a"), on_cancel=record.on_cancel)
    assert record.calls == [("on_cancel",)]
    assert gate.closed_in is threading.current_thread()
    assert jobs.active() == []


def test_inline_work_may_submit_more(record):
    jobs = InlineJobs()
    jobs.submit("a", lambda: 1, on_done=lambda v: jobs.submit("b", lambda: v + 1, latest=True, on_done=record.on_done))
    assert record.calls == [("on_done", 2)]
    jobs.shutdown()
    jobs.submit("c", lambda: 3, on_done=record.on_done)
    assert record.calls == [("on_done", 2)]
    assert jobs.is_idle
