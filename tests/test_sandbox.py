import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from autograder import cli
from autograder.authoring.setup_cell import setup_source
from autograder.judging.codec import decode, encode
from autograder.judging.learner import Learner, LearnerGone
from autograder.judging.limits import Limits
from autograder.judging.options import KernelOptions
from autograder.sandbox import cgroup, homes, host, ready
from autograder.sandbox.host import SandboxedKernel, SandboxUnavailable, Zygote
from autograder.sandbox.isolation import tree

LIMITS = Limits(memory_mb=256, cpu_seconds=20, processes=40, disk_mb=32, file_mb=16)


@pytest.fixture(scope="module")
def zygote():
    with Zygote(cold=True) as zygote:
        zygote.wait_until_warm()
        yield zygote
        ready.close()


@pytest.fixture
def options(zygote):
    return KernelOptions(zygote=zygote.address, limits=LIMITS)


def printed(ran):
    return "".join(output.get("text", "") for output in ran.outputs)


def alive(pid):
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_until(condition, seconds=10):
    enough = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < enough:
        time.sleep(0.02)
    return done


def test_a_set_up_cell_is_quick_because_the_tier_is_given(options, tmp_path):
    with Learner(tmp_path, options) as learner:
        ran = learner.run(setup_source("lesson01_why_finetune"))
        imported = learner.run("import sys; print('torch' in sys.modules)")
    assert "Model tier: bundled, because COURSE_TIER names it" in printed(ran) and printed(imported) == "False\n"


