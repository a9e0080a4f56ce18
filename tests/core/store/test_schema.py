"""The columns of a run: names, types, metadata, and their way through JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.store import Field, Schema
from terranova.testing.fake_points import fake_schema

SCHEMA = fake_schema()


def test_a_schema_survives_json():
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA
    json.loads(SCHEMA.to_json())


@pytest.mark.parametrize(
    "fields",
    [
        ([Field("mh")], [Field("mh")], []),
        ([Field("mh")], [Field("mH")], []),
        ([Field("valid")], [], []),
        ([], [Field("C_x")], [Field("x")]),
    ],
)
def test_two_columns_of_one_name_are_refused(fields):
    with pytest.raises(ValueError, match="two columns of the same name"):
        Schema(*fields)


def test_names_come_in_the_order_of_the_table():
    schema = Schema([Field("m")], [Field("width")], [Field("bound")])
    assert schema.names[schema.bookkeeping :] == ["m", "width", "C_bound"]
    assert schema.arrow.names == schema.names
    assert schema.arrow.field("m").metadata[b"kind"] == b"parameter"


def test_a_run_from_before_there_were_probes_has_no_such_column():
    words = SCHEMA.to_dict()
    del words["probe"]
    old = Schema.from_dict(words)
    assert "probe" not in old.names
    assert old.bookkeeping == SCHEMA.bookkeeping - 1
    assert old != SCHEMA


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(st.builds(Field, st.text("abcdef", min_size=1), TEXT, TEXT, TEXT, TEXT), max_size=4))
def test_any_words_survive_json_and_arrow(fields):
    fields = [replace(field, name=f"{field.name}_{i}") for i, field in enumerate(fields)]
    schema = Schema(fields, [], [])
    assert Schema.from_json(schema.to_json()) == schema
    for field in fields:
        metadata = {key.decode(): text.decode() for key, text in schema.arrow.field(field.name).metadata.items()}
        assert metadata.pop("kind") == "parameter"
        assert Field(field.name, **metadata) == field
