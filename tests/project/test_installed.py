"""The wheel, and plugins of strangers installed with pip beside it, as a user would have them.

All tests that need the wheel stand in this file: processes that share out the tests take whole files, so that it
is built once.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from support.installation import Environment, run

from terranova.errors import ConfigError

STRANGER_SCAN = """\
model: annulus
constraints: [annulus-limits]
sampler: {name: darts, handful: 50, islands: 2}
budget: {evaluations: 1000}
seed: 3
output: run
"""

VALID = "import terranova, sys; run = terranova.open(sys.argv[1]); print(run.count, run.valid_count)"


def counts(environment: Environment, run_directory: Path) -> tuple[int, int]:
    """Points stored and points valid in a run, as the installed package reads them."""
    stored, valid = environment.run("-c", VALID, str(run_directory)).split()
    return int(stored), int(valid)


def test_the_wheel_has_every_file_once(wheel: Path, package_files: set[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(package_files - set(packed)) == [], "missing from the wheel: add them to package-data"
    assert sorted(set(packed) - package_files) == [], "only in the wheel"
    assert len(packed) == len(set(packed))


@pytest.mark.slow
def test_the_sdist_makes_the_same_wheel(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    # Without --wheel, the wheel is built from the unpacked sdist.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(unpacked)]
    run(command, cwd=unpacked)
    (again,) = tmp_path.glob("*.whl")
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert {i.filename: i.CRC for i in second.infolist()} == {i.filename: i.CRC for i in first.infolist()}
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert not [member.name for member in archive if member.issym() or member.islnk()]
        below = {member.name.partition("/")[2] for member in archive if member.isfile()}
    doubled = {name.partition("/")[0] for name in below} & {"core", "plugins", "models", "constraints"}
    assert not doubled, "packed a second time: prune them in MANIFEST.in"
    assert {"LICENSE", "CHANGELOG.md", "CITATION.cff"} <= below


def test_the_command_says_the_version_of_the_wheel(environment: Environment, wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    assert environment.terranova("--version").stdout.split() == ["terranova", version]
    assert environment.run("-c", "import terranova; print(terranova.__version__)").split() == [version]


def test_a_strangers_plugins_are_listed_with_their_origin(environment: Environment) -> None:
    lines = environment.terranova("plugins").stdout.splitlines()
    for kind, name in (("model", "annulus"), ("sampler", "darts"), ("constraints", "annulus-limits")):
        (line,) = [line for line in lines if line.split()[:2] == [kind, name]]
        assert "terranova-stranger 0.3" in line
    assert not [line for line in lines if line.startswith(("broken", "conflict"))]


def test_a_strangers_model_is_scanned_with_a_strangers_sampler(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "scan.yaml").write_text(STRANGER_SCAN, encoding="utf-8")
    environment.terranova("scan", "scan.yaml", "--quiet", cwd=tmp_path)
    stored, valid = counts(environment, tmp_path / "run")
    assert stored == 1000
    # The ring fills 3 π / 36 = 26 % of the square.
    assert 200 < valid < 325


COUNTING = """\
model: annulus
constraints:
  - annulus-limits
  - {name: events, observable: r2, kind: poisson, n: 7, b: 4.5, sigma_b: 0.5, source: "counted for this test"}
