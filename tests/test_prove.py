"""`autograder prove` believes no answer: it grades them."""

import pytest
from test_lesson import change

from autograder import cli


def _prove(capsys, lesson, *arguments):
    status = cli.main(["prove", str(lesson), *arguments])
    return status, capsys.readouterr()


def _answer(lesson_copy, text):
    path = lesson_copy.parent / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_answers_of_a_lesson_hold(capsys, tiny):
    status, printed = _prove(capsys, tiny)
    assert status == 0
    assert "forgets alpha" in printed.out and "3 of 3" in printed.out and "not attempted" in printed.out


@pytest.mark.slow
def test_a_wrong_answer_that_keeps_its_points_and_a_right_one_that_loses_some_are_reported(capsys, lesson_copy):
    file = _answer(
        lesson_copy,
        '# %% word_counts wrong="is right"\nfrom collections import Counter\n\n\ndef word_counts(text):\n'
        "    return dict(Counter(text.lower().split()))\n\n"
        '# %% scaled_update right="is wrong"\ndef scaled_update(A, B, alpha):\n    return B @ A\n',
    )
    status, printed = _prove(capsys, lesson_copy, "--answers", str(file))
    assert status == 1
    assert "keeps all its points" in printed.out and "loses points" in printed.out


@pytest.mark.slow
def test_a_test_that_is_passed_without_looking_is_reported(capsys, lesson_copy):
    change(lesson_copy, '"a  b": {"a": 1, "b": 1}', '"": {}')
    status, printed = _prove(capsys, lesson_copy)
    assert status == 1
    said = " ".join(printed.out.split())
    assert "every function returns an empty dict) earns points: test_word_counts_edges" in said


@pytest.mark.slow
def test_answers_cannot_disturb_one_another(capsys, lesson_copy):
    file = _answer(
        lesson_copy,
        '# %% word_counts wrong="poisons torch"\nimport builtins\nbuiltins.len = None\ndef word_counts(text):\n'
        '    return {}\n\n# %% scaled_update right="uses len"\ndef scaled_update(A, B, alpha):\n'
        "    return alpha / len(A) * (B @ A)\n",
    )
    status, _ = _prove(capsys, lesson_copy, "--answers", str(file))
    assert status == 0


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["lesson77_none"], "lesson77_none is no lesson"),
        (["lesson90_tiny", "--root", "tests/fixtures", "--answers", "no_such_file.py"], "does not exist"),
        (["lesson90_tiny", "--root", "tests/fixtures", "--adapter", "nowhere"], "nowhere is no folder"),
    ],
)
def test_mistakes_in_using_it_are_sentences(capsys, monkeypatch, root, arguments, sentence):
    monkeypatch.chdir(root)
    status, printed = _prove(capsys, *arguments)
    assert status == 2 and sentence in printed.err and "Traceback" not in printed.err


def test_init_does_not_overwrite(capsys, tmp_path, root):
    (tmp_path / "precious.txt").touch()
    assert cli.main(["init", str(tmp_path), "--root", str(root / "tests/fixtures")]) == 2
    assert "choose another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_init_keeps_the_seed_to_its_owner(tmp_path, root):
    assert cli.main(["init", str(tmp_path / "class"), "--root", str(root / "tests/fixtures")]) == 0
    seed = tmp_path / "class" / "secret_seed"
    assert seed.stat().st_mode & 0o777 == 0o600 and int(seed.read_text()) >= 0
    assert len((tmp_path / "class" / "nbgrader_config.py").read_text().splitlines()) == 2
