"""What every implementation of `ports.Workers` promises, held by the process pool."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.adapters.workers import ProcessWorkers
from pipeline.config import ParserSettings
from pipeline.errors import ConfigError, Permanent, Transient

REGISTRY = "hostile_tasks"
HERE = Path(__file__).parent
MIB = 1024 * 1024


def settings(**changes):
    limits = {"processes": 2, "cpu_s": 1.0, "wall_s": 2.0, "memory_bytes": 512 * MIB}
    return ParserSettings(**(limits | changes))


@pytest.fixture
def open_workers(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    opened = []

    def open_(**changes):
        workers = ProcessWorkers(settings(**changes), REGISTRY)
        opened.append(workers)
        return workers

    yield open_
    for workers in opened:
        workers.close()


def run(workers, *calls):
    """Run tasks at the same time in a loop of their own; failures are returned, not raised."""

    async def together():
        return await asyncio.gather(
            *(workers.run(task, **arguments) for task, arguments in calls), return_exceptions=True
        )

    return asyncio.run(together())


def run_one(workers, task, **arguments):
    return run(workers, (task, arguments))[0]


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def gone(pids, within_s=5.0):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not any(exists(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_results_come_back_to_their_callers(open_workers):
    calls = [("double", {"value": number}) for number in range(50)]

    assert run(open_workers(), *calls) == [number * 2 for number in range(50)]


def test_a_process_that_has_the_tasks_already_lends_them_to_its_workers():
    """As in a scheduler's task: the server is forked, so nothing is imported a second time."""
    script = (
        "import hostile_tasks\n"
        "hostile_tasks.LENT = 'inherited'\n"
        "from test_workers import run, ProcessWorkers, settings, REGISTRY\n"
        "workers = ProcessWorkers(settings(), REGISTRY)\n"
        "print(run(workers, ('lent', {}), ('segfault', {})))\n"
        "print(run(workers, ('lent', {})))\n"
        "workers.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, capture_output=True, text=True, timeout=30,
        check=True,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert "inherited" in first
    assert "SIGSEGV" in first
    assert second == "['inherited']"


def test_a_daemon_may_have_workers_as_a_task_of_celery_does():
    script = (
        "import multiprocessing\n"
        "from test_workers import run_one, ProcessWorkers, settings, REGISTRY\n"
        "def task():\n"
        "    workers = ProcessWorkers(settings(), REGISTRY)\n"
        "    print(run_one(workers, 'double', value=21), flush=True)\n"
        "    workers.close()\n"
        "daemon = multiprocessing.get_context('fork').Process(target=task, daemon=True)\n"
        "daemon.start()\n"
        "daemon.join()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, capture_output=True, text=True, timeout=30,
        check=True,
    )  # fmt: skip
    assert done.stdout == "42\n"


def test_large_bytes_pass_both_ways(open_workers):
    body = bytes(range(256)) * 40_000

    assert run_one(open_workers(), "double", value=body) == body * 2


def test_item_errors_keep_class_reason_detail_and_delay(open_workers):
    workers = open_workers()

    lasting, passing = run(workers, ("refuse", {"lasting": True}), ("refuse", {"lasting": False}))

    assert (type(lasting), lasting.reason, lasting.detail) == (Permanent, "bad_page", "a detail")
    assert (type(passing), passing.reason, passing.detail) == (Transient, "try_later", "soon")
    assert passing.retry_after_s == 7.5


def test_an_operators_mistake_comes_through_with_every_fault(open_workers):
    error = run_one(open_workers(), "misconfigured")

    assert isinstance(error, ConfigError)
    assert str(error) == "topics.toml: topic: is missing\nb.toml: x: no"
    assert len(error.faults) == 2


def test_a_bug_that_an_item_finds_ends_that_item_only(open_workers, capsys):
    bug, neighbour = run(open_workers(), ("bug", {}), ("double", {"value": 2}))

    assert (type(bug), bug.reason) == (Permanent, "parser_bug")
    assert bug.detail.startswith("KeyError")
    assert neighbour == 4
    assert "hostile_tasks.py" in capsys.readouterr().out  # the trace is in the log


def test_a_bug_whose_class_cannot_travel_is_named(open_workers):
    error = run_one(open_workers(), "strange_bug")

    assert error.reason == "parser_bug"
    assert "TwoArgumentsError: one two" in error.detail


def test_an_unknown_task_is_a_bug_of_the_caller(open_workers):
    assert isinstance(run_one(open_workers(), "no_such_task"), KeyError)


def test_a_result_that_cannot_travel_is_a_bug_and_harms_no_neighbour(open_workers):
    error, neighbour = run(open_workers(), ("unpicklable", {}), ("double", {"value": 2}))

    assert isinstance(error, Exception)
    assert neighbour == 4


@pytest.mark.parametrize(
    ("task", "arguments", "reason", "detail"),
    [
        ("burn", {}, "parser_timeout", "CPU"),
        ("sleep", {"seconds": 60}, "parser_timeout", "2 s"),
        ("hoard", {}, "parser_memory", "bytes"),
        ("segfault", {}, "parser_crash", "SIGSEGV"),
        ("kill_self", {}, "parser_crash", "SIGKILL"),
        ("leave", {}, "parser_crash", "code 3"),
    ],
)
def test_an_item_that_ends_its_worker_is_permanent_and_neighbours_are_served(
    open_workers, task, arguments, reason, detail
):
    # A wall limit that leaves the CPU limit time to act, however busy the machine is.
    workers = open_workers(wall_s=30.0 if task == "burn" else 2.0)
    calls = [(task, arguments), *(("double", {"value": number}) for number in range(20))]

    hostile, *neighbours = run(workers, *calls)

    assert (type(hostile), hostile.reason) == (Permanent, reason)
    assert detail in hostile.detail
    assert neighbours == [number * 2 for number in range(20)]


def test_one_process_outlives_any_number_of_hostile_items(open_workers):
    workers = open_workers(processes=1)
    calls = [("segfault", {}), ("double", {"value": 1}), ("hoard", {}), ("double", {"value": 2})]

    answers = run(workers, *calls)

    assert [getattr(answer, "reason", answer) for answer in answers] == [
        "parser_crash",
        2,
        "parser_memory",
        4,
    ]


def test_cpu_time_is_counted_for_each_item_and_not_for_the_process(open_workers):
    workers = open_workers(processes=1, cpu_s=1.0, wall_s=20.0)

    # Together these are over the limit; each by itself is not.
    answers = run(workers, *[("spin", {"cpu_s": 0.5})] * 6)

    assert answers == ["spun"] * 6


def test_a_worker_that_dies_while_idle_is_replaced(open_workers):
    workers = open_workers()
    pids = set(run(workers, *[("who", {})] * 10))
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)

    assert run_one(workers, "double", value=21) == 42


