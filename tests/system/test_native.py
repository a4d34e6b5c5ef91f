"""Native functions among Python's frames: which, in which order, under which names, and that nobody stays stopped."""

import json
import os
import signal
import subprocess
import time

import pytest
from chain_library import ChainLibrary
from interpreters import cache_folder
from running import LONG_S, Program, find_gilspy, gilspy, parse_folded, record, record_folded

THREAD = ["_bootstrap", "_bootstrap_inner", "run"]
IN_C = ["chain_outer", "chain_middle", "chain_inlined", "chain_leaf"]
ASLEEP = ["idle", "clock_nanosleep"]
# What each thread of chain.py is in, outermost first, of Python, of libchain.so and of the kernel.
CHAINS = {
    "sleep": ["run_chain", "call", *IN_C, *ASLEEP],
    "read": ["run_chain", "call", *IN_C, "read"],
    "spin": ["run_chain", "call", *IN_C, "spin"],
    "signal": ["run_chain", "call", *IN_C, "chain_handler", "chain_asleep", *ASLEEP],
    "fault": ["run_chain", "call", *IN_C, "chain_fault", "chain_fault_handler", "chain_asleep", *ASLEEP],
    "call": ["run_callbacks", "call", *IN_C, "call_back", "called_back", "call", *IN_C, *ASLEEP],
}
# Of chain.c; the compiler puts them into their callers.
INLINED = {"chain_inlined", "idle", "spin", "now", "call_back"}
TRIES = 10


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    made = {}

    def of(kind):
        if kind not in made:
            made[kind] = ChainLibrary(tmp_path_factory.mktemp(kind), kind)
        return made[kind]
    return of


def chain_program(python, library, *arguments):
    return Program(python.executable, "chain.py", "--library", library.path, *arguments)


def dump_native(pid, how="--native"):
    done = gilspy("dump", "--pid", pid, "-j", how)
    assert done.returncode == 0, done.stderr
    return {thread["name"]: thread for thread in json.loads(done.stdout)["threads"]}


def is_python(frame):
    return frame["line"] > 0


def has_native(thread):
    return any(not is_python(frame) for frame in thread["frames"])


def dump_chain(program, names, how="--native"):
    """Once all work, and with a native stack of each: one that runs may leave the CPU just when it is looked at."""
    for _ in range(TRIES):
        threads = dump_native(program.pid, how)
        if all(has_native(threads[name]) and {"run_chain", "run_callbacks"} & set(told(threads[name])) for name in names):
            break
        time.sleep(0.1)
    return threads


def told(thread):
    """Functions of Python, of libchain.so and of the kernel, outermost first; those of the libraries between are left out."""
    frames = [frame for frame in reversed(thread["frames"])
              if is_python(frame) or frame["file"] in ("libchain.so", "kernel")]
    names = [frame["function"].rpartition(".")[2] if is_python(frame) else frame["function"] for frame in frames]
    while names and names[-1] == "now":  # as spin() does from time to time
        names.pop()
    return names


def as_named_by(library, kind, names):
    if kind in ("debug", "separate"):
        return names
    names = [name for name in names if name not in INLINED]
    if kind == "symbols":
        return names
    return [library.place(name) if name.startswith("chain_") and name != "chain_outer" else name for name in names]


def check_chain(thread, library, kind, way):
    assert told(thread) == as_named_by(library, kind, THREAD + CHAINS[way]), way


def test_a_chain_is_exact(any_python, libraries):
    """In its place among Python's frames, with what was inlined, to the system call; also below a signal's handler."""
    library = libraries("debug")
    with chain_program(any_python, library, "--ways", ",".join(CHAINS)) as program:
        threads = dump_chain(program, CHAINS)
    for way in CHAINS:
        check_chain(threads[way], library, "debug", way)
        assert threads[way]["activity"] == ("runs_without_gil" if way == "spin" else "blocked"), way
    assert threads["sleep"]["frames"][0] == {"function": "clock_nanosleep", "file": "kernel", "line": 0, "native": True}
    assert threads["read"]["frames"][0] == {"function": "read", "file": "kernel", "line": 0, "native": True}


