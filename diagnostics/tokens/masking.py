"""Takes credentials that nobody told us about out of a foreign text, by their shape and by what stands before them."""

import re

from diagnostics.secret import MASK

_PREFIXES = (
    r"gh[oprsu]_", r"github_pat_", r"gl(?:pat|ptt|dt|rt|cbt|soat|agent|imt|ft|oas)-", r"xox[abceprs]-", r"xapp-",
    r"ntn_", r"secret_(?=[A-Za-z0-9]{40})", r"lin_(?:api|oauth)_", r"sk-ant-(?:api|admin|oat|ort)\d\d-", r"sk-(?:proj-|svcacct-|admin-|or-v1-)?",
    r"BSA(?=[A-Za-z0-9_-]{20})", r"sntry[su]_", r"[rs]k_(?:live|test)_", r"whsec_", r"AIza(?=[\w-]{30})", r"ya29\.", r"1//(?=[\w-]{30})",
    r"AKIA(?=[A-Z0-9]{16})", r"ASIA(?=[A-Z0-9]{16})", r"hf_", r"npm_", r"pypi-", r"dop_v1_", r"shp(?:at|ca|pa|ss)_", r"glsa_", r"hvs\.",
    r"pat-(?:na|eu)\d-", r"fc-(?=[0-9a-f]{20})", r"tvly-", r"pplx-", r"gsk_", r"xai-", r"r8_", r"apify_api_", r"figd_", r"pul-", r"ATATT3",
    r"dckr_[op]at_", r"SG\.", r"key-(?=[0-9a-f]{20})", r"eyJ(?=[\w-]+\.eyJ)", r"A[BC]IA(?=[A-Z0-9]{16})", r"ACCA(?=[A-Z0-9]{16})",
    r"ATCTT3", r"ATBB(?=\w{20})", r"bku[a-z]_", r"CCIPAT_", r"cf(?:[au]t|k)_(?=\w{30})", r"dapi(?=[0-9a-f]{30})", r"do[or]_v1_",
    r"sl\.(?=[\w.-]{40})", r"e2b_(?=[0-9a-f]{30})", r"sk_(?=[0-9a-f]{30})", r"figp_", r"FlyV1 fm\d", r"fo1_(?=\w{20})", r"AQ\.(?=[\w-]{30})",
    r"glc_(?=\w{20})", r"HRKU-", r"lsv2_[a-z]{2}_", r"[ps]k\.eyJ", r"tk\.eyJ", r"mdb_sa_sk_", r"napi_(?=\w{20})", r"nfp_(?=\w{20})", r"NRAK-",
    r"pcsk_", r"pscale_(?:tkn|pw|oauth)_", r"phx_(?=\w{20})", r"PMAK-", r"rnd_(?=\w{20})", r"re_(?=\w{8}_\w{20})", r"xoxe\.", r"sbp_(?=\w{20})",
    r"sb_secret_", r"hvb\.", r"vcp_(?=\w{20})", r"api_org_(?=\w{20})", r"pat(?=\w{14}\.[0-9a-f]{20})",
)  # fmt: skip
_BY_SHAPE = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(_PREFIXES)})[A-Za-z0-9_.\-/+=]{{8,}}")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_CHANGES = re.compile(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])")
_BY_NAME = re.compile(
    r"(?i)((?<!\$\{)(?:[\w-]{0,40}(?:token|api[_-]?key|secret|passwd|password|credential|authorization|private[_-]?key))"
    r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?:(?:bearer|basic|token)\s{1,3})?)"
    r"((?![\"']?(?:null|none|true|false|undefined|missing|required|\$\{|<|invalid)\b)[^\s\"',;]{8,})"
)
_BY_SCHEME = re.compile(r"(?i)\b((?:bearer|basic)\s{1,3})([A-Za-z0-9._~+/=-]{12,})")
_IN_ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:)([^\s/@]{1,300})(?=@)")
_IN_DATABASE = re.compile(
    r"(?i)(\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?)(?:\+\w{1,20})?://[^\s/:@]{0,200}:)([^\s\"']{1,300})(?=@)"
)
_IN_QUERY = re.compile(
    r"(?i)([?&][\w-]{0,30}(?:token|key|secret|password|code|sig|signature)=)([^\s&#\"']{6,})"
)
_BY_FLAG = re.compile(
    r"(?i)((?<![\w-])--?[\w-]{0,40}(?:token|key|secret|passwd|password|pat)\s{1,3}[\"']?)([^\s\"'-][^\s\"']{7,})"
)
_OPAQUE = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w.~=%+-]{20,}")


def opaque_parts(address: str) -> list[str]:
    """The parts of an address's path that are no words: many services give each person one, and it is the key."""
    head = re.split(r"[?#]", address, maxsplit=1)[0]
    return [each for each in head.split("/")[3:] if _OPAQUE.fullmatch(each)]


def mask_tokens(text: str) -> str:
    """The text with everything that looks like a credential replaced by a mask; a token keeps its public prefix."""
    text = _IN_DATABASE.sub(rf"\1{MASK}", text)
    text = _IN_ADDRESS.sub(rf"\1{MASK}", text)
    text = _BY_SHAPE.sub(rf"\1{MASK}", text)
    text = _IN_QUERY.sub(rf"\1{MASK}", text)
    text = _BY_SCHEME.sub(_value_of_digits, text)
    text = _BY_FLAG.sub(_value_of_digits, text)
    return _BY_NAME.sub(_value_of_digits, text)


def mask_pasted(text: str) -> str:
    """The text with every credential masked that was pasted where a name, a path or a command belongs.

    For texts that must stay readable and usable (`npm_config_registry`, `sk-learn-server`, paths): only what is
    random for certain, by a provider's prefix or by its letters of both cases and digits, is taken for one.
    """
    if not _RUN.search(text):
        return text
    text = _BY_SHAPE.sub(
        lambda match: f"{match[1]}{MASK}" if _is_mixed(match[0], match[1]) else match[0], text
    )
    return _RUN.sub(lambda match: MASK if _is_random(match[0]) else match[0], text)


def holds_credential(text: str) -> bool:
    """Whether anything in a text that is to be kept or shown may be a credential: for words of one's own (a reason)."""
    return mask_pasted(text) != text or mask_tokens(text) != text


def pasted_token(name: str) -> str | None:
    """The token of a known kind that was pasted in a name's place (`${ghp_…}`), None where it is a name."""
    found = _BY_SHAPE.search(name)
    return found[0] if found and _is_mixed(found[0], found[1]) else None


def _is_mixed(token: str, prefix: str) -> bool:
    """Whether what follows the prefix is no word: a long run with letters of both cases, or letters and digits."""
    kinds = (str.islower, str.isupper, str.isdigit)
    runs = _RUN.findall(token.removeprefix(prefix))
    return any(sum(any(map(is_kind, run)) for is_kind in kinds) > 1 for run in runs)


def _is_random(run: str) -> bool:
    """Whether twenty letters and digits or more are mixed as no name is; hexadecimal sums and ids are not meant."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return (
        len(run) >= 20
        and all(any(map(is_kind, run)) for is_kind in kinds)
        and len(_CHANGES.findall(run)) >= 3
    )


def _value_of_digits(match: re.Match[str]) -> str:
    """Masks a value that could be one: a plain word after `token:` belongs to the sentence."""
    value = match[2]
    is_word = value.strip(".:!?()").isalpha() and (value.islower() or value.istitle())
    return match[0] if is_word or MASK in value else f"{match[1]}{MASK}"
