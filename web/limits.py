"""What the app takes at most, all in one place; chosen by what results/load.json measured on two cores and 900 MB."""

AT_ONCE = 1  # pictures worked on at a time: a second one would take its memory, and the cores from the first
AT_HAND = 4  # actions on the page that are begun: all but one wait for their turn, or find out that they are outdated
MOST_WAITING = 24  # requests waiting for their turn; more are refused
MOST_OPEN = 400  # requests open at a time, streams of idle pages among them; more are refused
LONGEST = 60.0  # seconds that a picture waits and is worked on before its visitor is told to try again
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
