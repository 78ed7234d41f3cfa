"""An authenticator in software, which keeps passkeys and can be told to lie (WebAuthn Level 3)."""

import base64
import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
"""Flags of authenticator data (section 6.1)."""


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


class Authenticator:
    """One passkey, in the hands of a browser on a page of `origin`."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.count = 0
        self.user_handle = ""
        self.flags = PRESENT | VERIFIED

    def create(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """A credential in answer to options for `navigator.credentials.create()`."""
        self.user_handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public_key = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public_key
        data = self._data(options["rp"]["id"], self.flags | ATTESTED) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._credential(
            clientDataJSON=self._client_data("webauthn.create", options["challenge"], lies),
            attestationObject=base64url(attestation),
        )

    def get(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """A credential in answer to options for `navigator.credentials.get()`."""
        self.count = lies.pop("count", self.count + 1)
        client_data = self._client_data("webauthn.get", options["challenge"], lies)
        data = self._data(lies.pop("rp_id", options["rpId"]), lies.pop("flags", self.flags))
        signed = data + hashlib.sha256(from_base64url(client_data)).digest()
        key = lies.pop("key", self.key)
        return self._credential(
            clientDataJSON=client_data,
            authenticatorData=base64url(data),
            signature=base64url(key.sign(signed, ec.ECDSA(SHA256()))),
            userHandle=lies.pop("user_handle", self.user_handle),
        )

    def _data(self, rp_id: str, flags: int) -> bytes:
        hashed = hashlib.sha256(rp_id.encode()).digest()
        return hashed + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, lies: dict[str, Any]) -> str:
        told = {
            "type": lies.pop("type", kind),
            "challenge": lies.pop("challenge", challenge),
            "origin": lies.pop("origin", self.origin),
            "crossOrigin": False,
        }
        return base64url(json.dumps(told).encode())

    def _credential(self, **response: str) -> dict[str, Any]:
        return {
            "id": base64url(self.id),
            "rawId": base64url(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
