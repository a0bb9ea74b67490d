"""Emergency numbers by country, typed by hand: the default of ``emergency_numbers``. No I/O.

As of November 2026, after the national numbering plans notified to ITU-T (E.129) and the regulators named on each line;
not from ``phonenumbers``, so that either makes good what the other lacks: what one of them knows counts (specification
section 3). Rescue at sea and in the mountains and lines for children are here where the national plan counts them in.
"""

_FRENCH = "15 17 18 112 114 115 116000 119 191 196"

NUMBERS: dict[str, str] = {
    # France and overseas: Arcep, decision on the numbering plan, numéros d'urgence
    "FR": _FRENCH,
    "RE": _FRENCH,
    "YT": _FRENCH,
    "GP": _FRENCH,
    "GF": _FRENCH,
    "MQ": _FRENCH,
    "BL": _FRENCH,
    "MF": _FRENCH,
    "PM": "15 17 18 112 115 119",  # Arcep
    "NC": "15 16 17 18 112",  # OPT-NC; 16 is rescue at sea
    "PF": "15 16 17 18 112",  # DGEN; 16 is rescue at sea
    "MC": "15 17 18 112",  # Direction des plateformes
    # Europe
    "AD": "110 112 116 118",  # Andorra Telecom
    "AL": "112 126 127 128 129",  # AKEP
    "AT": "112 122 128 133 140 141 142 144 147",  # RTR, KEM-V
    "BA": "112 122 123 124",  # RAK
    "BE": "100 101 102 103 105 106 107 108 110 112 116000",  # BIPT/IBPT
    "BG": "112 150 160 166",  # CRC
    "BY": "101 102 103 104 112",  # Ministry of Communications
    "CH": "112 117 118 143 144 145 147",  # BAKOM/OFCOM, AEFV
    "CY": "112 199",  # OCECPR
    "CZ": "112 150 155 156 158",  # ČTÚ
    "DE": "110 112",  # BNetzA
    "DK": "112",  # SDFI
    "EE": "110 112",  # TTJA
    "ES": "061 062 080 085 088 091 092 112 1006",  # CNMC, plan nacional de numeración
    "FI": "112",  # Traficom
    "FO": "112",  # Fjarskiftiseftirlitið
    "GB": "112 999 18000",  # Ofcom; 18000 is text relay to 999
    "GE": "112",  # ComCom
    "GG": "112 999",  # Ofcom, GCRA
    "GI": "112 190 199 999",  # GRA
    "GR": "100 108 112 166 199",  # EETT
    "HR": "112 192 193 194 195",  # HAKOM
    "HU": "104 105 107 112",  # NMHH
    "IE": "112 999",  # ComReg
    "IM": "112 999",  # CURA
    "IS": "112",  # Fjarskiptastofa
    "IT": "112 113 114 115 117 118 1515 1530 116000",  # MIMIT, AGCOM; 1530 is rescue at sea
    "JE": "112 999",  # JCRA
    "LI": "112 117 118 143 144 145 147",  # Amt für Kommunikation
    "LT": "112",  # RRT
    "LU": "112 113",  # ILR
    "LV": "110 112 113",  # SPRK
    "MD": "112",  # ANRCETI
    "ME": "112 122 123 124",  # EKIP
    "MK": "112 192 193 194",  # AEC
    "MT": "112",  # MCA
    "NL": "112",  # ACM
    "NO": "110 112 113 1412",  # Nkom; 1412 is the text telephone
    "PL": "112 984 985 986 987 991 992 993 994 997 998 999",  # UKE
    "PT": "112 117",  # ANACOM; 117 is forest fires
    "RO": "112",  # ANCOM
    "RS": "112 192 193 194",  # RATEL
    "RU": "01 02 03 04 101 102 103 104 112",  # Mintsifry
    "SE": "112",  # PTS
    "SI": "112 113",  # AKOS
    "SK": "112 150 155 158 159",  # RÚ
    "SM": "112 113 115 118",  # Autorità ICT
    "TR": "110 112 122 155 156 158 177",  # BTK
    "UA": "101 102 103 104 112",  # NCEC
    "VA": "112 113 115 118",  # ITU
    # Africa and the Near East
    "AE": "112 996 997 998 999",  # TDRA
    "CI": "110 111 170 180 185",  # ARTCI
    "CM": "112 113 117 118 119",  # ART
    "DZ": "14 17 112 1021 1055 1548",  # ARPCE
    "EG": "122 123 126 180",  # NTRA
    "IL": "100 101 102 112",  # Ministry of Communications
    "KE": "112 999",  # CA
    "LB": "112 125 140 175",  # Ministry of Telecommunications
    "MA": "15 19 112 150 177",  # ANRT
    "NG": "112 199",  # NCC
    "SA": "911 937 993 996 997 998 999",  # CST
    "SN": "17 18 1515",  # ARTP
    "TN": "190 193 197 198",  # INT
    "ZA": "112 10111 10177",  # ICASA
    # The Americas
    "AR": "100 101 103 106 107 911",  # ENACOM
    "BR": "190 191 192 193 194 197 198 199",  # Anatel
    "CA": "911 988",  # CRTC
    "CL": "131 132 133 134 135 137",  # SUBTEL
    "CO": "112 119 123 125 132 144",  # CRC
    "MX": "911",  # IFT
    "PE": "105 106 110 116 117",  # MTC
    "US": "911 988",  # FCC
    # Asia and the Pacific
    "AU": "000 106 112",  # ACMA
    "CN": "110 119 120 122 12395",  # MIIT; 12395 is rescue at sea
    "HK": "112 992 999",  # OFCA
    "ID": "110 112 113 115 118 119 129",  # Kominfo
    "IN": "100 101 102 108 112",  # DoT
    "JP": "110 118 119",  # MIC
    "KR": "111 112 113 117 118 119 122 125",  # MSIT
    "MY": "112 999",  # MCMC
    "NZ": "111 112",  # Commerce Commission, NAD
    "PH": "117 911",  # NTC
    "SG": "993 995 999",  # IMDA
    "TH": "191 199 1155 1669",  # NBTC
    "TW": "110 112 113 118 119",  # NCC
    "VN": "112 113 114 115",  # MIC
}  # fmt: skip
"""The emergency numbers of each country, by its two letters; others have those ``phonenumbers`` knows."""


def of(country: str) -> tuple[str, ...]:
    """Return a country's emergency numbers as its plan writes them; none where the table has no such country."""
    return tuple(NUMBERS.get(country, "").split())
