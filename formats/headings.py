"""What columns of tables, and properties of features, are called in many languages."""

import functools
import re
import unicodedata
from typing import Final

_WORDS: Final = {
    "name": """name title label place location site poi pinname placename locationname
        waypoint stopname bezeichnung titel ort ortsname stelle nom titre lieu endroit libelle
        nombre titulo lugar sitio nome titolo luogo localita posto local naam plaats namn
        navn sted nimi paikka nazwa tytul miejsce nazev misto nev hely denumire nume loc
        isim ad baslik yer название имя заголовок место назва місце όνομα τίτλος τοποθεσία
        名前 名称 タイトル 場所 地点 スポット 标题 標題 名稱 名字 地名 地點 이름 제목 장소
        명칭 שם כותרת الاسم ชื่อ tên tiêuđề judul nama""",
    "lat": """lat latitude gpslatitude latdeg latdd latitudewgs84 wgs84lat geolat latitudedd
        breite breitengrad geogrbreite geographischebreite latitud latitudine
        latitude_deg breedtegraad breddgrad breddegrad leveysaste szerokosc szerokoscgeograficzna
        zemepisnasirka sirka szelesseg latitudinea enlem широта γεωγραφικόπλάτος πλάτος
        緯度 纬度 위도 קורוחב خطالعرض ละติจูด vĩđộ lintang y""",
    "lng": """lng lon long longitude gpslongitude londeg londd longitudewgs84 wgs84lon
        wgs84lng geolon geolng lange laenge langengrad laengengrad geogrlange geographischelange
        longitud longitudine lengtegraad longitudegrad lengdegrad langdgrad laengdegrad
        pituusaste dlugosc dlugoscgeograficzna zemepisnadelka delka hosszusag longitudinea boylam
        долгота довгота γεωγραφικόμήκος μήκος 経度 經度 经度 경도 קואורך خطالطول
        ลองจิจูด kinhđộ bujur x""",
    "position": """position coordinates coordinate coords coord latlng latlon latlong
        latitudelongitude latitudeandlongitude geo geom geometry geopoint geolocation gps
        gpscoordinates gpsposition gpskoordinaten wkt wktgeom thegeom point punkt koordinaten
        koordinate coordonnees coordonneesgps coordenadas coordenada coordinaten
        coordinaat coordinatengps koordinater koordinaatit wspolrzedne souradnice koordinatak
        coordonate koordinatlar координаты координати συντεταγμένες 座標 坐标 緯度経度
        经纬度 經緯度 좌표 קואורדינטות إحداثيات พิกัด toạđộ koordinat""",
    "category": """category categories type kind group folder layer list tags tag collection
        class kategorie art typ gruppe liste schlagworte categorie genre groupe dossier
        etiquettes categoria tipo grupo carpeta etiquetas gruppo cartella etichette etichetta
        categorieen soort lijst labels kategori grupp luokka ryhma kategoria rodzaj
        skupina druh kategoriak csoport tur категория тип группа категорія
        κατηγορία カテゴリ カテゴリー 種類 分類 タグ 类别 分类 類別 标签 標籤 카테고리 분류
        태그 유형 קטגוריה תגיות الفئة หมวดหมู่ danhmục thẻ""",
    "notes": """notes note description desc comment comments remark remarks memo text details
        detail info information address street bemerkung bemerkungen beschreibung notiz notizen
        kommentar kommentare anmerkung anmerkungen hinweis adresse anschrift commentaire
        commentaires remarque remarques descriptif nota notas descripcion comentario comentarios
        direccion observaciones descrizione commento commenti indirizzo osservazioni descricao
        endereco observacoes opmerking opmerkingen beschrijving notitie notities adres toelichting
        anteckning anteckningar beskrivning adress kommentarer notat notater beskrivelse
        bemaerkning adressa huomautus kuvaus osoite opis notatka uwagi komentarz adresa
        popis poznamka poznamky leiras megjegyzes cim descriere observatii aciklama not yorum
        описание заметка заметки комментарий примечание адрес опис нотатка коментар
        περιγραφή σημείωση σημειώσεις σχόλιο διεύθυνση メモ 備考 説明 コメント 住所 备注 備註 笔记
        筆記 说明 說明 描述 评论 評論 注释 地址 메모 설명 비고 댓글 주소 노트 הערה הערות תיאור
        تعليق ملاحظة ملاحظات الوصف หมายเหตุ ความคิดเห็น ghichú bìnhluận catatan komentar""",
    "url": """url link web website webpage homepage href uri webseite weblink lien siteweb
        enlace sitioweb pagina collegamento sito sitoweb site ligacao koppeling lank lenke
        linkki odkaz hivatkozas baglanti ссылка посилання σύνδεσμος リンク 链接 連結 網址
        网址 링크 קישור الرابط ลิงก์ liênkết tautan googlemapsurl""",
    "id": "id ids uid uuid guid fid identifier placeid osmid externalid cid",
    "clientRef": "clientref",
}


_WHOLE: Final = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "\u0131": "i", "đ": "d"})
"""Letters that Unicode does not take apart."""

_LONGEST: Final = 100
"""Characters of a heading that are looked at."""


def plain(heading: str) -> str:
    """A heading without case, accents, blanks and signs."""
    letters = unicodedata.normalize(
        "NFKD", re.sub(r"[(\[{].*?[)\]}]", "", heading).casefold().translate(_WHOLE)
    )
    return "".join(each for each in letters if each.isalnum())


_FIELDS: Final = {plain(word): field for field, words in _WORDS.items() for word in words.split()}


@functools.lru_cache(maxsize=1_000)
def field_of(heading: str) -> str | None:
    """The field of a pin that a heading means: `name`, `lat`, `position`, `url`, `id` ..."""
    return _FIELDS.get(plain(heading[:_LONGEST]))
