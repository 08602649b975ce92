"""Data for print templates: one example for each, in any packaged language."""

from __future__ import annotations

from typing import Any

SHOPS: dict[str, tuple[str, str, str]] = {
    "en": ("CORNER SHOP", "1 High Street, London", "GBP"),
    "de": ("KAUFHAUS MÜLLER", "Königstraße 5, 70173 Köln", "EUR"),
    "fr": ("ÉPICERIE DU CŒUR", "12 rue de l'Église, Besançon", "EUR"),
    "pl": ("SKLEP ŻÓŁĆ", "ul. Świętokrzyska 3, Łódź", "PLN"),
    "el": ("ΠΑΝΤΟΠΩΛΕΙΟ", "Οδός Ερμού 7, Αθήνα", "EUR"),
    "tr": ("ÇARŞI MARKET", "İstiklal Caddesi 9, İstanbul", "TRY"),
    "ru": ("МАГАЗИН «БЕРЁЗКА»", "ул. Ленина, д. 1, Москва", "RUB"),
    "ar": ("سوق المدينة", "شارع الملك فهد ١٢، الرياض", "SAR"),
    "he": ("מכולת השכונה", "רחוב הרצל 10, תל אביב", "ILS"),
    "th": ("ร้านน้ำปั่น", "ถนนสุขุมวิท กรุงเทพฯ", "THB"),
    "ja": ("まるやま商店", "東京都千代田区丸の内1-2-3", "JPY"),
    "zh": ("幸福超市", "上海市南京东路100号", "CNY"),
}
"""Language to the name of a shop, its address, its currency. All invented."""
GOODS: dict[str, tuple[str, str]] = {
    "en": ("Highlighter, yellow", "Apples, loose"),
    "de": ("Textmarker gelb, große Spitze", "Äpfel lose"),
    "fr": ("Surligneur jaune à pointe biseautée", "Pommes en vrac"),
    "pl": ("Zakreślacz żółty", "Jabłka luzem"),
    "el": ("Μαρκαδόρος υπογράμμισης", "Μήλα χύμα"),
    "tr": ("Fosforlu kalem, sarı", "Elma (açık)"),
    "ru": ("Текстовыделитель жёлтый", "Яблоки весовые"),
    "ar": ("قلم تظليل أصفر", "تفاح سائب"),
    "he": ("מרקר צהוב (זוהר)", "תפוחים בתפזורת"),
    "th": ("ปากกาเน้นข้อความสีเหลือง", "แอปเปิ้ลชั่งกิโล"),
    "ja": ("蛍光ペン（黄色）", "りんご 量り売り"),
    "zh": ("黄色荧光笔", "散装苹果"),
}
ZONES = {
    **{
        "en": "Europe/London",
        "de": "Europe/Berlin",
        "fr": "Europe/Paris",
        "pl": "Europe/Warsaw",
        "el": "Europe/Athens",
    },
    **{"tr": "Europe/Istanbul", "ru": "Europe/Moscow", "ar": "Asia/Riyadh", "he": "Asia/Jerusalem"},
    **{"th": "Asia/Bangkok", "ja": "Asia/Tokyo", "zh": "Asia/Shanghai"},
}
LANGUAGES = tuple(SHOPS)
WITH_BARCODE = frozenset({"en", "de", "fr", "pl", "ar", "ja"})
"""Languages whose receipts have their number as a barcode; the others have a QR code."""