@pytest.mark.few_versions
@pytest.mark.parametrize("kind", ["symbols", "stripped", "separate"])
def test_names_come_from_what_there_is(python, libraries, kind):
    """What has no name is called by its place in the file, never after its neighbour."""
    library = libraries(kind)
    ways = [way for way in CHAINS if kind != "stripped" or way != "fault"]  # it has no frame of its own to be found by
    with chain_program(python, library, "--ways", ",".join(ways)) as program:
        threads = dump_chain(program, ways)
    for way in ways:
        check_chain(threads[way], library, kind, way)


def test_what_no_table_tells_is_no_other_function(python, libraries):
    library = libraries("stripped")
    with chain_program(python, library, "--ways", "fault") as program:
        thread = dump_chain(program, ["fault"])["fault"]
    names = [frame["function"] for frame in thread["frames"] if frame["file"] == "libchain.so"]
    places = [library.place(name) for name in ("chain_asleep", "chain_fault_handler", "chain_fault", "chain_leaf", "chain_middle")]
    assert names == [*places, "chain_outer"]


def test_all_is_more(any_python, libraries):
    """--native-all: the interpreter's own on the way, with the same others in the same order."""
    with chain_program(any_python, libraries("debug"), "--ways", "sleep,call") as program:
        brief = dump_chain(program, ["sleep", "call"])
        whole = dump_chain(program, ["sleep", "call"], "--native-all")
    for name in ("sleep", "call"):
        assert told(whole[name]) == told(brief[name]) == THREAD + CHAINS[name]
        assert len(whole[name]["frames"]) > len(brief[name]["frames"]) + 3
        left = iter(whole[name]["frames"])
        assert all(frame in left for frame in brief[name]["frames"])


@pytest.mark.parametrize("way", ["sleep", "spin", "signal", "call"])
def test_who_has_the_gil_in_c(python, libraries, way):
    library = libraries("debug")
    with chain_program(python, library, "--ways", way, "--gil", 1, "--round-s", 20) as program:
        thread = dump_chain(program, [way])[way]
    check_chain(thread, library, "debug", way)
    # While it computes, others may have its CPU.
    assert thread["activity"] in (("holds_gil", "holds_gil_off_cpu") if way == "spin" else ("holds_gil_off_cpu",))


def test_a_deep_stack_is_cut(any_python, libraries):
    """Only its inner end is copied: what is shown are calls that there are, inside of Python's frames."""
    with chain_program(any_python, libraries("debug"), "--ways", "deep", "--deep", 1000) as program:
        names = told(dump_chain(program, ["deep"])["deep"])
    python = THREAD + ["run_chain", "call"]
    inner = ["chain_leaf", *ASLEEP]
    assert names[:len(python)] == python
    assert names[-len(inner):] == inner
    deep = names[len(python):-len(inner)]
    assert set(deep) == {"chain_deep"} and 100 < len(deep) < 1000


@pytest.mark.few_versions
def test_a_stack_that_is_just_not_too_deep_is_whole(python, libraries):
    with chain_program(python, libraries("debug"), "--ways", "deep", "--deep", 100) as program:
        names = told(dump_chain(program, ["deep"])["deep"])
    chain = ["chain_outer", "chain_middle", "chain_inlined", *["chain_deep"] * 100, "chain_leaf", *ASLEEP]
    assert names == THREAD + ["run_chain", "call"] + chain


# --- recordings ------------------------------------------------------------------------------------------------------

def weight_of(stacks, condition=lambda frames: True):
    return sum(weight for frames, weight in stacks if condition(frames))


@pytest.mark.few_versions
def test_a_recording_has_the_chains(python, libraries):
    ways = ("sleep", "spin", "call")
    with chain_program(python, libraries("debug"), "--ways", ",".join(ways), "--round-s", 0.2) as program:
        stacks = record_folded(program.pid, "-n", "-i", "-t", seconds=1)
    for way in ways:
        own = [(frames, weight) for frames, weight in stacks if frames[0].startswith(way + " (")]
        exact = weight_of(own, lambda frames: told_of_folded(frames) == THREAD + CHAINS[way])
        assert exact > 0.7 * weight_of(own), own
        # Never anything else of libchain.so: what is not whole lacks all of it.
        other = [frames for frames, _ in own if told_of_folded(frames) != THREAD + CHAINS[way]]
        assert all(is_possible(told_of_folded(frames), way) for frames in other), other


