"""The words by which page furniture, walls and error pages are known, language by language.

Phrases alone never drop a line or a page: the rules in cleaning.py and quality.py say what else
must hold.
"""

import re


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


#: The end of a sentence, with quotes and brackets after it, in the scripts of the feeds we know.
FINISHED = re.compile(r"[.!?…。！？؟۔»”\"')\]]\s*$")

#: A label before a link to something else: "Read more: ...".
SEE_ALSO = re.compile(
    r"(?:"
    r"read (?:more|also|next)|also read|more (?:on|from|like) this|more stories|see also|see more"
    r"|related(?: (?:articles?|stories|story|coverage|content|links?|posts?|news|topics?))?"
    r"|recommended|don['’]?t miss|up next|watch(?: (?:more|now|live))?|also|advertisement|sponsored"
    r"|you (?:may|might) (?:also )?(?:like|enjoy|be interested)"
    r"|lesen sie (?:auch|mehr)|mehr zum thema|anzeige"
    r"|(?:à )?lire aussi|lee también|te puede interesar|leia (?:também|mais)|leggi anche"
    r"|lees ook|læs også|les også"
    r"|ayrıca (?:oku|bkz)|ilgili haber(?:ler)?|bunlar da ilginizi çekebilir"
    r"|اقرأ أيضا|إقرأ أيضا|читайте также|関連記事|相关阅读"
    r")\b",
    re.IGNORECASE,
)

#: What a page asks of its reader.
REQUEST = _any_of(
    r"\b(?:subscribe|sign up|sign in|log in|newsletters?|like us|click here|bookmark|donate)\b",
    r"\bfollow (?:us|him|her|me|them|the|@)|\bdownload (?:our|the) app|\bhave a tip\b",
    r"\bget (?:the|our) (?:latest|best|day)|\bjoin (?:us|the conversation)|\bsupport (?:us|our)\b",
    r"\bshare (?:this|on)\b|\bcontact (?:us|the)\b|\b(?:can|may) be reached\b",
    r"\breach (?:the|him|her)\b|\be-?mail (?:us|the|him|her)\b|\bon (?:twitter|facebook)\b",
    r"\b(?:abonnieren|abonniere|anmelden|folgen sie|abonnez[- ]vous|suivez|inscrivez)",
    r"\b(?:suscríbete|síguenos|assine|inscreva|siga|iscriviti|seguici)",
    r"\b(?:abone ol|takip ed|bültenim)",
    r"\b(?:اشترك|تابعنا|подпис)",
)

#: Whose the text is.
RIGHTS = _any_of(
    r"©|\(c\)\s*(?:19|20)\d\d|\bcopyright\b|all rights reserved|trust principles",
    r"alle rechte vorbehalten|tous droits réservés|derechos reservados",
    r"tüm hakları|جميع الحقوق محفوظة",
)

#: An address, a handle or a link written out.
CONTACT = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?:^|\s)@\w{3,}|https?://|\bwww\.")

#: Who else worked on it.
CREDIT = re.compile(
    r"^\W*(?:(?:additional )?report(?:ing|ed) by|edit(?:ing|ed) by|writing by|photos? by|image:)",
    re.IGNORECASE,
)

BYLINE = re.compile(r"(?:by|von|par|por|di|door|af|av)\s+\S+(?:\s+\S+){1,6}$", re.IGNORECASE)

#: What the walls of the common vendors put into the page (Cloudflare, Imperva, DataDome, HUMAN,
#: AWS, Akamai, GeeTest, reCAPTCHA, hCaptcha) and the consent walls of two portals; in lower case.
WALL_MARKUP = (
    "/cdn-cgi/challenge-platform/",
    "cf-chl-",
    "cf-browser-verification",
    "_incapsula_resource",
    "captcha-delivery.com",
    "px-captcha",
    "awswafcaptcha",
    "awswafintegration",
    "sec-if-cpt-container",
    "errors.edgesuite.net",
    "distil_r_captcha",
    "geetest",
    "g-recaptcha",
    "hcaptcha.com",
    "consent.yahoo.com",
    "consent.google.com",
)
WALL_TITLE = _any_of(
    r"just a moment|attention required|access (?:to this page has been )?denied|403 forbidden",
    r"are you (?:a robot|human)|(?:human|bot|robot) (?:verification|check)|security check",
    r"verify(?:ing)? (?:that )?you|pardon our interruption|request (?:blocked|unsuccessful)",
    r"too many requests|before you continue|bevor sie fortfahren|avant de continuer",
)

#: How an error page names itself while its status says 200.
NOT_FOUND_TITLE = _any_of(
    r"\b404\b|^\W*not found\W*$|can(?:no|['’])t (?:be found|find)",
    r"(?:page|article|content|story)[^.]{0,20}(?:not found|no longer (?:available|exists))",
    r"(?:page|article)[^.]{0,20}(?:does not|doesn['’]t) exist",
    r"seite[^.]{0,20}nicht gefunden|page[^.]{0,20}introuvable",
    r"página[^.]{0,20}n(?:o|ão) encontrad[ao]|pagina[^.]{0,20}(?:non trovata|niet gevonden)",
    r"(?:sayfa|haber)[^.]{0,20}bulunamadı",
    r"الصفحة غير موجودة|страница не найдена|ページが見つかりません|页面不存在",
)
