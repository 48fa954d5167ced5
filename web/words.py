"""What the page says to people, in one place; the scripts get `SCRIPT` as `WORDS`."""

import json

TITLE = "fontid"
HEADLINE = "Find the font in any image"
GOOGLE_FONTS = "Google Fonts"
WEBSITE = "Website"
SUMMARY = "Drop in an image and see which font family and style it shows."
DROP = "Drop an image here"
DROP_HOW = "or paste it with Ctrl+V anywhere on this page"
FORMATS = "PNG, JPEG, WebP, HEIC, AVIF, GIF, TIFF, BMP, PDF or SVG, up to 60 MB"
ONE_OF_SEVERAL = "The first of these images is shown. The Batch tab takes many at once."
DROP_MANY = "Drop many images here"
CHOOSE_MANY = "Choose files"
OPEN = "Open {name}"
MANY_FORMATS = "Images, or zip files that hold some, up to {most} at a time"
PRIVACY = "Your image is deleted within ten minutes and never logged."
COVERS = "{count:,} open font families are searched."
READING = "Reading the text…"
MATCHING = "Matching fonts…"
WORKING = "Working…"
COMPARING = "Comparing letters…"
OWN_WORDS = "Type your own text to preview"
OWN_LACKING = "Emoji, and letters other than Latin ones, are drawn in a font of your device."
OWN_FONTS = "Your own font files, for this visit"
OWN_ALONE = "Search my own fonts only"
FILTERED = "Filtered: {chosen}"
OWN_USED = "Your own fonts"
YOURS = "your font"
OWN_FOUND = "{count} from your files {are} searched now."
CLEAR = "Clear"
CLOSE = "Close"
CORRECT = "Text of this line: correct it if it is wrong"
SEARCH = "A name, also of a paid font, or words such as variable condensed sans"
ALL_FONTS = "All fonts"
LINE_HINT = "Click a line of text to look at it alone."
CROP_HINT = "Draw a frame around the text; then drag it or its corners. Add a part to keep another one."
PART = "Part to keep: arrow keys move it, with shift they change its size, delete removes it, enter crops"
GONE = "Your image is no longer here: images are deleted after a few minutes. Please drop it in once more."
MANY_STEPS = "This image was changed too often: choose New image and start again."
NO_LETTERS = "This family's letters do not ship with fontid."
UNSURE = "No exact match. The closest fonts:"
TOO_SMALL = "These letters are too small to be sure. The closest fonts:"
FILTER_WHY = "Only filtered fonts were compared: the filter may hide the right one."
NAMED = "The file itself names: {fonts}."
NOT_DRAWN = "fontid cannot draw this text without its fonts. Save the file with outlines, or as a picture."
NOT_READ = "Text that could not be read"
ALSO = "Other candidates"
SAME = "Same letters under another name: {names}."
LACKING = "fontid does not have {letters} of this font: another font is shown for it."
EARLIER = "An earlier version: Google Fonts draws these letters otherwise today. The download has the ones shown."
NEAREST_STYLE = "Shown in {style}, the nearest style that ships."
VERDICTS = {"certain": "Certain", "likely": "Likely", "close": "Close", "none": "Unlikely"}
MEANINGS = {
    "certain": "hardly any of these are wrong.",
    "likely": "most of these are right.",
    "close": "several fonts fit about as well.",
    "none": "the font may be none of those in the catalogue, and what is shown resembles it.",
}
EXAMPLES = {"board": "a shop sign", "poster": "a poster", "wall": "a painted wall"}
EXAMPLE_FONTS = {"board": "Righteous", "poster": "Abril Fatface, Bebas Neue, Nunito", "wall": "Lobster Two"}
PANGRAM = "The quick brown fox jumps over the lazy dog"
STYLE_LETTERS = "Rag"
STYLES_OF = "Styles of {name}"
USE = "Use {name}:"
MAP_HINT = (
    "Every family, its name in its own letters; similar families stand near each other. "
    "Drag to move, scroll or pinch to zoom, choose a name to see the family."
)
MAP_SEARCH = "Find a family on the map"
NOT_ON_MAP = "No family of this name is on the map."
ABOUT = {
    "What it does": "fontid finds the lines of text in an image, reads them and names the font of each, with weight "
    "and slope, among {count:,} open font families. To be sure, it draws the same words in the likeliest fonts and "
    "compares them with the image, letter by letter.",
    "How sure it is": "The figure is the probability that this family, or one that draws the same letters, is what the "
    "image shows. " + " ".join(f"{VERDICTS[verdict]}: {meaning}" for verdict, meaning in MEANINGS.items()),
    "Your image": PRIVACY,
    "For programs": "The same answers come over HTTP and MCP: “Use via API or MCP”, at the foot of this page in "
    "a wide window, says how.",
    "Licences": "Code and model are open, under Apache-2.0. Every font keeps its own licence, named beside it.",
}
REPORT = "Why it is no vision-language model"
FREE_FOR = "Free fonts for {name}"
NOT_COVERED = "Not in this catalogue."
NO_FAMILY = "No family of the catalogue has such a name. Upload a picture of the font to see the closest open ones."

SCRIPT = json.dumps(
    {
        "copied": "Copied",
        "linkCopied": "Link copied",
        "thanks": "Thanks, this was counted.",
        "report": "Copy a report",
        "noFile": "Does not ship",
        "noPicture": "A shared link carries the fonts, never the image: there is nothing to compare with.",
        "close": CLOSE,
        "misread": "The letters do not fit: the font differs, or the text was misread. Click its line to correct it.",
        "yours": "Your image",
        "with": "Compare with",
        "telling": "Letters that tell them apart, dotted:",
        "noneTelling": "The letters of this text are nearly the same in both.",
        "captions": {
            "over": "In front: {letters}. Behind it: {other}.",
            "flicker": "In turn: {other}, {letters}.",
            "beside": "Above: {other}. Below: {letters}.",
            "difference": "Bright: where {other} and {letters} differ.",
        },
        "modes": {"over": "Overlay", "flicker": "Flicker", "beside": "Side by side", "difference": "Difference"},
    }
)