def told_of_folded(frames):
    """As told()."""
    names = []
    for frame in frames[2:]:  # behind the thread and what it does
        if frame.endswith(("[libchain.so]", "[kernel]")):
            names.append(frame.rpartition(" [")[0])
        elif not frame.endswith("]"):
            names.append(frame.rpartition(" (")[0].rpartition(".")[2])
    while names and names[-1] == "now":
        names.pop()
    return names


def is_possible(names, way):
    """A part of the way down, between two rounds or without what is native; or what Python does there."""
    chain = THREAD + CHAINS[way]
    native = [name for name in names if name in INLINED or name.startswith("chain_")]
    expected = [name for name in chain if name in INLINED or name.startswith("chain_")]
    return native == expected[:len(native)]


# A C function that keeps the GIL, by any of the names that symbols or CPython's own tables give it.
HOGS = {
    "regex": ("_sre_SRE_Pattern_match", "_sre_SRE_Pattern_prefixmatch", "Pattern.match", "Pattern.prefixmatch"),
    "int": ("list___init__", "list_vectorcall", "list.tp_vectorcall", "list.__init__"),
    "json": ("encoder_call", "encoder_listencode", "Encoder.__call__", "[_json]"),
    "sort": ("builtin_sorted", "builtins.sorted", "list_sort", "list.sort"),
}


# Of the interpreter, between Python and what it calls; and what a linker puts where there is no function.
NO_FUNCTIONS = ("_Py_CallBuiltin", "_Py_VectorCall", "_PyCallMethodDescriptor", "_PyObject_Vectorcall", "_PyEval_EvalFrame",
                "_init [", "_fini [", "frame_dummy [", "__do_global")


def check_names(stacks):
    wrong = {frame for frames, _ in stacks for frame in frames if frame.startswith(NO_FUNCTIONS)}
    assert not wrong


def blamed_and_culprits(program, folder, seconds=1.2):
    """(blame as folded stacks, verdict.culprits) of one recording."""
    made = folder / "native.gilspy"
    done = record(program.pid, "-n", "-f", "gilspy", "-o", made, seconds=seconds)
    assert done.returncode == 0, done.stderr
    folded = gilspy("report", made, "--view", "blame", "-f", "folded", "-o", "-")
    report = gilspy("report", made, "-f", "json", "-o", "-")
    assert folded.returncode == 0 and report.returncode == 0, folded.stderr + report.stderr
    return parse_folded(folded.stdout), json.loads(report.stdout)["verdict"]["culprits"]


def check_blame(program, folder, function, names):
    """Who waits does so for `function`, mostly, and there for a native function of one of these names."""
    def place_of(frames):
        return next((at for at, frame in enumerate(frames) if frame.startswith(function)), None)

    def is_named(frames):
        at = place_of(frames)
        inside = [frame for frame in frames[at + 1:] if not frame.startswith("waiting: ")] if at is not None else []
        return any(name in frame for frame in inside for name in names)

    blamed, culprits = blamed_and_culprits(program, folder)
    check_names(blamed)
    by_hog = weight_of(blamed, lambda frames: place_of(frames) is not None)
    assert by_hog > 0.4 * weight_of(blamed), blamed
    # Who has no CPU to stop on keeps Python's frames alone: on a machine with much else to do that is often so.
    assert weight_of(blamed, is_named) > 0.3 * by_hog, blamed
    named = [culprit for culprit in culprits if any(name in (culprit["native"] or "") for name in names)]
    assert sum(culprit["share"] for culprit in named) > 0.2, culprits
    assert all(function in culprit["function"] or function in (culprit["caller"] or "") for culprit in named), culprits


@pytest.mark.every_build
@pytest.mark.parametrize("call", HOGS)
def test_a_hog_in_c_is_named(python, tmp_path, call):
    with Program(python.executable, "hogs.py", "--call", call) as program:
        check_blame(program, tmp_path, "hog_%s (" % call, HOGS[call])


def test_a_hog_that_sleeps_is_named(python, tmp_path):
    with Program(python.executable, "hog.py") as program:
        check_blame(program, tmp_path, "hog (", ("usleep [libc.so.6]", "[_ctypes]", "[libffi.so"))


def test_every_function_is_one(python):
    """Not the interpreter's way to them, and no linker's table of jumps, whose neighbour has a name."""
    with Program(python.executable, "spinners.py") as program:
        stacks = record_folded(program.pid, "-n", "-r", 1000, seconds=1)
    check_names(stacks)
    assert weight_of(stacks, lambda frames: frames[-1].endswith("]")) > 0.1 * weight_of(stacks)