"""


@pytest.mark.slow
def test_a_strangers_kind_of_constraint_works_in_scans_fits_and_comparisons(
    environment: Environment, tmp_path: Path
) -> None:
    """Of all signals within the ring, 7 events over 4.5 like 2.5 best, where r2 = 2.5 and chi2 = 0."""
    (tmp_path / "scan.yaml").write_text(
        f"{COUNTING}sampler: random\nbudget: {{evaluations: 1000}}\noutput: run\n", encoding="utf-8"
    )
    environment.terranova("scan", "scan.yaml", "--quiet", cwd=tmp_path)
    look = "import terranova; print(terranova.open('run').sql('SELECT max(C_events), max(loglike) FROM points'))"
    assert "C_events" in environment.run("-c", look, cwd=tmp_path)
    (tmp_path / "fit.yaml").write_text(
        f"{COUNTING}scans: [run]\nbest: {{starts: 2, generations: 50}}\noutput: fit\n", encoding="utf-8"
    )
    environment.terranova("fit", "fit.yaml", "--quiet", cwd=tmp_path)
    best = "import terranova; fit = terranova.open_fit('fit'); print(fit.best['r2'], fit.chi2)"
    r2, chi2 = map(float, environment.run("-c", best, cwd=tmp_path).split())
    assert r2 == pytest.approx(2.5, abs=0.05)
    assert chi2 == pytest.approx(0.0, abs=1e-3)
    problem = "\n".join(f"    {line}" for line in COUNTING.splitlines()).replace("    model", "  - model", 1)
    (tmp_path / "compare.yaml").write_text(
        f"samplers: [random, darts]\nproblems:\n{problem}\nbudget: {{evaluations: 200}}\nseeds: 2\n",
        encoding="utf-8",
    )
    environment.terranova("compare", "compare.yaml", "--output", "comparison", "--quiet", cwd=tmp_path)
    assert "darts" in (tmp_path / "comparison" / "summary.csv").read_text(encoding="utf-8")


@pytest.mark.slow
def test_mistakes_in_a_strangers_kind_are_reported_like_those_in_any_other(
    environment: Environment, tmp_path: Path
) -> None:
    wrong = COUNTING.replace("n: 7, b: 4.5", "n: 7.5, b: 0.1").replace("kind: poisson", "kind: poison")
    scan = "sampler: random\nbudget: {evaluations: 10}\noutput: run\n"
    (tmp_path / "kind.yaml").write_text(wrong + scan, encoding="utf-8")
    done = environment.terranova("scan", "kind.yaml", cwd=tmp_path, ok=False)
    assert done.returncode == 2
    assert "(did you mean 'poisson'?)" in done.stderr
    (tmp_path / "keys.yaml").write_text(COUNTING.replace("n: 7,", "n: 7.5,") + scan, encoding="utf-8")
    done = environment.terranova("scan", "keys.yaml", cwd=tmp_path, ok=False)
    assert "keys.yaml:4:54: constraints[1].n: expected a whole number, got 7.5" in done.stderr
    (tmp_path / "sense.yaml").write_text(COUNTING.replace("b: 4.5", "b: 0.1") + scan, encoding="utf-8")
    done = environment.terranova("scan", "sense.yaml", cwd=tmp_path, ok=False)
    assert "constraints[1].sigma_b: larger than the background itself" in done.stderr


def test_a_strangers_kind_is_listed_with_its_keys(environment: Environment) -> None:
    shown = environment.terranova("plugins", "poisson").stdout
    assert "constraint-kind" in shown
    for key in ("sigma_b", "max_chi2", "observables"):
        assert key in shown


def test_a_strangers_sampler_can_be_checked_against_the_rules(environment: Environment) -> None:
    environment.run("-c", "from terranova.testing import check_sampler; check_sampler('darts', points=200)")


@pytest.mark.slow
def test_a_generated_package_scans_as_it_stands(environment: Environment, tmp_path: Path) -> None:
    project = environment.folder / "src" / "my-singlet"
    environment.terranova("scan", str(project / "scan.yaml"), "--quiet", cwd=tmp_path)
    stored, valid = counts(environment, tmp_path / "runs" / "my-singlet")
    assert stored == 20_000
    assert valid > 1000


def test_a_generated_packages_own_tests_pass(environment: Environment) -> None:
    project = environment.folder / "src" / "my-singlet"
    assert "5 passed" in environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)


@pytest.fixture(scope="module")
def damage(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with two more plugins, which spoil every environment that has it on its PYTHONPATH."""
    folder = tmp_path_factory.mktemp("damage")
    for name in ("broken", "namesake"):
        source = Path(__file__).parents[1] / "third_party" / name
        environment.install(shutil.copytree(source, folder / "src" / name), "--target", str(folder / "lib"))
    return str(folder / "lib")


def test_a_broken_plugin_is_listed_and_breaks_nothing(
    environment: Environment, damage: str, tmp_path: Path
) -> None:
    done = environment.terranova("plugins", PYTHONPATH=damage)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("broken")]
    assert "terranova-broken 0.3: broken" in line
    assert "a_package_that_nobody_has" in line
    assert "Traceback" in environment.terranova("plugins", "--debug", PYTHONPATH=damage).stdout
    scan = "model: my-singlet\nconstraints: [my-singlet-limits]\nsampler: random\nbudget: {evaluations: 100}\n"
    (tmp_path / "scan.yaml").write_text(f"{scan}output: run\n", encoding="utf-8")
    environment.terranova("scan", "scan.yaml", "--quiet", cwd=tmp_path, PYTHONPATH=damage)
    assert counts(environment, tmp_path / "run")[0] == 100


def test_two_models_of_one_name_are_a_conflict_that_names_both(
    environment: Environment, damage: str, tmp_path: Path
) -> None:
    listed = environment.terranova("plugins", PYTHONPATH=damage).stdout
    (line,) = [line for line in listed.splitlines() if line.startswith("conflict")]
    assert "terranova-stranger 0.3" in line
    assert "terranova-namesake 0.3" in line
    (tmp_path / "scan.yaml").write_text(STRANGER_SCAN, encoding="utf-8")
    done = environment.terranova("scan", "scan.yaml", cwd=tmp_path, ok=False, PYTHONPATH=damage)
    assert done.returncode == ConfigError.exit_code
    assert "annulus" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
