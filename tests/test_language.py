"""Telling languages apart."""

from __future__ import annotations

import pytest

from verbosify.essay.language import NAMES, UNKNOWN, guess_language, is_unspaced, likeliest_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The sea is a bad listener.", "en"),
        ("", UNKNOWN),
        ("42!", UNKNOWN),
        ("Das ist nicht der Fall.", "de"),
        ("La casa de los abuelos no se vende.", "es"),
        ("Il ne faut pas que les enfants lisent.", "fr"),
        ("La casa non è della zia.", "it"),
        ("O livro não é do menino, que o leu.", "pt"),
        ("Het huis is van de buren, en niet van hem.", "nl"),
        ("Кто это?", "ru"),
        ("Πού πήγαν όλοι;", "el"),
        ("أين الكتاب؟", "ar"),
        ("कमरे में कोई नहीं था।", "hi"),
        ("机器不会做梦。", "zh"),
        ("彼は黙っていた。", "ja"),
    ],
)
def test_a_language_is_told_by_its_script_or_its_little_words(text: str, language: str) -> None:
    assert guess_language(text) == language


PARAGRAPHS = {
    "en": "Every spring my grandfather repaired the same wooden gate. It had never been broken, but he liked to take it "
    "off its hinges, lay it on the grass and look at it for an hour. We children were allowed to hold the screws.",
    "de": "Jedes Frühjahr hat mein Großvater dasselbe Tor ausgebessert. Kaputt war es nie, aber er hob es gern aus den "
    "Angeln, legte es ins Gras und sah es eine Stunde lang an. Wir Kinder durften die Schrauben halten.",
    "es": "Cada primavera mi abuelo reparaba la misma puerta de madera. Nunca estaba rota, pero le gustaba sacarla de "
    "los goznes, dejarla sobre la hierba y mirarla una hora. A los niños nos dejaba sujetar los tornillos.",
    "fr": "Chaque printemps, mon grand-père réparait le même portail en bois. Il n’était jamais cassé, mais il aimait "
    "le sortir de ses gonds, le poser dans l’herbe et le regarder une heure. Nous, les enfants, tenions les vis.",
    "it": "Ogni primavera mio nonno riparava lo stesso cancello di legno. Non era mai rotto, ma gli piaceva toglierlo "
    "dai cardini, posarlo sull’erba e guardarlo per un’ora. Noi bambini potevamo tenere le viti.",
    "pt": "Todas as primaveras o meu avô consertava o mesmo portão de madeira. Nunca estava partido, mas ele gostava "
    "de o tirar dos gonzos, de o pousar na relva e de olhar para ele durante uma hora. As crianças seguravam os "
    "parafusos.",
    "nl": "Elk voorjaar repareerde mijn grootvader hetzelfde houten hek. Het was nooit kapot, maar hij tilde het graag "
    "uit de scharnieren, legde het in het gras en keek er een uur naar. Wij kinderen mochten de schroeven vasthouden.",
    "ru": "Каждую весну мой дед чинил одну и ту же калитку. Она никогда не была сломана, но он любил снимать её с "
    "петель, класть на траву и целый час смотреть на неё. Нам, детям, разрешали держать винты.",
    "el": "Κάθε άνοιξη ο παππούς μου επισκεύαζε την ίδια ξύλινη πόρτα. Δεν ήταν ποτέ χαλασμένη, αλλά του άρεσε να την "
    "κοιτάζει για μια ώρα.",
    "ar": "كان جدي يصلح البوابة الخشبية نفسها كل ربيع. لم تكن مكسورة قط، لكنه كان يحب أن ينظر إليها ساعة كاملة.",
    "hi": "हर वसंत में मेरे दादा वही लकड़ी का फाटक ठीक करते थे। वह कभी टूटा नहीं था, पर उन्हें उसे एक घंटे तक देखना अच्छा लगता था।",
    "zh": "每年春天，祖父都修理同一扇木门。那扇门从来没有坏过，但他喜欢把它卸下来，放在草地上看一个小时。",
    "ja": "毎年春になると、祖父は同じ木の門を直した。壊れたことは一度もなかったが、草の上に置いて一時間ながめるのが好きだった。",
}
FOREIGN = {
    "Polish": "Każdej wiosny mój dziadek naprawiał tę samą drewnianą furtkę. Nigdy nie była zepsuta, ale lubił zdejmować "
    "ją z zawiasów i patrzeć na nią przez godzinę. My, dzieci, trzymaliśmy śruby.",
    "Swedish": "Varje vår lagade min farfar samma trägrind. Den var aldrig trasig, men han tyckte om att lyfta av den, "
    "lägga den i gräset och titta på den i en timme. Vi barn fick hålla i skruvarna.",
    "Danish": "Hvert forår reparerede min bedstefar den samme trælåge. Den var aldrig i stykker, men han kunne godt lide "
    "at løfte den af, lægge den i græsset og se på den i en time. Vi børn måtte holde skruerne.",
    "Norwegian": "Hver vår reparerte bestefaren min den samme treporten. Den var aldri ødelagt, men han likte å løfte "
    "den av, legge den i gresset og se på den i en time. Vi barna fikk holde skruene.",
    "Turkish": "Dedem her bahar aynı tahta kapıyı onarırdı. Kapı hiç kırılmamıştı ama onu söküp çimlere koymayı ve bir "
    "saat ona bakmayı severdi. Biz çocuklar vidaları tutardık.",
    "Finnish": "Joka kevät isoisäni korjasi samaa puista porttia. Se ei ollut koskaan rikki, mutta hän nosti sen mielellään "
    "pois saranoiltaan ja katseli sitä tunnin.",
    "Hungarian": "Nagyapám minden tavasszal ugyanazt a fakaput javította. Soha nem volt elromolva, de szerette levenni, "
    "a fűre fektetni és egy órán át nézni.",
    "Czech": "Každé jaro můj dědeček opravoval tutéž dřevěnou branku. Nikdy nebyla rozbitá, ale rád ji vysazoval z pantů, "
    "pokládal do trávy a hodinu se na ni díval.",
    "Romanian": "În fiecare primăvară bunicul repara aceeași poartă de lemn. Nu era niciodată stricată, dar îi plăcea să "
    "o scoată din balamale, să o pună pe iarbă și să o privească o oră.",
    "Catalan": "Cada primavera el meu avi reparava la mateixa porta de fusta. Mai no estava trencada, però li agradava "
    "treure-la de les frontisses i mirar-la una hora. Els nens aguantàvem els cargols.",
    "Indonesian": "Setiap musim semi kakek saya memperbaiki pagar kayu yang sama. Pagar itu tidak pernah rusak, tetapi "
    "dia suka melepasnya dan memandangnya selama satu jam.",
    "Vietnamese": "Mỗi mùa xuân ông tôi lại sửa cánh cổng gỗ ấy. Nó chưa bao giờ hỏng, nhưng ông thích tháo nó ra, đặt "
    "lên cỏ và ngắm nó một tiếng đồng hồ.",
    "Ukrainian": "Щовесни мій дід лагодив ту саму хвіртку. Вона ніколи не була зламана, але він любив знімати її з петель "
    "і цілу годину дивитися на неї.",
    "Bulgarian": "Всяка пролет дядо ми поправяше същата дървена порта. Тя никога не беше счупена, но той обичаше да я "
    "сваля от пантите и да я гледа цял час.",
    "Serbian": "Сваког пролећа мој деда је поправљао исту дрвену капију. Никада није била сломљена, али је волео да је "
    "гледа читав сат.",
    "Persian": "پدربزرگم هر بهار همان در چوبی را تعمیر می‌کرد. هیچ‌وقت خراب نبود، اما دوست داشت یک ساعت به آن نگاه کند.",
    "Korean": "할아버지는 봄마다 같은 나무 문을 고치셨다. 문은 고장 난 적이 없었지만 한 시간 동안 바라보기를 좋아하셨다.",
    "Hebrew": "בכל אביב תיקן סבי את אותו שער עץ. הוא מעולם לא היה שבור, אבל הוא אהב להביט בו שעה ארוכה.",
    "Thai": "ทุกฤดูใบไม้ผลิปู่ของฉันซ่อมประตูไม้บานเดิม มันไม่เคยพังเลย แต่ปู่ชอบนั่งมองมันเป็นชั่วโมง",
    "Swahili": "Kila mwaka babu yangu alitengeneza lango lile lile la mbao. Halikuvunjika kamwe, lakini alipenda "
    "kuliweka kwenye nyasi na kulitazama kwa saa nzima.",
}


