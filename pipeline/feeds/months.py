# ruff: noqa: E501 - a table of words in many scripts, one language a line
"""Month names of the languages that our feeds are written in, matched by their first letters."""

import unicodedata

#: One line a language, January to December; alternatives with "|". Arabic has three sets.
_TABLE = """
en january february march april may june july august september october november december
tr ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
de januar|jänner februar märz|maerz april mai juni juli august september oktober november dezember
fr janvier février mars avril mai juin juillet août septembre octobre novembre décembre
es enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre
it gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
pt janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
nl januari februari maart april mei juni juli augustus september oktober november december
sv januari februari mars april maj juni juli augusti september oktober november december
pl stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
ru января февраля марта апреля мая июня июля августа сентября октября ноября декабря
ru2 январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
uk січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
el ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
ar يناير فبراير مارس أبريل|ابريل مايو يونيو يوليو أغسطس|اغسطس سبتمبر أكتوبر|اكتوبر نوفمبر ديسمبر
ar2 كانون_الثاني شباط آذار|اذار نيسان أيار|ايار حزيران تموز آب|اب أيلول|ايلول تشرين_الأول|تشرين_الاول تشرين_الثاني كانون_الأول|كانون_الاول
ar3 جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر
ku çileya_paşîn sibat adar nîsan gulan hezîran tîrmeh tebax îlon cotmeh mijdar kanûn
"""
_SHORTEST = 3


def fold(word: str) -> str:
    """Return a word without case, accents and the dot of an abbreviation."""
    word = word.replace("İ", "i").replace("I", "i").replace("ı", "i").casefold().strip(".")
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _read_table() -> tuple[dict[str, int], dict[str, int]]:
    """Return full names, and prefixes of three letters or more that mean one month only."""
    full: dict[str, int] = {}
    prefixes: dict[str, set[int]] = {}
    for line in _TABLE.strip().splitlines():
        for month, names in enumerate(line.split()[1:], 1):
            for name in names.split("|"):
                folded = fold(name.replace("_", " "))
                full.setdefault(folded, month)
                for length in range(_SHORTEST, len(folded)):
                    prefixes.setdefault(folded[:length], set()).add(month)
    return full, {name: months.pop() for name, months in prefixes.items() if len(months) == 1}


_FULL, _PREFIXES = _read_table()
#: Two of the abbreviations are months of different languages; the far commoner reading wins.
_PREFIXES |= {"mar": 3, "jan": 1, "jun": 6, "jul": 7, "nov": 11, "agu": 8, "kas": 11, "mai": 5,
              "mar.": 3, "sep": 9, "sept": 9, "oct": 10, "avr": 4, "juil": 7}  # fmt: skip


def find_month(word: str) -> int | None:
    """Return the month (1-12) that a word names, None when it names none."""
    folded = fold(word)
    return _FULL.get(folded) or _PREFIXES.get(folded)
