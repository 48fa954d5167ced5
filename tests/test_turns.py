"""Whose turn it is, who is told to come again, and which answers are remembered."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import gradio as gr
import pytest

import web.endpoints
import web.turns
from fontid.identifier import Answer
from tests.conftest import draw
from tests.test_faults import until
from web.filters import wanted
from web.limits import AT_HAND, DELETE_UPLOADS, LARGE
from web.remembered import Answers, question_of
from web.turns import Busy, Turns
from web.uploads import takes_long


@pytest.fixture
def crowd():
    with ThreadPoolExecutor(40) as pool:
        yield pool


def waits(event: Event) -> bool:
    return event.wait(10)


def test_two_are_worked_on_at_a_time(crowd):
    turns, end = Turns(2, longest=10), Event()
    asked = [crowd.submit(turns.take, waits, end) for _ in range(3)]
    until(lambda: turns.waiting == 1)
    assert turns.in_flight == 2
    end.set()
    assert all(one.result(5) for one in asked) and turns.in_flight == turns.waiting == 0


def test_long_ones_delay_no_short_one_and_are_not_forgotten(crowd):
    turns, end, order = Turns(2, longest=10), Event(), []

    def long(name: str) -> None:
        order.append(name)
        end.wait(10)

    def ask(work, name: str, is_long: bool):
        asked = crowd.submit(turns.take, work, name, is_long=is_long)
        until(lambda: asked.done() or turns.in_flight + turns.waiting > 0)
        time.sleep(0.05)
        return asked

    pages = [ask(long, name, True) for name in ("first page", "second page")]
    words = [ask(order.append, name, False) for name in "abc"]
    for word in words:
        word.result(2)
    assert order == ["first page", "a", "b", "c"] and turns.waiting == 1
    end.set()
    assert [page.result(5) for page in pages] == [None, None] and order[-1] == "second page"


def test_refusals_begin_where_waiting_would_pass_eight_seconds(crowd, monkeypatch):
    monkeypatch.setattr(web.turns, "USUAL_SHORT", 1.0)
    turns, end = Turns(2, longest=60), Event()
    asked = []
    for place in range(16):  # two in their first second, and fourteen that begin within seven
        asked.append(crowd.submit(turns.take, waits, end))
        until(lambda place=place: turns.in_flight + turns.waiting == place + 1)
    began = time.monotonic()
    with pytest.raises(Busy, match="Too many pictures .* try again"):
        turns.take(print)
    assert time.monotonic() - began < 0.5 and turns.waiting == 14
    more = crowd.submit(turns.take, waits, end, patience=60)
    until(lambda: turns.waiting == 15)
    end.set()
    assert all(one.result(5) for one in [*asked, more])
    assert turns.take(sum, [1, 2]) == 3


def test_who_was_let_in_is_told_in_time_where_the_others_take_longer_than_usual(crowd, monkeypatch):
    monkeypatch.setattr(web.turns, "USUAL_SHORT", 0.1)
    turns, end = Turns(1, longest=60, patience=0.6), Event()
    slow = crowd.submit(turns.take, waits, end)
    until(lambda: turns.in_flight == 1)
    began = time.monotonic()
    with pytest.raises(Busy, match="try again"):
        turns.take(print)
    assert time.monotonic() - began < 1.5 and turns.waiting == 0
    end.set()
    assert slow.result(5)


def test_alone_a_picture_may_take_as_long_as_it_takes(monkeypatch):
    monkeypatch.setattr(web.turns, "USUAL_LONG", 20.0)
    assert Turns(2, longest=60).take(sum, [1, 2], is_long=True) == 3


def test_what_is_expected_follows_what_was_seen(crowd, monkeypatch):
    monkeypatch.setattr(web.turns, "USUAL_SHORT", 30.0)
    turns, end = Turns(1, longest=60), Event()
    for _ in range(80):
        turns.take(time.sleep, 0.001)
    slow = crowd.submit(turns.take, waits, end)
    until(lambda: turns.in_flight == 1)
    second = crowd.submit(turns.take, waits, end)
    until(lambda: turns.waiting == 1)
    end.set()
    assert slow.result(5) and second.result(5)


def test_large_pictures_and_documents_take_long(tmp_path):
    small, large, document, other = (tmp_path / name for name in ("a.png", "b.png", "c.pdf", "d.png"))
    draw("Signal", "pacifico").save(small)
    draw("Signal", "pacifico").resize((4000, LARGE // 4000)).save(large)
    document.write_bytes(b"%PDF-1.7\n")
    other.write_bytes(b"no picture")
    assert [takes_long(str(file)) for file in (small, large, document, other)] == [False, True, True, False]
    assert not takes_long(str(tmp_path / "gone.png"))


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