@pytest.mark.parametrize("language", NAMES)
def test_a_paragraph_tells_each_of_the_known_languages(language: str) -> None:
    assert guess_language(PARAGRAPHS[language]) == language
    assert likeliest_language(PARAGRAPHS[language]) == language


@pytest.mark.parametrize("name", FOREIGN)
def test_a_paragraph_in_another_language_is_taken_for_none_of_them(name: str) -> None:
    assert guess_language(FOREIGN[name]) == UNKNOWN


def test_a_text_half_in_one_language_and_half_in_another_is_in_doubt() -> None:
    assert guess_language(f"{PARAGRAPHS['en']} {PARAGRAPHS['de']}") == UNKNOWN


def test_a_foreign_epigraph_does_not_hide_the_language_of_a_long_essay() -> None:
    essay = f"{PARAGRAPHS['fr'] * 8}\n\n" + f"{PARAGRAPHS['en']}\n\n" * 60

    assert guess_language(essay) == "en"


def test_what_does_not_tell_is_split_as_english() -> None:
    assert likeliest_language("42!") == "en"
    assert likeliest_language("Beck kam nicht.") == "de"


def test_only_chinese_and_japanese_set_no_space_between_sentences() -> None:
    assert is_unspaced("机器不会做梦。")
    assert is_unspaced("彼は「AI」と言った。")
    assert not is_unspaced("문이 열려 있었다.")
    assert not is_unspaced("The word 夢 means dream.")
    assert not is_unspaced("。。")