def transaction(language: str, kind: str = "sale") -> dict[str, Any]:
    """Two lines, a discount, two rates of tax, cash with change."""
    first, second = GOODS[language]
    is_whole = SHOPS[language][2] == "JPY"

    def money(amount: str) -> str:
        return str(int(amount.replace(".", ""))) if is_whole else amount

    refund = {"type": "refund", "original_transaction_id": "S001-T3-20261120-000099"} if kind == "refund" else {}
    return {
        "transaction_id": "S001-T3-20261121-000123",
        "type": "sale",
        "channel": "pos",
        "store_id": "S001",
        "lane": "lane-3",
        "terminal_id": "T3",
        "business_day": "2026-11-21",
        "started_at": "2026-11-21T10:15:03Z",
        "completed_at": "2026-11-21T10:16:20Z",
        "timezone": ZONES[language],
        "operator": {"id": "op-7"},
        "currency": SHOPS[language][2],
        "prices_include_tax": True,
        "lines": [
            {
                "line_number": 1,
                "sku": "4711",
                "gtin": "04006381333931",
                "name": first,
                "quantity": "2",
                "unit": "each",
                "unit_price": money("1.50"),
                "discounts": [{"kind": "promo", "amount": money("0.50")}],
                "tax": {"code": "A", "rate": "0.19", "amount": money("0.40")},
                "total": money("2.50"),
            },
            {
                "line_number": 2,
                "sku": "0815",
                "name": second,
                "quantity": "2.000",
                "unit": "kg",
                "unit_price": money("1.85"),
                "discounts": [],
                "tax": {"code": "B", "rate": "0.07", "amount": money("0.24")},
                "total": money("3.70"),
            },
        ],
        "discounts": [],
        "taxes": [
            {"code": "A", "rate": "0.19", "base": money("2.10"), "amount": money("0.40")},
            {"code": "B", "rate": "0.07", "base": money("3.46"), "amount": money("0.24")},
        ],
        "totals": {
            "gross": money("6.20"),
            "net": money("5.56"),
            "tax": money("0.64"),
            "discount": money("0.50"),
            "tendered": money("6.20" if refund else "10.00"),
            "change": money("0.00" if refund else "3.80"),
        },
        "tenders": [{"method": "cash", "status": "completed", "amount": money("6.20" if refund else "10.00")}],
        "payment_status": "completed",
        **refund,
    }


def data_for(template: str, language: str = "en") -> dict[str, Any]:
    """What the packaged template takes."""
    name, address, currency = SHOPS[language]
    shop = {"name": name, "lines": [address], "tax_id": "123456789"}
    first, second = GOODS[language]
    report = {
        "number": 42,
        "business_day": "2026-11-21",
        "terminal_id": "T3",
        "opened_at": "2026-11-21T07:00:00Z",
        "closed_at": "2026-11-21T19:05:00Z",
        "transaction_count": 118,
        "refund_count": 2,
        "gross": "12345.60",
        "discount": "45.10",
        "refunds": "12.00",
        "net": "10374.45",
        "tax": "1971.15",
        "tenders": [{"method": "cash", "count": 80, "amount": "4100.00"}],
        "taxes": [{"code": "A", "rate": "0.19", "base": "10374.45", "amount": "1971.15"}],
        "cash": {
            "opening": "200.00",
            "sales": "4100.00",
            "paid_in": "0.00",
            "paid_out": "50.00",
            "expected": "4250.00",
            "counted": "4249.50",
            "difference": "-0.50",
        },
    }
    items = [
        {"quantity": "2", "name": first, "modifiers": [second], "note": "!"},
        {"quantity": "1", "name": second, "change": "cancelled"},
    ]
    code = "barcode" if language in WITH_BARCODE else "qr"
    address_lines = {"name": name, "lines": [address]}
    each: dict[str, dict[str, Any]] = {
        "receipt": {"transaction": transaction(language), "shop": shop, "code": code},
        "refund": {"transaction": transaction(language, "refund"), "shop": shop, "code": code},
        "x_report": {"report": report, "shop": shop},
        "z_report": {"report": report, "shop": shop},
        "kitchen_ticket": {
            "order": {"number": "17", "table": "4", "placed_at": "2026-11-21T10:15:03Z", "items": items, "note": second}
        },
        "shelf_label": {
            "item": {
                "name": first,
                "price": "1.29",
                "was": "1.50",
                "gtin": "04006381333931",
                "base_price": "12.90",
                "base_unit": "1 kg",
                "valid_until": "2026-11-28",
            }
        },
        "shipping_label": {
            "parcel": {
                "sender": address_lines,
                "recipient": {**address_lines, "country": "EU"},
                "carrier": "POST",
                "weight": "1.2 kg",
                "tracking": "RR123456785DE",
                "sscc": "106141411234567897",
                "routing": "70173 1 3",
            }
        },
        "pick_ticket": {
            "pick": {
                "number": "P-1001",
                "order": "W-77",
                "due_at": "2026-11-21T16:00:00Z",
                "lines": [
                    {"location": "A-01-3", "name": first, "quantity": "2", "sku": "4711"},
                    {"location": "B-12-1", "name": second, "quantity": "1.5", "unit": "kg"},
                ],
            }
        },
    }
    return {**each[template], "language": language, "currency": currency, "timezone": ZONES[language]}
