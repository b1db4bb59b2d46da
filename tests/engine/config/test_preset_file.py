"""Files that hold no preset: one sentence says what they are, or where their TOML breaks."""

import pytest
from config_texts import CLASSIFIER as TEXT
from config_texts import parse, problems

from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset

TABLE = "sex,age,weight\nf,31,57.5\nm,40,81.0\nm,22,77.5\n"
POINTS = 'A table of up to 1,000 rows can be written into a preset: [data] name = "points", inputs = '
A_PRESET = "a preset is a TOML file, as `gradstep presets linear-1-layer` prints one"


@pytest.mark.parametrize(
    ("old", "new"), [("[run]", "[run"), ('"A preset"', '"A preset'), ("batch = 32", "batch = = 32")]
)
def test_broken_toml_names_the_line(old, new):
    (found,) = problems(TEXT.replace(old, new))
    assert "TOML" in found
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    assert f"line {line}," in found


def test_a_key_given_twice():
    (found,) = problems(TEXT.replace("batch = 32", "batch = 32\nbatch = 33"))
    assert "TOML" in found


def load_error(which):
    with pytest.raises(ConfigError) as caught:
        load_preset(which)
    return str(caught.value)


def test_errors_name_the_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace("batch", "bach"), "utf-8")
    assert load_error(file).startswith(f"{file}: train.bach: ")


def test_a_file_that_is_not_there(tmp_path):
    assert str(tmp_path / "no.toml") in load_error(tmp_path / "no.toml")
    assert "no such" in load_error("no.toml")


def test_a_preset_name_misspelt():
    text = load_error("linear-1-layr")
    assert "linear-1-layr" in text
    assert "did you mean 'linear-1-layer'?" in text


def test_a_folder(tmp_path):
    text = load_error(tmp_path)
    assert str(tmp_path) in text
    assert text == f"{tmp_path}: a directory is no preset: {A_PRESET}"


def test_a_file_that_is_not_utf8(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(TEXT.replace("A preset", "Größe").encode("latin-1"))
    text = load_error(file)
    assert str(file) in text
    assert "UTF-8" in text


def test_a_binary_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(bytes(range(256)) * 10)
    assert str(file) in load_error(file)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("heights.csv", TABLE.encode(), f"a data file is no preset. {POINTS}"),
        ("heights.CSV", TABLE.encode(), f"a data file is no preset. {POINTS}"),
        ("heights.tsv", TABLE.replace(",", "\t").encode(), f"a data file is no preset. {POINTS}"),
        ("heights", TABLE.encode(), f"a data file is no preset. {POINTS}"),
        ("heights.toml", TABLE.replace(",", ";").encode(), f"a data file is no preset. {POINTS}"),
        ("x.npz", b"PK\x03\x04" + bytes(99), "a data file is no preset"),
        ("x.npy", b"\x93NUMPY\x01\x00" + bytes(99), "a data file is no preset"),
        ("x", b"\x93NUMPY\x01\x00" + bytes(99), "a data file is no preset"),
        ("x.parquet", b"PAR1" + bytes(range(256)), "a data file is no preset"),
        ("big.csv", TABLE.encode() * 50_000, "a data file is no preset"),
        ("x.json", b'{"data": {"name": "digits"}}', f"JSON is no preset: {A_PRESET}"),
        ("x", b'{\n"data": 3}', f"JSON is no preset: {A_PRESET}"),
        ("mine.py", b"lr = 0.1\n", "Python is no preset, and gradstep runs no file of Python"),
        ("x.toml", TEXT.encode("utf-16"), "UTF-16 text: a preset is a TOML file"),
        ("x.toml", TEXT.encode("utf-16-le"), "it has NUL characters, as binary files and UTF-16 text have"),
        ("x.toml", TEXT.replace("A preset", "Größe").encode("latin-1"), "line 2 is not UTF-8 text"),
        ("x.toml", bytes(range(256)) * 10, "a binary file, not UTF-8 text: a preset is a TOML file"),
        ("x.toml", b"", "it is empty; a preset needs data, network, train, title"),
        ("x.toml", b"\n# nothing yet\n", "it is empty; a preset needs data, network, train, title"),
    ],
)
def test_another_kind_of_file_is_one_sentence(tmp_path, name, content, says):
    file = tmp_path / name
    file.write_bytes(content)
    text = load_error(file)
    assert text.startswith(f"{file}: {says}")
    assert "no valid TOML" not in text
    assert len(text.splitlines()) == 1


def test_the_suggested_points_table_is_a_preset(tmp_path):
    """The lines of TOML in the sentence, with a network, are a preset."""
    (tmp_path / "x.csv").write_text(TABLE)
    lines = load_error(tmp_path / "x.csv").partition("[data] ")[2]
    data = lines.replace(", inputs", "\ninputs").replace(", labels", "\nlabels")
    rest = TEXT.partition("[network]")
    text = f'title = "Points"\n[data]\n{data}\n[network]{rest[2]}'
    assert parse(text.replace("{ units = 10 }", "{ units = 2 }")).data.width == 2


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "mine.toml"
    file.write_text(TEXT)
    monkeypatch.setattr("pathlib.Path.open", refuse)  # root may read any file
    assert load_error(file) == f"{file}: cannot be read: Permission denied"


def test_a_huge_file(tmp_path):
    file = tmp_path / "mine.toml"
    with file.open("wb") as out:
        out.truncate(3_000_000_000)  # sparse: it must not be read
    text = load_error(file)
    assert str(file) in text
    assert "larger than 1,000,000 bytes" in text


@pytest.mark.parametrize("which", ["", ".", "x" * 300, "a\0b", "a/b/c" * 1000, "💥"], ids=range(6))
def test_impossible_file_names(which):
    load_error(which)
