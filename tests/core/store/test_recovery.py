"""The store against a Python list: after any appends, seals, deaths and recoveries both hold the same rows."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from terranova.errors import RunError, RunMismatch
from terranova.store import Reader, Writer, recover, verify
from terranova.system import disk
from terranova.testing import Crash, Died
from terranova.testing.fake_points import fake_batch, fake_schema

pytestmark = pytest.mark.integration

SCHEMA = fake_schema(2, 1, 1)


class StoreMachine(RuleBasedStateMachine):
    """Two writers of one run; `model` lists what each has had acknowledged."""

    def __init__(self):
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.directory = Path(self.scratch.name)
        self.writers: dict[int, Writer] = {}
        self.model: dict[int, list] = {0: [], 1: []}
        self.generation = self.index = 0

    @initialize(part_rows=st.integers(1, 40), keep=st.sampled_from(["all", "valid"]))
    def start(self, part_rows, keep):
        self.options = {"part_rows": part_rows, "keep": keep}

    def writer(self, number):
        if number not in self.writers:
            self.writers[number] = Writer(self.directory, SCHEMA, writer=number, **self.options)
        return self.writers[number]

    @rule(number=st.integers(0, 1), rows=st.integers(0, 30))
    def append(self, number, rows):
        batch = fake_batch(SCHEMA, rows, island=number, generation=self.generation)
        batch.index[:] = np.arange(self.index, self.index + rows)
        self.index += rows
        self.writer(number).append(batch)
        self.model[number].append(batch.take(batch.valid) if self.options["keep"] == "valid" else batch)
        self.generation += 1

    @rule(number=st.integers(0, 1))
    def sync(self, number):
        self.writer(number).sync()

    @rule(number=st.integers(0, 1))
    def seal(self, number):
        self.writer(number).seal()

    @rule(number=st.integers(0, 1))
    def close(self, number):
        self.writer(number).close()
        del self.writers[number]

    @rule(number=st.integers(0, 1), torn=st.binary(max_size=40))
    def die(self, number, torn):
        """Drop the writer as it is, perhaps with a frame begun."""
        writer = self.writers.pop(number, None)
        if writer is not None and writer._journal is not None:
            path = writer._journal.path
            writer._journal.close()
            with path.open("ab") as file:
                file.write(b"TNVr" + torn)

    @rule(number=st.integers(0, 1), rows=st.integers(1, 30), at=st.integers(1, 12), seal=st.booleans())
    def crash(self, number, rows, at, seal):
        """Die at an operation of an append or of a seal; what was not acknowledged is stored whole or not."""
        batch = fake_batch(SCHEMA, rows, island=number, generation=self.generation)
        batch.index[:] = np.arange(self.index, self.index + rows)
        kept = batch.take(batch.valid) if self.options["keep"] == "valid" else batch
        self.index += rows
        self.generation += 1
        writer = self.writer(number)
        try:
            with Crash(at=at):
                writer.append(batch)
                self.model[number].append(kept)
                if seal:
                    writer.seal()
            return
        except Died:
            self.writers.pop(number)
            if writer._journal is not None:
                writer._journal.close()
        if (not self.model[number] or self.model[number][-1] is not kept) and len(kept):
            stored = self.stored(kept)
            assert stored in (0, len(kept)), "never a batch in part"
            if stored:
                self.model[number].append(kept)

    def stored(self, batch):
        if not any((self.directory / "points").glob("[jp]*")):
            return 0
        try:
            generations = Reader(self.directory).table(["generation"])["generation"].to_pylist()
        except RunError:  # died before the first row
            return 0
        return generations.count(int(batch.generation[0]))

    @rule()
    def recover_all(self):
        if not self.writers:
            recover(self.directory, SCHEMA)
            assert not list(self.directory.glob("points/*.log"))

    @invariant()
    def holds_what_the_list_holds(self):
        expected = [batch for batches in self.model.values() for batch in batches if len(batch)]
        reader = Reader(self.directory)
        if not expected:
            return
        assert reader.count() == sum(map(len, expected))
        table = reader.table(["island", "generation", "index", "p1", "C_c0"])
        table = table.sort_by([("island", "ascending"), ("index", "ascending")])
        for name, values in (
            ("generation", [batch.generation for batch in expected]),
            ("index", [batch.index for batch in expected]),
            ("p1", [batch.x[:, 1] for batch in expected]),
            ("C_c0", [batch.violations[:, 0] for batch in expected]),
        ):
            np.testing.assert_array_equal(table[name], np.concatenate(values))

    def teardown(self):
        for writer in self.writers.values():
            writer.close()
        recover(self.directory)
        if (self.directory / "points").is_dir():
            kinds = {finding.kind for finding in verify(self.directory).findings}
            assert kinds <= {"manifest"}, "there is none, so that gaps are no damage; all else is whole"
            left = {path.suffix for path in self.directory.rglob("*") if path.is_file()}
            assert left <= {".parquet", ".json"}
        self.scratch.cleanup()


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(disk, "fsync", lambda fd: None)


StoreMachine.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestStore = pytest.mark.usefixtures("no_waiting_for_the_disk")(StoreMachine.TestCase)


def test_rows_of_another_scan_are_not_mixed_in(tmp_path):
    writer = Writer(tmp_path, SCHEMA, writer=4)
    writer.append(fake_batch(SCHEMA, 3))
    writer._journal.close()  # dies
    with pytest.raises(RunMismatch, match="other columns"):
        recover(tmp_path, fake_schema(5))
    assert recover(tmp_path, SCHEMA).rows == 3
