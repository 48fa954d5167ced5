"""What the app takes at most, all in one place; chosen by what results/load.json measured on two cores and 900 MB."""

AT_ONCE = 2  # pictures worked on at a time, one a core
SMALL, LARGE = 300_000, 8_000_000  # pixels: of words that somebody cut out; of what a camera takes
PATIENT = 8.0  # seconds from a question to its answer: who would wait longer for those before is refused at once
AROUND = 0.5  # of these seconds: the upload before a turn, and drawing the cards after it
# seconds that a piece of work is taken to need, until some of its kind were done
USUAL = {"small": 0.5, "picture": 1.0, "large": 2.0, "one of many": 0.5, "own fonts": 5.0, "opening": 0.1}
ALONE = {"large", "one of many", "own fonts"}  # of all these one at a time is worked on, for memory and for the others
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
