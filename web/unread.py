"""Answers that wait to be fetched."""

from gradio.utils import LRUCache


class Unread(LRUCache):
    """Gradio's queues of messages by visit, of which it keeps 2000 for ever: here only the last that were looked at.

    A visit that is waited for is looked at every ten seconds; one that left without its answer leaves memory with it.
    """

    def __getitem__(self, visit):
        self.move_to_end(visit)
        return super().__getitem__(visit)
