"""A time of day that jumps, as a library loaded before all others makes it for a process and all that it starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.scan_processes import PATIENCE, Lab

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

/* Every other look at the time of day shows an hour earlier, and all of them a time before 1980. */
static int calls = 0;
static long long first = 0;
static int (*real)(clockid_t, struct timespec *) = 0;

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    if (clock == CLOCK_REALTIME && !code) {
        if (!first) first = now->tv_sec;
        now->tv_sec = 300000000 + (now->tv_sec - first) - 3600 * (++calls % 2);
    }
    return code;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    now->tv_sec = t.tv_sec;
    now->tv_usec = t.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (now) *now = t.tv_sec;
    return t.tv_sec;
}
"""
COMPILER = shutil.which("cc") or shutil.which("gcc")


def let_clocks_jump(lab: Lab) -> None:
    """Make the clocks jump of all that a laboratory starts."""
    if COMPILER is None:
        pytest.skip("no C compiler on this machine")
    source, library = lab.folder / "clock.c", lab.folder / "clock.so"
    source.write_text(CLOCK)
    subprocess.run([COMPILER, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=PATIENCE)
    lab.environment["LD_PRELOAD"] = str(library)


@pytest.fixture
def jumping(tmp_path: Path) -> Lab:
    """Scans whose time of day jumps."""
    lab = Lab(tmp_path)
    let_clocks_jump(lab)
    return lab
