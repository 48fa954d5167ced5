"""Whose turn it is, who is told to come again, and which answers are remembered."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import gradio as gr
import pytest

import web.endpoints
from fontid.identifier import Answer
from tests.conftest import draw
from tests.test_faults import until
from web.filters import wanted
from web.limits import AT_HAND, DELETE_UPLOADS, LARGE, SMALL, USUAL
from web.remembered import Answers, question_of
from web.turns import Busy, Turns
from web.uploads import kind_of_work


@pytest.fixture
def crowd():
    with ThreadPoolExecutor(40) as pool:
        yield pool


def waits(event: Event) -> bool:
    return event.wait(10)


def begun(crowd, turns: Turns, end: Event, kind: str = "small", **more):
    """Whoever asked for a turn that lasts until `end`, and has it or waits for it."""
    there = turns.in_flight + turns.waiting
    asked = crowd.submit(turns.take, waits, end, kind=kind, **more)
    until(lambda: turns.in_flight + turns.waiting > there)
    return asked


def test_two_are_worked_on_at_a_time(crowd):
    turns, end = Turns(2, longest=10), Event()
    asked = [begun(crowd, turns, end) for _ in range(3)]
    assert turns.waiting == 1 and turns.in_flight == 2
    end.set()
    assert all(one.result(5) for one in asked) and turns.in_flight == turns.waiting == 0


def test_long_ones_delay_no_short_one_and_are_not_forgotten(crowd):
    turns, end, order = Turns(2, longest=10), Event(), []

    def long(name: str) -> None:
        order.append(name)
        end.wait(10)

    def ask(work, name: str, kind: str):
        asked = crowd.submit(turns.take, work, name, kind=kind)
        until(lambda: asked.done() or turns.in_flight + turns.waiting > 0)
        time.sleep(0.05)
        return asked

    pages = [ask(long, name, kind) for name, kind in (("first page", "large"), ("second page", "one of many"))]
    words = [ask(order.append, name, "picture") for name in "abc"]
    for word in words:
        word.result(2)
    assert order == ["first page", "a", "b", "c"] and turns.waiting == 1
    end.set()
    assert [page.result(5) for page in pages] == [None, None] and order[-1] == "second page"


def test_refusals_begin_where_waiting_would_pass_eight_seconds(crowd, monkeypatch):
    monkeypatch.setitem(USUAL, "small", 1.0)
    turns, end = Turns(2, longest=60, patience=8), Event()
    asked = [begun(crowd, turns, end) for _ in range(16)]  # two in their first second, 14 that begin within seven
    began = time.monotonic()
    with pytest.raises(Busy, match="Too many pictures .* try again"):
        turns.take(print, kind="small")
    assert time.monotonic() - began < 0.5 and turns.waiting == 14
    more = begun(crowd, turns, end, patience=60)
    end.set()
    assert all(one.result(5) for one in [*asked, more])
    assert turns.take(sum, [1, 2], kind="small") == 3


def test_who_was_let_in_is_told_in_time_where_the_others_take_longer_than_usual(crowd, monkeypatch):
    monkeypatch.setitem(USUAL, "small", 0.1)
    turns, end = Turns(1, longest=60, patience=0.6), Event()
    slow = begun(crowd, turns, end)
    began = time.monotonic()
    with pytest.raises(Busy, match="try again"):
        turns.take(print, kind="small")
    assert time.monotonic() - began < 1.5 and turns.waiting == 0
    end.set()
    assert slow.result(5)


def test_alone_a_picture_may_take_as_long_as_it_takes(monkeypatch):
    monkeypatch.setitem(USUAL, "large", 20.0)
    assert Turns(2, longest=60).take(sum, [1, 2], kind="large") == 3


def test_what_is_expected_follows_what_was_seen(crowd, monkeypatch):
    monkeypatch.setitem(USUAL, "small", 30.0)
    turns, end = Turns(1, longest=60), Event()
    for _ in range(80):
        turns.take(time.sleep, 0.001, kind="small")
    asked = [begun(crowd, turns, end) for _ in range(2)]
    end.set()
    assert all(one.result(5) for one in asked)


def test_how_long_others_wait_is_told_by_work_of_their_own_kind(crowd, monkeypatch):
    """A batch of words makes a page look no quicker: it is not let in where it would be answered too late."""
    monkeypatch.setitem(USUAL, "large", 5.0)
    turns, end = Turns(1, longest=60, patience=8), Event()
    for _ in range(40):
        turns.take(time.sleep, 0.001, kind="one of many", patience=60)
    first = begun(crowd, turns, end, "large")
    with pytest.raises(Busy):
        turns.take(print, kind="large")
    second = begun(crowd, turns, end)
    end.set()
    assert first.result(5) and second.result(5)


def test_large_pictures_and_documents_take_long(tmp_path):
    small, usual, large, document, other = (tmp_path / name for name in ("a.png", "e.png", "b.png", "c.pdf", "d.png"))
    draw("Signal", "pacifico").save(small)
    draw("Signal", "pacifico").resize((1000, SMALL // 1000)).save(usual)
    draw("Signal", "pacifico").resize((4000, LARGE // 4000)).save(large)
    document.write_bytes(b"%PDF-1.7\n")
    other.write_bytes(b"no picture")
    kinds = [kind_of_work(str(file)) for file in (small, usual, large, document, other, tmp_path / "gone.png")]
    assert kinds == ["small", "picture", "large", "large", "small", "small"]


def test_the_same_question_is_known_by_its_bytes_and_options(tmp_path):
    one, same, other = (tmp_path / name for name in "abc")
    one.write_bytes(b"picture")
    same.write_bytes(b"picture")
    other.write_bytes(b"another")

    def asked(file, top=5, **choices):
        return question_of(str(file), top, wanted(**choices))

    assert asked(one) == asked(same) and asked(one, weights=[400]) == asked(same, weights=["400"])
    assert (
        len({asked(one), asked(other), asked(one, top=4), asked(one, weights=[400]), asked(one, slope="italic")}) == 5
    )
    assert asked(one, categories=[]) == asked(one, slope="any")
    assert asked(tmp_path / "gone") != asked(tmp_path / "gone")


def test_answers_are_remembered_for_as_long_as_uploads_and_not_without_end(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    answers, answer = Answers(2, DELETE_UPLOADS[1]), Answer((), 0.5, ())
    assert answers.get("a") is None
    answers.keep("a", answer)
    now[0] += 200
    assert answers.get("a") is answer
    answers.keep("a", answer)  # being asked again makes it no younger
    answers.keep("b", answer)
    now[0] += 100
    assert answers.get("a") is None and answers.get("b") is answer
    for name in "cd":
        answers.keep(name, answer)
    assert len(answers) == 2 and answers.get("b") is None
    now[0] += 300
    answers.forget()  # as the sweeper does
    assert len(answers) == 0
    forgetful = Answers(0, 300)
    forgetful.keep("a", answer)
    assert forgetful.get("a") is None


def test_the_same_bytes_are_looked_at_once(tmp_path, monkeypatch, identifier):
    """By programs, and on the page with the same part of them."""
    looked = []

    class Counting:
        catalogue = identifier.catalogue

        def identify(self, picture, **how):
            looked.append(how["top"])
            return Answer((), 0.5, ())

    monkeypatch.setattr(web.endpoints, "ANSWERS", Answers(9, 300))
    with gr.Blocks() as page:
        web.endpoints.endpoints(Counting())
    (endpoint,) = [one for one in page.fns.values() if one.api_name == "identify"]
    identify = endpoint.fn
    assert (endpoint.concurrency_id, endpoint.concurrency_limit) == ("stage", AT_HAND)  # the lowest counts for all
    for name, pixels in (("one.png", 40), ("other.png", 41)):
        draw("Signal", "pacifico", pixels).save(tmp_path / name)
    (tmp_path / "same.png").write_bytes((tmp_path / "one.png").read_bytes())
    first = identify(str(tmp_path / "one.png"))
    assert identify(str(tmp_path / "same.png")) == first | {"image": "same.png"} and looked == [5]
    identify(str(tmp_path / "one.png"), 3)
    identify(str(tmp_path / "one.png"), weights=[700])
    identify(str(tmp_path / "other.png"))
    assert looked == [5, 3, 5, 5]
    identify(str(tmp_path / "one.png"), weights=[700])
    assert looked == [5, 3, 5, 5]