def test_processes_are_renewed_after_so_many_items(open_workers):
    workers = open_workers(processes=1, recycle_after=3)

    pids = [run_one(workers, "who") for _ in range(9)]

    assert len(set(pids)) == 3


def test_a_cancelled_caller_frees_its_worker(open_workers):
    workers = open_workers(processes=1, wall_s=60.0)

    async def cancel_and_go_on():
        slow = asyncio.create_task(workers.run("sleep", seconds=60))
        await asyncio.sleep(0.5)
        slow.cancel()
        return await workers.run("double", value=5)

    started_s = time.monotonic()
    assert asyncio.run(cancel_and_go_on()) == 10
    assert time.monotonic() - started_s < 10


def test_a_warning_in_a_worker_stays_there(open_workers):
    assert run_one(open_workers(), "warn") == "warned"


def test_closing_ends_every_process_and_twice_is_once(open_workers):
    workers = open_workers()
    pids = set(run(workers, *[("who", {})] * 10))

    workers.close()
    workers.close()

    assert gone(pids)
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(workers.run("who"))


def test_workers_do_not_import_the_program_that_started_them(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, sys\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from pipeline.adapters.workers import ProcessWorkers\n"
        "from pipeline.config import ParserSettings\n"
        "if __name__ == '__main__':\n"
        "    workers = ProcessWorkers(ParserSettings(), 'hostile_tasks')\n"
        "    print(asyncio.run(workers.run('main_file')))\n"
        "    workers.close()\n"
    )

    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)

    assert done.stdout == "None\n"


def test_workers_die_with_the_process_that_started_them(monkeypatch):
    program = (
        "import asyncio, os, sys\n"
        "from pipeline.adapters.workers import ProcessWorkers\n"
        "from pipeline.config import ParserSettings\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "workers = ProcessWorkers(ParserSettings(processes=2, wall_s=60), 'hostile_tasks')\n"
        "async def go():\n"
        "    print(await workers.run('who'), await workers.run('parent'), flush=True)\n"
        "    await workers.run('sleep', seconds=60)\n"
        "asyncio.run(go())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        worker, server = (int(word) for word in process.stdout.readline().split())
        assert exists(worker)
        process.kill()
        process.wait()
        assert gone([worker, server])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
