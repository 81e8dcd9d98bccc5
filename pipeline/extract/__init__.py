"""From page bytes to an article: text, title, authors, dates and the evidence for each.

Pure functions without any I/O; hostile input is why they run in worker processes. In order:

    page.py       extract_page: the whole way, one screen
    decode.py     bytes → text (BOM, valid UTF-8, header, meta, detector)
    tree.py       text → one lxml tree, within limits; what had to be cut is flagged
    head.py       what <head> says: meta tags, links, language, robots
    jsonld.py     what JSON-LD says: the article object, tolerant and bounded
    title.py, dates.py, authors.py, language.py, fields.py
                  which signal wins for each field, and who disagreed
    text.py       tree → body text (trafilatura, checked against resiliparse)
    cleaning.py   lines that are not the article: repeated headline, sign-up, "read more"
    quality.py    numbers, and keep or drop with a reason
    phrases.py    the words that both look for, language by language
    feed_text.py  the same for the text that a feed carries
    answer.py     an Extraction as JSON
    tasks.py      what `newsline extract` runs in its workers

plain.py cleans text, libraries.py holds the calls into trafilatura, resiliparse and htmldate.
"""