def outside(stacks):
    """What runs without the GIL."""
    return [(frames, weight) for frames, weight in stacks if frames[0] == "runs without the GIL"]


def test_what_runs_without_the_gil_is_named(any_python):
    with Program(any_python.executable, "hashing.py") as program:
        stacks = outside(record_folded(program.pid, "-n", seconds=1))
    assert weight_of(stacks) > 0.3e6
    in_library = weight_of(stacks, lambda frames: any(module in frame for frame in frames
                                                      for module in ("[libcrypto", "[_hashlib", "[_sha2")))
    assert in_library > 0.3 * weight_of(stacks), stacks


def test_numpy_is_named(any_python):
    modules = os.path.join(cache_folder(), "packages", any_python.name)
    if not os.path.isdir(os.path.join(modules, "numpy")):
        pytest.skip("no numpy for CPython %s" % any_python.name)
    with Program(any_python.executable, "primes_numpy.py", environment={"PYTHONPATH": modules}) as program:
        stacks = outside(record_folded(program.pid, "-n", seconds=1.5))
    assert weight_of(stacks) > 0.3e6
    in_numpy = weight_of(stacks, lambda frames: any("[numpy/" in frame for frame in frames))
    assert in_numpy > 0.3 * weight_of(stacks), stacks


# --- nobody stays stopped --------------------------------------------------------------------------------------------

def states(pid):
    """{(state, tracer) of each thread}"""
    found = set()
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, tid), encoding="utf-8") as status:
            fields = dict(line.split(":", 1) for line in status)
        found.add((fields["State"].split()[0], int(fields["TracerPid"])))
    return found


def cpu_time(pid):
    return time.clock_gettime(~pid << 3 | 2)


def check_runs(pid):
    for _ in range(20):  # the kernel lets go of the threads of a tracer that was killed
        found = states(pid)
        if not any(state in "tT" or tracer for state, tracer in found):
            break
        time.sleep(0.05)
    assert not any(state in "tT" or tracer for state, tracer in found)
    before = cpu_time(pid)
    time.sleep(0.2)
    assert cpu_time(pid) > before + 0.02


@pytest.mark.few_versions
def test_nobody_stays_stopped(any_python):
    with Program(any_python.executable, "mixed.py") as program:
        for arguments in (("-r", "200"), ("-r", "max")):
            done = record(program.pid, "-n", *arguments, "-f", "folded", "-o", "-", seconds=0.5)
            assert done.returncode == 0, done.stderr
            check_runs(program.pid)
        for how in ("--native", "--native-all", "--native"):
            dump_native(program.pid, how)
            check_runs(program.pid)


@pytest.mark.few_versions
def test_a_killed_gilspy_leaves_it_running(any_python):
    with Program(any_python.executable, "mixed.py") as program:
        for delay_s in (0.3, 0.41, 0.53):
            recorder = subprocess.Popen([find_gilspy(), "record", "--pid", str(program.pid), "-n", "-r", "max", "-d", str(LONG_S),
                                         "-f", "folded", "-o", os.devnull], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay_s)
            assert recorder.poll() is None
            recorder.send_signal(signal.SIGKILL)
            recorder.wait()
            check_runs(program.pid)


@pytest.mark.few_versions
def test_a_stopped_process_has_its_stacks(python, libraries):
    library = libraries("debug")
    ways = ("sleep", "spin", "call")
    with chain_program(python, library, "--ways", ",".join(ways)) as program:
        dump_chain(program, ways)
        os.kill(program.pid, signal.SIGSTOP)
        time.sleep(0.1)
        threads = dump_chain(program, ways)
        assert states(program.pid) == {("T", 0)}  # it is as it was
        os.kill(program.pid, signal.SIGCONT)
        check_runs(program.pid)
    for way in ways:
        check_chain(threads[way], library, "debug", way)


@pytest.mark.parametrize("arguments", [
    ("record", "--native", "--nonblocking"), ("record", "--native-all", "--nonblocking"), ("record", "-n", "--async", "all"),
    ("record", "-n", "--async", "running"), ("dump", "--native", "--nonblocking"), ("dump", "--native-all", "--nonblocking")])
def test_what_does_not_go_together(arguments):
    done = gilspy(*arguments, "--pid", os.getpid())
    assert done.returncode == 64
    assert "take one" in done.stderr
