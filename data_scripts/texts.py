"""Texts to draw: words of many languages, random strings, whole lines; no word is shared between splits."""

import string
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import islice

import numpy as np
from wordfreq import top_n_list  # word lists of forty languages inside the wheel: no download, permissive code

LANGUAGES = ("en", "en", "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "ca", "id", "fil", "is")
WORDS_PER_LANGUAGE = 12_000
LETTERS = string.ascii_letters
PUNCTUATION = "!?&.,:;'\"()-/@#%*+$€£–—’“”"
DRAWABLE = frozenset(
    string.digits + LETTERS + PUNCTUATION + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïñòóôõöøùúûüýþÿœŒ¿¡«»"
)
SPLIT_SHARES = {"train": range(0, 80), "validation": range(80, 87), "test": range(87, 94), "references": range(94, 100)}


def split_of(word: str) -> str:
    """The split that a string belongs to, by its letters without case: "Word" and "WORD" never part."""
    bucket = zlib.crc32(word.casefold().encode()) % 100
    return next(split for split, share in SPLIT_SHARES.items() if bucket in share)


@cache
def words_of(split: str) -> tuple[tuple[str, ...], ...]:
    """For each of `LANGUAGES`, the words of a split that `DRAWABLE` can spell."""
    lists = {}
    for language in set(LANGUAGES):
        words = top_n_list(language, WORDS_PER_LANGUAGE)
        lists[language] = tuple(w for w in words if split_of(w) == split and DRAWABLE.issuperset(w) and len(w) > 1)
    return tuple(lists[language] for language in LANGUAGES)


def random_letters(rng: np.random.Generator, split: str, alphabet: str, low: int, high: int) -> str:
    """A random string of `low` to `high` characters that belongs to `split`."""
    while True:
        text = "".join(rng.choice(list(alphabet), rng.integers(low, high + 1)))
        if split_of(text) == split:
            return text


def _words(rng: np.random.Generator, split: str, count: int) -> list[str]:
    language = words_of(split)[rng.integers(len(LANGUAGES))]
    # the most frequent words more often, as in real text
    return [language[int(len(language) * rng.random() ** 1.5)] for _ in range(count)]


def _cased(rng: np.random.Generator, text: str) -> str:
    draw = rng.random()
    if draw < 0.35:
        return text
    if draw < 0.65:
        return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
    if draw < 0.92:
        return text.upper()
    return "".join(c.upper() if rng.random() < 0.5 else c for c in text)


def drawable_words(rng: np.random.Generator, split: str, charset: frozenset[str], case=str) -> Iterator[str]:
    """Endless words of one language of which the face lacks no character, each passed through `case`."""
    language = words_of(split)[rng.integers(len(LANGUAGES))]
    known = [word for word in map(case, language) if charset.issuperset(word)]
    while known:
        yield known[int(len(known) * rng.random() ** 1.5)]
    raise ValueError("The face can spell no word of this language.")


def running_text(rng: np.random.Generator, split: str, charset: frozenset[str]) -> Iterator[str]:
    """Endless words of running text: sentences of 4-12 words, capital first, some commas, a full stop."""
    words = drawable_words(rng, split, charset)
    comma, stop = (mark if mark in charset else "" for mark in ",.")
    while True:
        count = int(rng.integers(4, 13))
        for number, word in enumerate(islice(words, count)):
            capital = word[:1].upper() + word[1:]
            word = capital if number == 0 and charset.issuperset(capital) else word
            yield word + (stop if number == count - 1 else comma if rng.random() < 0.1 else "")


def random_text(rng: np.random.Generator, split: str) -> str:
    """One line of text: 45 % words, 30 % random letters, 10 % digits and punctuation, 15 % whole lines."""
    draw = rng.random()
    if draw < 0.45:
        text = _cased(rng, " ".join(_words(rng, split, int(rng.integers(1, 5)))))
        return text + (rng.choice(list(PUNCTUATION)) if rng.random() < 0.1 else "")
    if draw < 0.75:
        alphabet = (LETTERS, LETTERS, LETTERS, string.ascii_lowercase, string.ascii_uppercase)[rng.integers(5)]
        return random_letters(rng, split, alphabet, 3, 14)
    if draw < 0.78:
        return random_letters(rng, split, LETTERS, 1, 2)
    if draw < 0.85:
        return random_letters(rng, split, string.digits + LETTERS + PUNCTUATION, 2, 12)
    sentence = " ".join(_words(rng, split, int(rng.integers(5, 10))))
    return _cased(rng, sentence) if rng.random() < 0.3 else sentence[:1].upper() + sentence[1:] + "."


def keep_drawable(text: str, charset: frozenset[str]) -> str:
    """`text` without the characters that a face lacks, so that none enters a picture as a box."""
    kept = "".join(c for c in text if c == " " or c in charset)
    return " ".join(kept.split())
