"""The time zones of airports: those that most people fly to, by their IATA codes."""

from typing import Final

_BY_ZONE: Final = """
Africa/Abidjan ABJ
Africa/Accra ACC
Africa/Addis_Ababa ADD
Africa/Algiers ALG
Africa/Cairo ASW CAI HRG LXR RMF SSH
Africa/Casablanca AGA CMN FEZ RAK RBA TNG
Africa/Dakar DSS
Africa/Dar_es_Salaam DAR JRO ZNZ
Africa/Gaborone BBK MUB
Africa/Harare HRE VFA
Africa/Johannesburg CPT DUR GRJ JNB MQP PLZ
Africa/Kampala EBB
Africa/Kigali KGL
Africa/Lagos ABV LOS
Africa/Luanda LAD
Africa/Lusaka LUN LVI
Africa/Maputo MPM
Africa/Nairobi MBA NBO WIL
Africa/Sao_Tome TMS
Africa/Tunis DJE NBE TUN
Africa/Windhoek WDH
America/Anchorage ANC FAI
America/Antigua ANU
America/Argentina/Buenos_Aires AEP EZE
America/Argentina/Cordoba COR IGR
America/Argentina/Mendoza MDZ
America/Argentina/Salta BRC
America/Argentina/Ushuaia USH
America/Aruba AUA
America/Asuncion ASU
America/Bahia SSA
America/Barbados BGI
America/Belize BZE
America/Bogota BOG CLO CTG MDE
America/Boise BOI
America/Cancun CUN
America/Caracas CCS
America/Cayman GCM
America/Chicago AUS BNA DAL DFW HOU IAH MCI MDW MEM MKE MSP MSY OKC OMA ORD SAT STL
America/Costa_Rica LIR SJO
America/Curacao CUR
America/Denver ABQ DEN ELP SLC
America/Edmonton YEG YYC
America/El_Salvador SAL
America/Fortaleza FOR
America/Guadeloupe PTP
America/Guatemala GUA
America/Guayaquil GYE UIO
America/Halifax YHZ
America/Havana HAV VRA
America/Jamaica KIN MBJ
America/Kentucky/Louisville SDF
America/La_Paz LPB VVI
America/Lima AQP CUZ LIM
America/Los_Angeles BUR GEG LAS LAX LGB OAK ONT PDX PSP RNO SAN SEA SFO SJC SMF SNA
America/Lower_Princes SXM
America/Managua MGA
America/Martinique FDF
America/Mazatlan SJD
America/Merida MID
America/Mexico_City GDL MEX MTY NLU PVR
America/Montevideo MVD
America/Nassau NAS
America/New_York ATL BDL BOS BUF BWI CHS CLE CLT CMH CVG DCA DTW EWR FLL GRR IAD IND JAX JFK LGA
  MCO MIA PBI PHL PIT PVD RDU RIC RSW SAV TPA
America/Panama PTY
America/Phoenix PHX TUS
America/Port_of_Spain POS
America/Puerto_Rico SJU
America/Recife REC
America/Regina YQR YXE
America/Santiago CJC PMC SCL
America/Santo_Domingo PUJ SDQ
America/Sao_Paulo BSB CGH CNF CWB FLN GIG GRU POA SDU VCP
America/St_Johns YYT
America/St_Lucia UVF
America/Tegucigalpa RTB
America/Tijuana TIJ
America/Toronto YOW YQB YTZ YUL YYZ
America/Vancouver YLW YVR YYJ
America/Winnipeg YWG
Arctic/Longyearbyen LYR
Asia/Almaty ALA NQZ
Asia/Amman AMM AQJ
Asia/Baghdad BGW EBL
Asia/Bahrain BAH
Asia/Baku GYD
Asia/Bangkok BKK CEI CNX DMK HDY HKT KBV USM UTH
Asia/Beirut BEY
Asia/Brunei BWN
Asia/Colombo CMB
Asia/Dhaka DAC
Asia/Dili DIL
Asia/Dubai AUH DWC DXB SHJ
Asia/Dushanbe DYU
Asia/Ho_Chi_Minh CXR DAD DLI HAN HPH HUI PQC SGN
Asia/Hong_Kong HKG
Asia/Jakarta CGK HLP JOG KNO SUB YIA
Asia/Jerusalem TLV
Asia/Karachi ISB KHI LHE
Asia/Kathmandu KTM PKR
Asia/Kolkata AMD BLR BOM CCU COK DEL GOI GOX HYD IXC JAI LKO MAA PNQ TRV UDR VNS
Asia/Krasnoyarsk OVB
Asia/Kuala_Lumpur JHB KCH KUL LGK PEN SZB
Asia/Kuching BKI
Asia/Kuwait KWI
Asia/Macau MFM
Asia/Makassar DPS LBJ LOP UPG
Asia/Manila CEB CRK DVO IAO KLO MNL MPH PPS TAG
Asia/Muscat MCT SLL
Asia/Nicosia LCA PFO
Asia/Phnom_Penh KTI SAI
Asia/Qatar DOH
Asia/Riyadh DMM JED MED RUH
Asia/Samarkand BHK SKD TAS
Asia/Seoul CJU GMP ICN PUS TAE
Asia/Shanghai CAN CKG CTU DLC HAK HGH KMG KWL LJG LXA NKG PEK PKX PVG SHA SYX SZX TAO TFU URC WUH
  XIY XMN
Asia/Singapore SIN
Asia/Taipei KHH RMQ TPE TSA
Asia/Tbilisi BUS KUT TBS
Asia/Tehran IKA
Asia/Thimphu PBH
Asia/Tokyo AKJ AOJ ASJ CTS FUK HIJ HKD HND ISG ITM KIJ KIX KMJ KMQ KOJ MMY MYJ NGO NGS NRT OIT OKA
  SDJ TAK UKB
Asia/Ulaanbaatar UBN
Asia/Vientiane LPQ VTE
Asia/Vladivostok VVO
Asia/Yangon MDL RGN
Asia/Yekaterinburg SVX
Asia/Yerevan EVN
Atlantic/Azores PDL TER
Atlantic/Bermuda BDA
Atlantic/Canary ACE FUE LPA SPC TFN TFS
Atlantic/Cape_Verde BVC RAI SID
Atlantic/Faroe FAE
Atlantic/Reykjavik KEF
Australia/Adelaide ADL
Australia/Brisbane BNE CNS MCY OOL
Australia/Darwin AYQ DRW
Australia/Hobart HBA
Australia/Lindeman HTI
Australia/Melbourne AVV LST MEL
Australia/Perth BME PER
Australia/Sydney CBR NTL SYD
Europe/Amsterdam AMS EIN RTM
Europe/Athens ATH CFU CHQ HER JMK JSI JTR KGS PVK RHO SKG ZTH
Europe/Belgrade BEG PRN
Europe/Berlin BER BRE CGN DRS DTM DUS FDH FKB FMM FMO FRA HAJ HAM HHN LEJ MUC NRN NUE STR
Europe/Bratislava BTS KSC
Europe/Brussels BRU CRL
Europe/Bucharest CLJ IAS OTP TSR
Europe/Budapest BUD
Europe/Copenhagen AAL BLL CPH
Europe/Dublin DUB NOC ORK SNN
Europe/Helsinki HEL IVL KTT OUL RVN TMP
Europe/Istanbul ADB ASR AYT BJV DLM ESB IST NAV SAW
Europe/Kyiv KBP LWO
Europe/Lisbon FAO FNC LIS OPO
Europe/Ljubljana LJU
Europe/London ABZ BFS BHD BHX BRS CWL EDI GLA INV LCY LGW LHR LPL LTN MAN NCL STN
Europe/Luxembourg LUX
Europe/Madrid AGP ALC BCN BIO GRO GRX IBZ LEI MAD MAH OVD PMI REU SCQ SVQ VLC XRY
Europe/Malta MLA
Europe/Moscow AER DME KZN LED SVO VKO
Europe/Oslo BGO BOO OSL SVG TOS TRD TRF
Europe/Paris AJA BIA BIQ BOD BSL BVA CDG FSC LIL LYS MLH MPL MRS NCE NTE ORY SXB TLS
Europe/Podgorica TGD TIV
Europe/Prague BRQ PRG
Europe/Riga RIX
Europe/Rome AHO BDS BGY BLQ BRI CAG CIA CTA FCO FLR GOA LIN MXP NAP OLB PMO PSA SUF TRN TSF VCE
  VRN
Europe/Sarajevo SJJ
Europe/Skopje SKP
Europe/Sofia BOJ SOF VAR
Europe/Stockholm ARN BMA GOT MMX NYO
Europe/Tallinn TLL
Europe/Tirane TIA
Europe/Vienna GRZ INN LNZ SZG VIE
Europe/Vilnius KUN VNO
Europe/Warsaw GDN KRK KTW POZ WAW WMI WRO
Europe/Zagreb DBV PUY SPU ZAD ZAG
Europe/Zurich BRN GVA ZRH
Indian/Antananarivo TNR
Indian/Mahe SEZ
Indian/Maldives GAN MLE
Indian/Mauritius MRU
Indian/Reunion RUN
Pacific/Apia APW
Pacific/Auckland AKL CHC DUD NSN ROT WLG ZQN
Pacific/Easter IPC
Pacific/Efate VLI
Pacific/Fiji NAN SUV
Pacific/Galapagos GPS
Pacific/Guadalcanal HIR
Pacific/Guam GUM
Pacific/Honolulu HNL KOA LIH OGG
Pacific/Majuro MAJ
Pacific/Noumea NOU
Pacific/Palau ROR
Pacific/Port_Moresby POM
Pacific/Rarotonga RAR
Pacific/Saipan SPN
Pacific/Tahiti BOB PPT
Pacific/Tongatapu TBU
"""
"""A zone and its airports; a line that is indented goes on with the one before."""


def _zones() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _BY_ZONE.strip().replace("\n  ", " ").splitlines():
        zone, *airports = line.split()
        found |= dict.fromkeys(airports, zone)
    return found


ZONES: Final = _zones()
"""The zone of each."""
