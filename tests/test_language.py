"""Telling languages apart."""

from __future__ import annotations

import pytest

from verbosify.essay.language import guess_language, is_unspaced


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The sea is a bad listener.", "en"),
        ("", "en"),
        ("42!", "en"),
        ("Das ist nicht der Fall.", "de"),
        ("La casa de los abuelos no se vende.", "es"),
        ("Il ne faut pas que les enfants lisent.", "fr"),
        ("La casa non è della zia.", "it"),
        ("O livro não é do menino, que o leu.", "pt"),
        ("Het huis is van de buren, en niet van hem.", "nl"),
        ("Кто это?", "ru"),
        ("Πού πήγαν όλοι;", "el"),
        ("أين الكتاب؟", "ar"),
        ("कमरे में कोई नहीं था।", "hi"),
        ("机器不会做梦。", "zh"),
        ("彼は黙っていた。", "ja"),
    ],
)
def test_a_language_is_told_by_its_script_or_its_little_words(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_only_chinese_and_japanese_set_no_space_between_sentences() -> None:
    assert is_unspaced("机器不会做梦。")
    assert is_unspaced("彼は「AI」と言った。")
    assert not is_unspaced("문이 열려 있었다.")
    assert not is_unspaced("The word 夢 means dream.")
    assert not is_unspaced("。。")
