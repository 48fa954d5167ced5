"""What the app takes at most, all in one place; chosen by what results/load.json measured on two cores and 900 MB."""

AT_ONCE = 2  # pictures worked on at a time, one a core
LARGE = 8_000_000  # pixels: pictures with as many take long, and one at a time is worked on, for its memory
PATIENT = 8.0  # seconds from a question to its answer: who would wait longer for those before is refused at once
USUAL_SHORT, USUAL_LONG = 0.5, 1.5  # seconds that a picture is taken to need, until some were worked on
AT_HAND = 40  # questions that are begun: all but `AT_ONCE` wait for their turn, or find out that they are outdated
THREADS = 64  # of Gradio, which each of them holds one of
MOST_WAITING = 24  # requests that wait until they are one of those; more are refused
MOST_OPEN = 400  # requests open at a time, streams of idle pages among them; more are refused
LONGEST = 60.0  # seconds, waiting included, after which a visitor gets the advice to try again
REMEMBERED = 256  # answers, each for so long as an upload lies here: the same picture again costs nothing
SESSIONS = 300  # visits whose picture and fonts are remembered, and the answer where nobody fetched it; 0.1 MB and more

LARGEST_FILE = 60_000_000  # bytes of an uploaded file
LARGEST_UPLOAD = 256_000_000  # bytes of all files that are uploaded together
LARGEST_BODY = 32_000_000  # bytes of any other request: over MCP, a picture may come inside of one
PATIENCE = 30.0  # seconds for a request to arrive, and
SLOWEST = 16_000  # one second more for so many bytes of it
SPARE_DISK = 8_000_000  # bytes that uploads leave free where they lie

DELETE_UPLOADS = (5.0, 300.0)  # seconds: again and again, whatever has been there for five minutes
ROOM = 128_000_000  # bytes; where less is left for uploads, they go the sooner, but not before LONGEST
STOPPING = 10.0  # seconds in which what was begun is ended; systemd gives twenty
