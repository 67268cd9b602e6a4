"""`refilld answers`: a file that can be changed and configured."""

from pathlib import Path

from refilld.answers.sentences import SENTENCES
from refilld.answers.texts import load_texts, shipped_texts
from tests.refilld.cli_world import CliWorld


def test_the_printed_sentences_are_a_complete_file_of_texts(cli: CliWorld, tmp_path: Path) -> None:
    printed = cli.run("answers", "--language", "ru").stdout
    path = tmp_path / "texts.toml"
    path.write_text(printed.replace("[ru]", "[uk]"), encoding="utf-8")
    texts = load_texts("uk", path)
    assert texts.faults == ()
    assert all(texts.of().text(key) == shipped_texts().of("ru").text(key) for key in SENTENCES)


def test_an_unknown_language_is_refused_with_those_that_there_are(cli: CliWorld) -> None:
    answer = cli.main("answers", "--language", "xx")
    assert answer.returncode == 2
    assert "there is no language 'xx'; there are: en, de, es, pt, ru, tr" in answer.stderr
