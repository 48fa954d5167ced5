"""Visitors for Locust, which deploy/measure_load.py starts; every visit is written to FONTID_VISITS as a line of JSON.

locust -f deploy/locustfile.py --headless --users 4 --run-time 60s --stop-timeout 200 --host http://127.0.0.1:8080
"""

import itertools
import json
import os
import random
import time
from dataclasses import asdict
from pathlib import Path

from locust import User, events

from deploy.load_pictures import read_pictures
from deploy.visits import REFUSED, Visit, Visitor

PICTURES = Path(os.environ["FONTID_PICTURES"])
VISITS = open(os.environ["FONTID_VISITS"], "a", encoding="utf-8")
LOOKS = (1.0, 3.0)  # seconds that somebody looks at an answer
TRIES_AGAIN = 10.0  # seconds after a refusal
BY_PROGRAM = 0.2  # of the questions
SAME_PAGE = 4  # questions until somebody new opens the page
NUMBERS = itertools.count()


class Somebody(User):
    """Opens the page, shows it pictures of all kinds and sometimes asks by program; then somebody new comes."""

    def on_start(self) -> None:
        self.number = next(NUMBERS)
        self.random = random.Random(self.number)
        self.samples = read_pictures(PICTURES)
        self.often = [sample.often for sample in self.samples]
        self.first = [self.samples[-1 - self.number % len(self.samples)]]  # so that none is left out
        self.visitor = Visitor(self.host, PICTURES, self.number)
        self.left = 0
        time.sleep(self.random.uniform(0, LOOKS[1]))  # nobody comes at the same moment

    def visit(self) -> None:
        if not self.left:
            visit = self.visitor.open_page()
            self.left = 0 if visit.said else SAME_PAGE
        else:
            self.left -= 1
            sample = self.first.pop() if self.first else self.random.choices(self.samples, self.often)[0]
            by_program = self.random.random() < BY_PROGRAM and not sample.file.endswith(".zip")
            visit = self.visitor.identify(sample) if by_program else self.visitor.show(sample)
        self.tell(visit)
        time.sleep(TRIES_AGAIN if visit.outcome == REFUSED else self.random.uniform(*LOOKS))

    tasks = [visit]

    def on_stop(self) -> None:
        self.visitor.leave()

    def tell(self, visit: Visit) -> None:
        VISITS.write(json.dumps(asdict(visit)) + "\n")
        VISITS.flush()
        failed = RuntimeError(f"{visit.outcome}: {visit.said}") if visit.said else None
        about = {"request_type": "visit", "name": visit.kind, "response_length": 0, "exception": failed}
        events.request.fire(**about, response_time=1000 * visit.seconds)