def test_a_learner_finds_a_copy_of_its_files_at_a_neutral_path(options, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/notes.txt").write_text("hello")
    (tmp_path / "data/notes.txt").chmod(0o600)
    with Learner(tmp_path, options) as learner:
        ran = learner.run("import os; print(os.getcwd(), open('data/notes.txt').read()); open('data/notes.txt', 'w')")
        assert (printed(ran), ran.error) == ("/submission hello\n", "")
    assert (tmp_path / "data/notes.txt").read_text() == "hello"


def test_the_environment_names_nothing_of_the_graders(options, tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "canary-5417")
    with Learner(tmp_path, options) as learner:
        text = printed(learner.run("import os; print(dict(os.environ))"))
    assert "canary-5417" not in text and "learner" in text


def test_what_the_judge_shares_is_read_under_the_same_path_and_cannot_be_written(options, tmp_path):
    with Learner(tmp_path, options) as learner:
        folder = learner.shared / "private"
        folder.mkdir(mode=0o700)
        (folder / "x.txt").write_text("seen")
        learner.share()
        assert printed(learner.run(f"print(open({str(folder / 'x.txt')!r}).read())")) == "seen\n"
        assert "Read-only" in learner.run(f"open({str(folder / 'y.txt')!r}, 'w')").error


def test_two_kernels_see_nothing_of_each_other(options, tmp_path):
    with Learner(tmp_path, options) as one, Learner(tmp_path, options) as other:
        one.run("open('/tmp/mark', 'w').write('mine'); open('/dev/shm/mark', 'w').write('mine')")
        runs, own = other.kernel.run.parent, other.kernel.run.name
        ran = other.run(f"import os; print(os.listdir('/tmp'), os.listdir('/dev/shm'), os.listdir('{runs}'))")
        assert one.kernel.run.parent == runs and (runs / one.kernel.run.name).exists()
        assert "mark" not in printed(ran) and printed(ran).endswith(f"['{own}']\n")


def test_forks_of_one_process_draw_different_random_numbers(options, tmp_path):
    draws = set()
    for _ in range(3):
        with Learner(tmp_path, options) as learner:
            draws.add(printed(learner.run("import random; print(random.random())")))
    assert len(draws) == 3


def test_more_memory_than_allowed_is_an_error_and_not_the_end(options, tmp_path):
    with Learner(tmp_path, options) as learner:
        assert learner.run("bytearray(4 * 2**30)").error.startswith("MemoryError")
        assert printed(learner.run("print('still here')")) == "still here\n"


def test_memory_spread_over_processes_ends_the_kernel_and_says_so(options, tmp_path):
    source = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        hoard = bytearray(os.urandom(1)) * (150 * 2**20)
        time.sleep(60)
time.sleep(30)
"""
    with Learner(tmp_path, options) as learner, pytest.raises(LearnerGone, match="more than 256 MB of memory"):
        learner.run(source)


def test_processor_time_is_limited_over_all_cells(zygote, tmp_path):
    options = KernelOptions(zygote=zygote.address, limits=Limits(cpu_seconds=1))
    with Learner(tmp_path, options) as learner, pytest.raises(LearnerGone):
        for _ in range(9):
            learner.run("import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass")


def test_wall_time_is_limited_over_all_cells(zygote, tmp_path):
    options = KernelOptions(zygote=zygote.address, limits=Limits(seconds=1))
    with Learner(tmp_path, options) as learner, pytest.raises(LearnerGone, match="longer than 1 seconds"):
        learner.run("import time; time.sleep(20)")


def test_nothing_a_learner_started_outlives_its_kernel(options, tmp_path):
    with Learner(tmp_path, options) as learner:
        learner.run(
            "import subprocess\n"
            "subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
            "subprocess.Popen('setsid nohup sleep 601 &', shell=True)"
        )
        pids = list(tree(learner.manager.provisioner.pid))
        assert len(pids) >= 5
    assert wait_until(lambda: not any(map(alive, pids)))


def test_a_flood_of_output_is_cut_while_it_runs(zygote, tmp_path):
    with (
        Learner(tmp_path, KernelOptions(zygote=zygote.address)) as learner,
        pytest.raises(LearnerGone, match="printed more than 32 MB|sent more than can be read"),
    ):
        learner.run("while True: print('x' * 1_000)")


def test_calls_cross_into_the_sandbox_and_back(options, tmp_path):
    with Learner(tmp_path, options) as learner:
        learner.run("def double(x): return 2 * x")
        assert decode(learner.ask(encode({"name": "double", "args": [4], "kwargs": {}}))) == {"value": 8}


def test_kernels_end_with_the_zygote_and_that_is_no_learners_fault(tmp_path):
    with Zygote(cold=True) as zygote, Learner(tmp_path, KernelOptions(zygote=zygote.address)) as learner:
        pid = learner.manager.provisioner.pid
        zygote.process.kill()
        zygote.process.stdin.close()
        with pytest.raises(SandboxUnavailable, match="ended while it was in use"):
            learner.run("import time; time.sleep(30)")
        assert wait_until(lambda: not alive(pid))
        ready.close()


def test_everything_ends_when_the_grader_is_killed(tmp_path):
    script = """
import sys, time
from pathlib import Path
from autograder.sandbox.host import SandboxedKernel, Zygote
from autograder.judging.limits import Limits
zygote = Zygote(cold=True)
kernel = SandboxedKernel(zygote.address, Limits())
print(zygote.process.pid, kernel.pid, flush=True)
time.sleep(60)
"""
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with grader:
        pids = [int(word) for word in grader.stdout.readline().split()]
        pids += [child for pid in pids for child in tree(pid)]
        assert len(pids) > 3 and all(map(alive, pids))
        os.kill(grader.pid, signal.SIGKILL)
    assert wait_until(lambda: not any(map(alive, pids)))


def test_what_a_killed_grader_left_behind_is_removed_by_the_next(zygote):
    script = "import os; from autograder.sandbox.host import Zygote\n"
    script += "print(Zygote(cold=True).address, flush=True); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False)
    left = Path(killed.stdout.strip())
    homes.sweep()
    assert left.exists()  # it could be somebody's who has just begun
    os.utime(left / "owner", (0, 0))
    homes.sweep()
    assert not left.exists() and zygote.folder.exists()


def test_a_kernel_that_was_kept_ready_starts_its_clock_when_it_is_taken(zygote):
    limits = Limits(seconds=1)
    kernel = SandboxedKernel(zygote.address, limits)
    time.sleep(1.5)
    assert not kernel.ended()
    kernel.begin(Path("tests/fixtures"))
    assert wait_until(kernel.ended) and "longer than 1 seconds" in kernel.reason
    kernel.close()


def test_a_zygote_is_stale_when_the_courses_code_or_a_package_has_changed(zygote, monkeypatch):
    assert zygote.is_fresh
    monkeypatch.setattr(host, "stamp", lambda: ("another",))
    assert not zygote.is_fresh


def test_without_bubblewrap_grading_refuses_and_says_what_to_do(tmp_path, monkeypatch):
    ready.close()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="bubblewrap is missing.*autograder doctor.*--unsafe"):
        Learner(tmp_path).__enter__()


def test_a_zygote_that_cannot_start_tells_why(monkeypatch):
    monkeypatch.setattr(
        host, "command", lambda arguments, writable: [sys.executable, "-c", "raise SystemExit('no luck')"]
    )
    with Zygote(cold=True) as zygote, pytest.raises(SandboxUnavailable, match="no luck"):
        zygote.wait_until_warm()


def test_a_control_group_is_used_only_where_it_can_limit_memory(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(cgroup, "_mounted", lambda: tmp_path)
    monkeypatch.setattr(cgroup, "_own", lambda: "/mine")
    assert cgroup.enclose(1, LIMITS, "run-1") is None
    for name, text in (("cgroup.procs", ""), ("cgroup.subtree_control", "cpu memory pids")):
        (tmp_path / "mine" / name).write_text(text)
    assert cgroup.delegated() == tmp_path / "mine"


def test_a_control_group_is_removed_once_its_last_process_has_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroup, "PATIENCE", 0.3)
    (group := tmp_path / "group").mkdir()
    (process := group / "process").touch()
    cgroup.remove(group)
    assert group.exists()
    threading.Timer(0.1, process.unlink).start()
    cgroup.remove(group)
    assert not group.exists()
    cgroup.remove(group)


def test_who_ran_out_of_a_control_groups_memory_is_told_so(zygote, tmp_path, monkeypatch):
    monkeypatch.setattr(cgroup, "PATIENCE", 0)
    kernel = SandboxedKernel(zygote.address, LIMITS)
    kernel.group = tmp_path
    (tmp_path / "memory.events").write_text("low 0\nmax 18\noom 1\noom_kill 3\noom_group_kill 1\n")
    os.kill(kernel.pid, signal.SIGKILL)  # as the system does to all of the group
    assert wait_until(kernel.ended) and "used more than 256 MB of memory" in kernel.reason
    kernel.close()


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "many"])
def test_limits_are_positive_whole_numbers(bad):
    with pytest.raises(ValueError, match="memory_mb"):
        Limits(memory_mb=bad)


@pytest.mark.slow
def test_the_doctor_finds_that_a_learner_can_do_no_harm_here(capsys):
    assert cli.main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    trials = [finding for finding in report["findings"] if finding["what"].startswith("a learner")]
    assert report["sandbox"] and len(trials) == 8 and all(finding["state"] == "ok" for finding in trials)


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["doctor"]) == 1
    assert "apt install bubblewrap" in capsys.readouterr().out


def test_a_checkout_in_the_temporary_folder_can_be_graded_from(tmp_path):
    (tmp_path / "files").mkdir()
    for name in ("autograder", "course"):
        shutil.copytree(host.PACKAGES / name, tmp_path / name, ignore=shutil.ignore_patterns("*.safetensors"))
    script = """
from pathlib import Path
from autograder.judging.learner import Learner
from autograder.judging.options import KernelOptions
from autograder.sandbox.host import Zygote
with Zygote(cold=True) as zygote, Learner(Path("files"), KernelOptions(zygote=zygote.address)) as learner:
    ran = learner.run("import course.data.world; print(course.__file__)")
    print(ran.outputs[0]["text"], ran.error)
"""
    (tmp_path / "script.py").write_text(script)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(tmp_path / "course/__init__.py")], done.stderr


def test_files_that_are_larger_than_a_kernels_disk_are_refused_in_a_sentence(options, tmp_path):
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate((LIMITS.disk_mb + 1) * 2**20)
    with (
        pytest.raises(LearnerGone, match="its files are 33 MB, and there is room for 32 MB"),
        Learner(tmp_path, options),
    ):
        pass


def test_a_pipe_in_the_place_of_the_lock_of_a_home_stops_nobody(monkeypatch, tmp_path):
    (tmp_path / "ag-evil").mkdir()
    os.mkfifo(tmp_path / "ag-evil" / "owner")
    os.utime(tmp_path / "ag-evil" / "owner", (0, 0))
    monkeypatch.setattr(homes, "IN_MEMORY", str(tmp_path))
    sweeping = threading.Thread(target=homes.sweep, daemon=True)
    sweeping.start()
    sweeping.join(5)
    assert not sweeping.is_alive() and (tmp_path / "ag-evil" / "owner").exists()


def test_run_folders_lie_in_memory_unless_it_is_small_or_missing_or_another_place_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(homes, "ROOM", 0)  # this machine's memory may be small
    assert homes.where() == homes.IN_MEMORY
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert homes.where() == homes.on_disk()
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(homes, "ROOM", 2**60)
    assert homes.where() == homes.on_disk()
    monkeypatch.setattr(homes, "IN_MEMORY", str(tmp_path / "missing"))
    assert homes.where() == homes.on_disk()


def test_what_is_prepared_for_all_kernels_is_there_in_each(options, tmp_path):
    with Learner(tmp_path, options) as learner:
        ran = learner.run("x = 3\n%store x\nimport os; os.path.isdir(get_ipython().profile_dir.startup_dir)")
        assert ran.error == "" and "True" in str(ran.outputs)
        assert learner.run("import json, wave\n%reset -f --aggressive").error == ""
        assert (
            printed(learner.run("import json, sys; print('wave' in sys.modules, len(sys.modules) > 500)"))
            == "False True\n"
        )


def test_the_code_that_answers_the_judge_is_part_of_what_makes_a_zygote_stale():
    assert {"answering.py", "kernel.py", "start.py"} <= {Path(place).name for place, _ in host.stamp()}
