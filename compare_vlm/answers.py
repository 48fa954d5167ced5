"""Ranked answers of a vision-language model among the catalogue's names."""

import copy
import re

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from compare_vlm.models import Vlm, with_answers

IMPOSSIBLE = -1e8  # beams that search fills up with have less
AT_ONCE = 256  # names scored in one batch


class NameTrie:
    """The catalogue's names as a tree of tokens; each ends with the end token, since one name may begin another."""

    def __init__(self, vlm: Vlm, names: list[str]) -> None:
        self.end = vlm.end
        self.sequences = [tuple(vlm.tokens(name)) for name in names]
        self.number = {tokens: index for index, tokens in enumerate(self.sequences)}
        if len(self.number) < len(names):
            raise ValueError("Two names have the same tokens.")
        self.longest = max(map(len, self.sequences))
        self._next: dict[tuple[int, ...], set[int]] = {}
        for tokens in self.sequences:
            for length in range(len(tokens)):
                self._next.setdefault(tokens[:length], set()).add(tokens[length])

    def allowed(self, begun: list[int]) -> list[int]:
        """Tokens that go on with a name; after its end only more of it, since search asks there too."""
        return sorted(self._next.get(tuple(begun), (self.end,)))


@torch.inference_mode()
def beam_answers(vlm: Vlm, trie: NameTrie, pictures: list[Image.Image], top: int) -> list[list[tuple[int, float]]]:
    """The best names by constrained beam search: for each picture (number, log-likelihood), the best first.

    Without length penalty a beam's score is the log-likelihood of its name.
    """
    inputs = vlm.prompt(pictures)
    length = inputs["input_ids"].shape[1]
    beams = max(2, min(vlm.row.beams, len(trie.sequences)))
    found = vlm.model.generate(
        **inputs,
        num_beams=beams,
        num_return_sequences=beams,
        do_sample=False,
        length_penalty=0.0,
        early_stopping=False,
        max_new_tokens=trie.longest,
        prefix_allowed_tokens_fn=lambda _, ids: trie.allowed(ids[length:].tolist()),
        return_dict_in_generate=True,
        output_scores=True,
        pad_token_id=trie.end,
    )
    answers: list[list[tuple[int, float]]] = [[] for _ in pictures]
    scores = found.sequences_scores.tolist()
    for position, (tokens, score) in enumerate(zip(found.sequences[:, length:].tolist(), scores, strict=True)):
        name = trie.number.get(tuple(tokens[: tokens.index(trie.end) + 1]) if trie.end in tokens else ())
        row = answers[position // beams]
        if name is not None and score > IMPOSSIBLE and name not in {number for number, _ in row}:
            row.append((name, score))
    return [sorted(row, key=lambda answer: -answer[1])[:top] for row in answers]


@torch.inference_mode()
def exact_scores(vlm: Vlm, trie: NameTrie, picture: Image.Image) -> Tensor:
    """Log-likelihood of every name, (names,) float32. The prompt is read once and its cache shared."""
    inputs = vlm.prompt([picture])
    read = vlm.model(**inputs, use_cache=True, logits_to_keep=1)
    first = read.logits[:, -1:].float().log_softmax(-1)
    longest = trie.longest
    padded = torch.tensor([[*tokens, *[trie.end] * (longest - len(tokens))] for tokens in trie.sequences])
    lengths = torch.tensor([len(tokens) for tokens in trie.sequences])
    parts = []
    for start in range(0, len(padded), AT_ONCE):
        tokens = padded[start : start + AT_ONCE].to(vlm.model.device)
        count = len(tokens)
        cache = copy.deepcopy(read.past_key_values)
        cache.batch_repeat_interleave(count)
        step = {
            "input_ids": tokens[:, :-1],
            "attention_mask": pad(inputs["attention_mask"], (0, longest - 1), value=1).repeat(count, 1),
        }
        if "cross_attention_mask" in inputs:
            last = inputs["cross_attention_mask"][:, -1:]
            step["cross_attention_mask"] = last.repeat(count, longest - 1, 1, 1)
        logits = vlm.model(**step, past_key_values=cache, use_cache=True).logits.float().log_softmax(-1)
        every = torch.cat([first.repeat(count, 1, 1), logits], 1).gather(2, tokens[:, :, None])[:, :, 0]
        within = torch.arange(longest)[None] < lengths[start : start + AT_ONCE, None]
        parts.append((every * within.to(every)).sum(1))
    return torch.cat(parts).cpu()


@torch.inference_mode()
def whole_scores(vlm: Vlm, trie: NameTrie, picture: Image.Image) -> Tensor:
    """The same by reading prompt and name anew for every name: slow, to check `exact_scores` by."""
    scores = []
    for tokens in trie.sequences:
        answer = torch.tensor([tokens], device=vlm.model.device)
        logits = vlm.model(**with_answers(vlm.prompt([picture]), answer)).logits[:, -len(tokens) - 1 : -1]
        scores.append(logits.float().log_softmax(-1).gather(2, answer[:, :, None]).sum().item())
    return torch.tensor(scores)


@torch.inference_mode()
def free_answers(vlm: Vlm, pictures: list[Image.Image], longest: int = 24) -> list[str]:
    """What the model says when nothing holds it to the catalogue."""
    inputs = vlm.prompt(pictures)
    ids = vlm.model.generate(**inputs, do_sample=False, max_new_tokens=longest, pad_token_id=vlm.end)
    return vlm.processor.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def parse(said: str, names: list[str]) -> int | None:
    """The longest catalogue name that a free answer holds as whole words, the first of several; None without one."""
    words = _plain(said)
    found = [(words.find(f" {_plain(name).strip()} "), number) for number, name in enumerate(names)]
    found = [(-len(names[number]), place, number) for place, number in found if place >= 0]
    return min(found)[2] if found else None


def _plain(text: str) -> str:
    return " " + " ".join(re.findall(r"[^\W_]+", text.casefold())) + " "
